/**
 * Watches: the changes of a selection as frames, pulled by who reads them.
 *
 * A watch is a position in the history of its table. A pull delivers what lies behind it; where nothing does, it waits
 * for a change, the next bookmark or the end. The Clock decides when, so virtual time drives bookmarks and timeouts.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type * as Json from "../../Machinery/Json.ts"
import type * as RequestError from "../../Machinery/RequestError.ts"
import * as Metadata from "./metadata.ts"
import * as Query from "./query.ts"
import * as Reading from "./reading.ts"
import * as Registry from "./registry.ts"
import type * as Server from "./server.ts"
import * as StatusError from "./statusError.ts"
import * as Store from "./store.ts"
import * as Wakeups from "./wakeups.ts"

/** How an open watch is ended from outside. */
export type Ending = "close" | "reset"

/** One open watch. */
export interface Connection {
  ending: Ending | undefined
  readonly changed: Wakeups.Wakeups
}

/** What a watch needs to begin. */
export interface Watch {
  readonly selected: Reading.Selection
  /** Objects in the list that comes first, in stored form. */
  readonly initial: ReadonlyArray<Json.JsonObject>
  /** Whether the end of the list is marked by a bookmark. */
  readonly marksInitialEnd: boolean
  readonly hasBookmarks: boolean
  readonly timeoutSeconds: number
  /** A frame to fail with at once, where the history that was asked for is gone. */
  readonly failure: StatusError.StatusError | undefined
  readonly table: Store.Table
  /** How many changes of the table this watch is past, those dropped included. */
  position: number
}

type Outcome<A> = Result.Result<A, StatusError.StatusError>

const shortestTimeout = 1800

/** Checks the options of a watch and finds where it begins. */
export const open = (
  server: Server.Server,
  call: Server.Call,
  selected: Reading.Selection,
  options: Query.ListOptions
): Outcome<Watch> =>
  Result.gen(function*() {
    const { store } = server
    const table = Store.table(store, selected.served.table)
    const version = Query.resourceVersion(options.resourceVersion)
    if (Result.isFailure(version)) return yield* Result.fail(StatusError.plain(500, version.failure))
    const from = version.success ?? 0
    const isImplied = options.sendInitialEvents === undefined && from === 0
    const isStreamed = options.sendInitialEvents === true || isImplied
    if (isStreamed && from > store.revision) {
      return yield* Result.fail(StatusError.tooLargeResourceVersion(from, store.revision))
    }
    const oldest = Store.oldestReadable(store, table)
    const isLost = !isStreamed && from < oldest
    const initial = isStreamed
      ? Store.keys(table).flatMap((key) => {
        const object = table.objects.get(key)
        return object !== undefined && Reading.matches(selected, object) ? [object] : []
      })
      : []
    const isAfter = isStreamed || (from === 0 && options.sendInitialEvents === false)
    return {
      selected,
      initial,
      marksInitialEnd: isStreamed && options.allowWatchBookmarks,
      hasBookmarks: options.allowWatchBookmarks,
      timeoutSeconds: options.timeoutSeconds !== undefined && options.timeoutSeconds > 0
        ? options.timeoutSeconds
        : Math.floor(shortestTimeout * (1 + call.random())),
      failure: isLost && options.sendInitialEvents !== false
        ? StatusError.expired(`too old resource version: ${from} (${oldest})`)
        : undefined,
      table,
      position: table.dropped + (isAfter ? table.history.length : Store.positionAfter(table, from))
    }
  })

const initialEnd = { annotations: { "k8s.io/initial-events-end": "true" } }

/** One event as it stands in the stream. */
export interface Frame {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR"
  readonly object: unknown
}

const bookmark = (served: Registry.Served, revision: number, extra: object): Frame => ({
  type: "BOOKMARK",
  object: {
    kind: served.kind,
    apiVersion: Registry.apiVersion(served),
    metadata: { resourceVersion: String(revision), ...extra }
  }
})

const frameOf = (selected: Reading.Selection, change: Store.Change): Frame | undefined => {
  const { after, before, last } = change
  const was = before !== undefined && Reading.matches(selected, before)
  const is = after !== undefined && Reading.matches(selected, after)
  const frame = (type: Frame["type"], object: Json.JsonObject): Frame => ({
    type,
    object: Registry.fromStorage(selected.served, object)
  })
  if (is) return frame(was ? "MODIFIED" : "ADDED", after)
  if (!was) return undefined
  // An object that left the selection is shown as it was, under the version of the change.
  return frame(
    "DELETED",
    last ?? { ...before, metadata: { ...Metadata.of(before), resourceVersion: String(change.revision) } }
  )
}

const batch = 500

/** The state of one stream between pulls. */
interface Progress {
  sent: number
  hasMarkedEnd: boolean
  nextBookmark: number
  deadline: number
}

const next = (server: Server.Server, watch: Watch, progress: Progress, now: number): ReadonlyArray<Frame> | "end" => {
  const { initial, selected, table } = watch
  if (progress.sent < initial.length) {
    const slice = initial.slice(progress.sent, progress.sent + batch)
    progress.sent += slice.length
    return slice.map((object): Frame => ({ type: "ADDED", object: Registry.fromStorage(selected.served, object) }))
  }
  // Changes were dropped that this reader never saw: the real server ends a watch that is too slow.
  if (watch.position < table.dropped) return "end"
  if (watch.marksInitialEnd && !progress.hasMarkedEnd) {
    progress.hasMarkedEnd = true
    return [bookmark(selected.served, initialRevision(server, watch), initialEnd)]
  }
  const frames: Array<Frame> = []
  while (frames.length < batch) {
    const change = table.history[watch.position - table.dropped]
    if (change === undefined) break
    watch.position++
    const frame = frameOf(selected, change)
    if (frame !== undefined) frames.push(frame)
  }
  if (frames.length > 0) return frames
  if (watch.hasBookmarks && now >= progress.nextBookmark) {
    progress.nextBookmark = nextBookmark(now, progress.deadline)
    return [bookmark(selected.served, server.store.revision, {})]
  }
  return now >= progress.deadline ? "end" : []
}

// Changes that came while the list was being read are still to be delivered, so the mark stands before them.
const initialRevision = (server: Server.Server, { position, table }: Watch): number => {
  const pending = table.history[position - table.dropped]
  return pending === undefined ? server.store.revision : pending.revision - 1
}

const minute = 60_000

const nextBookmark = (now: number, deadline: number): number => {
  const last = deadline - 2000
  return now < last ? Math.min(now + minute, last) : Infinity
}

const encoder = new TextEncoder()

/** The frames of a watch as lines. */
export const body = (
  server: Server.Server,
  watch: Watch,
  connection: Connection,
  present: (frame: Frame) => unknown,
  fault: RequestError.RequestError
): Stream.Stream<Uint8Array, RequestError.RequestError> =>
  Stream.fromPull(Effect.map(Clock.currentTimeMillis, (started) => {
    const deadline = started + watch.timeoutSeconds * 1000
    const progress: Progress = {
      sent: 0,
      hasMarkedEnd: false,
      nextBookmark: nextBookmark(started, deadline),
      deadline
    }
    let failure = watch.failure
    let isOver = false
    const lines = (frames: ReadonlyArray<Frame>): Uint8Array =>
      encoder.encode(frames.map((frame) => `${JSON.stringify(present(frame))}\n`).join(""))
    const pull: Pull.Pull<[Uint8Array], RequestError.RequestError> = Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (connection.ending === "reset") return Effect.fail(fault)
      if (isOver || connection.ending === "close") return Cause.done()
      if (failure !== undefined) {
        const frame: Frame = { type: "ERROR", object: failure }
        failure = undefined
        isOver = true
        return Effect.succeed<[Uint8Array]>([lines([frame])])
      }
      const frames = next(server, watch, progress, now)
      if (frames === "end") return Cause.done()
      if (frames.length > 0) return Effect.succeed<[Uint8Array]>([lines(frames)])
      const wake = Math.min(watch.hasBookmarks ? progress.nextBookmark : Infinity, progress.deadline)
      const changed = Wakeups.wait(
        [watch.table.changed, connection.changed],
        () => watch.position !== watch.table.dropped + watch.table.history.length || connection.ending !== undefined
      )
      return Effect.raceFirst(changed, Effect.sleep(Math.max(0, wake - now))).pipe(Effect.andThen(pull))
    })
    return pull
  }))
