/**
 * A small model of one collection of an API server, as a `ListWatch`: versions, history, pages, bookmarks, initial
 * events, and faults on demand. Its watches pass through real frames, so that bytes can be cut anywhere.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as ApiError from "../../src/Machinery/ApiError.ts"
import type { ListOptions, WatchOptions } from "../../src/Machinery/Options.ts"
import * as RequestError from "../../src/Machinery/RequestError.ts"
import type { KubeList } from "../../src/Machinery/Resource.ts"
import type { Collection, Failure, ListWatch } from "../../src/Watch/ListWatch.ts"
import { initialEventsEndAnnotation } from "../../src/Watch/WatchEvent.ts"
import type { WatchEvent } from "../../src/Watch/WatchEvent.ts"
import * as WatchFrame from "../../src/Watch/WatchFrame.ts"

export interface Obj {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly resourceVersion: string
    readonly creationTimestamp: string
    readonly labels?: { readonly [key: string]: string }
  }
  readonly spec: { readonly value: number; readonly node?: string }
}

interface Entry {
  readonly version: number
  readonly type: "ADDED" | "MODIFIED" | "DELETED"
  readonly object: Obj
}

interface Watcher {
  readonly queue: Queue.Queue<Uint8Array, Failure | Cause.Done>
  readonly options: WatchOptions
  /** The version after which its changes began. */
  start: number
  isSilent: boolean
}

export const collection: Collection = {
  group: "",
  version: "v1",
  kind: "Pod",
  plural: "pods",
  scope: "Namespaced"
}

const context = (verb: string) => ({ verb, resource: "pods" })

export const refused = (code: number, reason: string, message: string = reason, verb = "watch"): ApiError.ApiError =>
  ApiError.fromStatus(
    { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message },
    context(verb)
  )

export const tooLarge = (): ApiError.ApiError =>
  ApiError.fromStatus({
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code: 504,
    reason: "Timeout",
    message: "Timeout: Too large resource version",
    details: {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1
    }
  }, context("list"))

export const broken = (kind: RequestError.TransportKind, verb = "watch"): RequestError.RequestError =>
  new RequestError.RequestError({
    reason: new RequestError.Transport({ verb, url: "http://model/api/v1/pods", description: kind, kind })
  })

const encoder = new TextEncoder()
const frame = (event: unknown): string => `${JSON.stringify(event)}\n`

export class ModelServer {
  version = 10
  objects = new Map<string, Obj>()
  history: Array<Entry> = []
  compacted = 0
  readonly watchers = new Set<Watcher>()
  readonly lists: Array<ListOptions> = []
  readonly watches: Array<WatchOptions> = []
  /** Failures for the next calls, in order. */
  failList: Array<Failure & (ApiError.ApiError | RequestError.RequestError) | undefined> = []
  failWatch: Array<Failure | undefined> = []
  /** How a streamed list is served. */
  initialEvents: "served" | "refused" | "ignored" | "unclosed" = "served"
  isListHanging = false
  /** Whether watches begun now deliver nothing, as over a half-open connection. */
  isSilent = false
  hasBookmarks = true
  /** Whether pages are served for a list at version 0. */
  isCacheServed = true
  uidCount = 0
  /** How the bytes of one write are cut. */
  chunkSize = Number.POSITIVE_INFINITY
  snapshots = new Map<string, { items: ReadonlyArray<Obj>; version: number; at: number }>()
  tokenCount = 0

  readonly listWatch: ListWatch<Obj> = {
    collection,
    list: (options) => this.list(options),
    watch: (options) => this.watch(options)
  }

  // Writes

  create(
    name: string,
    value = 0,
    more: { node?: string; namespace?: string; labels?: Record<string, string> } = {}
  ): Obj {
    this.version++
    this.uidCount++
    const namespace = more.namespace ?? "default"
    const object: Obj = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name,
        namespace,
        uid: `uid-${this.uidCount}`,
        resourceVersion: String(this.version),
        creationTimestamp: "2026-01-01T00:00:00Z",
        ...(more.labels === undefined ? {} : { labels: more.labels })
      },
      spec: { value, ...(more.node === undefined ? {} : { node: more.node }) }
    }
    this.objects.set(`${namespace}/${name}`, object)
    this.record("ADDED", object)
    return object
  }

  update(name: string, value: number, more: { node?: string; namespace?: string } = {}): Obj {
    const key = `${more.namespace ?? "default"}/${name}`
    const old = this.objects.get(key)
    if (old === undefined) return this.create(name, value, more)
    this.version++
    const object: Obj = {
      ...old,
      metadata: { ...old.metadata, resourceVersion: String(this.version) },
      spec: { ...old.spec, value, ...(more.node === undefined ? {} : { node: more.node }) }
    }
    this.objects.set(key, object)
    this.record("MODIFIED", object)
    return object
  }

  remove(name: string, namespace = "default"): void {
    const key = `${namespace}/${name}`
    const old = this.objects.get(key)
    if (old === undefined) return
    this.version++
    this.objects.delete(key)
    this.record("DELETED", { ...old, metadata: { ...old.metadata, resourceVersion: String(this.version) } })
  }

  private record(type: Entry["type"], object: Obj): void {
    const entry = { version: this.version, type, object }
    this.history.push(entry)
    for (const watcher of this.watchers) this.send(watcher, [{ type, object }])
  }

  // Faults

  compact(): void {
    this.compacted = this.version
    this.history = []
    this.snapshots.clear()
  }

  /** Ends all watches, in order or with a failure. */
  disconnect(failure?: Failure): void {
    for (const watcher of this.watchers) {
      if (failure === undefined) Queue.endUnsafe(watcher.queue)
      else Queue.failCauseUnsafe(watcher.queue, Cause.fail(failure))
    }
    this.watchers.clear()
  }

  /** Sends the beginning of an event and then breaks every connection. */
  cutLine(failure?: Failure): void {
    for (const watcher of this.watchers) {
      Queue.offerUnsafe(watcher.queue, encoder.encode("{\"type\":\"ADDED\",\"object\":{\"meta"))
    }
    this.disconnect(failure)
  }

  error(status: object): void {
    for (const watcher of this.watchers) this.send(watcher, [{ type: "ERROR", object: status }])
  }

  raw(text: string): void {
    for (const watcher of this.watchers) Queue.offerUnsafe(watcher.queue, encoder.encode(text))
  }

  /** Sends a bookmark at a version, the newest unless given. */
  bookmark(version = this.version): void {
    for (const watcher of this.watchers) {
      this.send(watcher, [{
        type: "BOOKMARK",
        object: { kind: "Pod", apiVersion: "v1", metadata: { resourceVersion: String(version) } }
      }])
    }
  }

  /** Sends each watcher a bookmark somewhere between where it began and now. */
  lateBookmark(share: number): void {
    for (const watcher of this.watchers) {
      const version = watcher.start + Math.floor((this.version - watcher.start) * share)
      this.send(watcher, [{
        type: "BOOKMARK",
        object: { kind: "Pod", apiVersion: "v1", metadata: { resourceVersion: String(version) } }
      }])
    }
  }

  /** Goes silent without closing anything. */
  freeze(): void {
    for (const watcher of this.watchers) watcher.isSilent = true
  }

  /** Comes back with an older state; versions are given out anew from there. */
  restore(state: { readonly version: number; readonly objects: ReadonlyMap<string, Obj> }, failure: Failure): void {
    this.disconnect(failure)
    this.version = state.version
    this.objects = new Map(state.objects)
    this.compact()
  }

  save(): { readonly version: number; readonly objects: ReadonlyMap<string, Obj> } {
    return { version: this.version, objects: new Map(this.objects) }
  }

  private send(watcher: Watcher, events: ReadonlyArray<unknown>): void {
    if (watcher.isSilent) return
    const bytes = encoder.encode(events.map(frame).join(""))
    for (let at = 0; at < bytes.length; at += this.chunkSize) {
      Queue.offerUnsafe(watcher.queue, bytes.subarray(at, at + this.chunkSize))
    }
  }

  // Reads

  private list(options: ListOptions): Effect.Effect<KubeList<Obj>, ApiError.ApiError | RequestError.RequestError> {
    return Effect.suspend((): Effect.Effect<KubeList<Obj>, ApiError.ApiError | RequestError.RequestError> => {
      this.lists.push(options)
      if (this.isListHanging) return Effect.never
      const failure = this.failList.shift()
      if (failure !== undefined) return Effect.fail(failure)
      const { limit } = options
      const fromCache = this.isCacheServed && options.resourceVersion === "0"
      let items: ReadonlyArray<Obj>
      let version = this.version
      let at = 0
      if (options.continue !== undefined) {
        const snapshot = this.snapshots.get(options.continue)
        if (snapshot === undefined) {
          return Effect.fail(refused(410, "Expired", "The provided continue parameter is too old", "list"))
        }
        items = snapshot.items
        version = snapshot.version
        at = snapshot.at
      } else {
        if (options.resourceVersion !== undefined && Number(options.resourceVersion) > this.version) {
          return Effect.fail(tooLarge())
        }
        items = Array.from(this.objects.values())
      }
      const end = limit === undefined || fromCache ? items.length : at + limit
      const rest = items.length - end
      const metadata = { resourceVersion: String(version) }
      const answer = (more: object): KubeList<Obj> => ({
        apiVersion: "v1",
        kind: "PodList",
        metadata: { ...metadata, ...more },
        items: JSON.parse(JSON.stringify(items.slice(at, end)))
      })
      if (rest <= 0) return Effect.succeed(answer({}))
      this.tokenCount++
      const token = `token-${this.tokenCount}`
      this.snapshots.set(token, { items, version, at: end })
      return Effect.succeed(answer({ continue: token, remainingItemCount: rest }))
    })
  }

  private watch(options: WatchOptions): Stream.Stream<WatchEvent<Obj>, Failure> {
    return Stream.unwrap(Effect.suspend(() => {
      this.watches.push(options)
      const failure = this.failWatch.shift()
      if (failure !== undefined) return Effect.fail(failure)
      const from = options.resourceVersion ?? ""
      if (options.sendInitialEvents === true && this.initialEvents === "refused") {
        return Effect.fail(
          refused(
            422,
            "Invalid",
            "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
          )
        )
      }
      if (from !== "" && Number(from) > this.version) return Effect.fail(tooLarge())
      const hasInitial = options.sendInitialEvents === true && this.initialEvents !== "ignored"
      return Effect.gen({ self: this }, function*() {
        const queue = yield* Queue.unbounded<Uint8Array, Failure | Cause.Done>()
        const watcher: Watcher = { queue, options, start: Number(from), isSilent: this.isSilent }
        yield* Effect.acquireRelease(
          Effect.sync(() => {
            this.begin(watcher, from, hasInitial)
            this.watchers.add(watcher)
          }),
          () => Effect.sync(() => this.watchers.delete(watcher))
        )
        const seconds = options.timeoutSeconds ?? 1800
        if (!watcher.isSilent) {
          yield* Effect.forkScoped(Effect.andThen(
            Effect.sleep(seconds * 1000),
            Effect.sync(() => watcher.isSilent || Queue.endUnsafe(queue))
          ))
        }
        yield* Effect.forkScoped(Effect.forever(Effect.andThen(
          Effect.sleep(60_000),
          Effect.sync(() => {
            if (!this.hasBookmarks || options.allowWatchBookmarks !== true) return
            this.send(watcher, [{
              type: "BOOKMARK",
              object: { kind: "Pod", apiVersion: "v1", metadata: { resourceVersion: String(this.version) } }
            }])
          })
        )))
        return Stream.fromQueue(queue).pipe(
          WatchFrame.decode({ resource: "pods" })
        ) as Stream.Stream<WatchEvent<Obj>, Failure>
      })
    }))
  }

  // What is sent first and the registration for the rest are one step, or a write between the two would be lost.
  private begin(watcher: Watcher, from: string, hasInitial: boolean): void {
    if (hasInitial || from === "" || from === "0") {
      const added = Array.from(this.objects.values()).map((object) => ({ type: "ADDED", object }))
      const end = {
        type: "BOOKMARK",
        object: {
          kind: "Pod",
          apiVersion: "v1",
          metadata: {
            resourceVersion: String(this.version),
            annotations: { [initialEventsEndAnnotation]: "true" }
          }
        }
      }
      watcher.start = this.version
      this.send(watcher, hasInitial && this.initialEvents === "served" ? [...added, end] : added)
    } else if (Number(from) < this.compacted) {
      this.send(watcher, [{
        type: "ERROR",
        object: {
          kind: "Status",
          apiVersion: "v1",
          status: "Failure",
          code: 410,
          reason: "Expired",
          message: `too old resource version: ${from} (${this.compacted})`
        }
      }])
    } else {
      const later = this.history.filter((entry) => entry.version > Number(from))
      this.send(watcher, later.map(({ object, type }) => ({ type, object })))
    }
  }

  /** Open connections. */
  get open(): number {
    return this.watchers.size
  }
}

export const now = Effect.map(Clock.Clock, (clock) => clock.currentTimeMillisUnsafe())
