/**
 * `CachedDiscovery`: a `DiscoveryClient` that remembers, in memory or in files.
 *
 * Memory lasts until `invalidate`; `RestMapper` invalidates where it misses a kind. Files are those of kubectl, in its
 * layout, so that both share them: `servergroups.json` and `GROUP/VERSION/serverresources.json` below a folder per
 * server. Many processes may use them at once: a file appears whole or not at all, and one that does not parse is
 * asked for again. Failures are never remembered in files.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Random from "effect/Random"
import * as Semaphore from "effect/Semaphore"
import type { APIResourceList } from "../Api/meta/v1.ts"
import type { ApiError } from "../Machinery/ApiError.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import * as RestClient from "../Rest/RestClient.ts"
import * as DiscoveryClient from "./DiscoveryClient.ts"
import * as document from "./internal/document.ts"
import type { ServerResources } from "./ServerResources.ts"

type Service = DiscoveryClient.DiscoveryClient["Service"]

/**
 * Remembers all answers of a client until `invalidate`. The first question asks for everything, once, however many ask
 * at a time; a group version that failed then is asked for again when it is wanted.
 *
 * @category combinators
 * @since 0.1.0
 */
export const memory = (client: Service): Effect.Effect<Service> =>
  Effect.map(Semaphore.make(1), (lock) => {
    let generation = 0
    let known: ServerResources | undefined
    let isFresh = true
    // An answer to a question of before `invalidate` is given, but not kept.
    const all = lock.withPermits(1)(Effect.suspend(() => {
      if (known !== undefined) {
        isFresh = false
        return Effect.succeed(known)
      }
      const asked = generation
      return Effect.tap(client.all, (found) =>
        Effect.sync(() => {
          if (asked === generation) known = found
        }))
    }))
    const kept = (list: APIResourceList) =>
      Effect.sync(() => {
        if (known?.failures.some(({ groupVersion }) => groupVersion === list.groupVersion) !== true) return
        known = {
          groups: known.groups,
          lists: [...known.lists, list],
          failures: known.failures.filter(({ groupVersion }) => groupVersion !== list.groupVersion)
        }
      })
    return DiscoveryClient.DiscoveryClient.of({
      groups: Effect.map(all, ({ groups }) => groups),
      resources: (groupVersion) =>
        Effect.flatMap(all, ({ lists }) => {
          const list = lists.find((list) => list.groupVersion === groupVersion)
          return list === undefined
            ? Effect.tap(client.resources(groupVersion), kept)
            : Effect.succeed(list)
        }),
      all,
      version: client.version,
      isFresh: Effect.map(client.isFresh, (its) => its && isFresh),
      invalidate: Effect.suspend(() => {
        generation++
        isFresh = true
        known = undefined
        return client.invalidate
      })
    })
  })

/**
 * @category models
 * @since 0.1.0
 */
export interface DiskOptions {
  /**
   * The folder of all servers; each has one of its own in `discovery` below it. `KUBECACHEDIR` unless given, else
   * `~/.kube/cache`, as kubectl's.
   */
  readonly directory?: string | undefined
  /** How long a file is believed. 6 h unless given, as kubectl's. */
  readonly timeToLive?: Duration.Input | undefined
}

/**
 * The folder of one server below the folder of all, as kubectl names it: `discovery/127.0.0.1_6443`.
 *
 * @category accessors
 * @since 0.1.0
 */
export const folderOf = (server: string): string =>
  `discovery/${server.replace(/^https?:\/\//, "").replace(/[^(\w/.)]/g, "_")}`

/**
 * Remembers the answers of a client in files, and asks it for what they do not hold. After `invalidate` only files that
 * were written since are believed. A file that cannot be written is logged and does without.
 *
 * @category combinators
 * @since 0.1.0
 */
export const disk = Effect.fnUntraced(function*(
  client: Service,
  options: DiskOptions & {
    /** The server's address, which its folder is named after. */
    readonly server: string
  }
): Effect.fn.Return<Service, Config.ConfigError, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const directory = path.join(options.directory ?? (yield* defaultDirectory(path)), folderOf(options.server))
  const timeToLive = Duration.toMillis(options.timeToLive ?? "6 hours")
  const live = yield* memory(client)
  const ours = new Set<string>()
  let isInvalidated = false
  let isFresh = true

  const read = <A>(file: string, decode: (document: unknown) => Effect.Effect<A, string>) =>
    Effect.gen(function*() {
      if (isInvalidated && !ours.has(file)) return yield* Effect.fail("invalidated")
      const { mtime } = yield* fs.stat(file)
      const now = yield* Clock.currentTimeMillis
      if (Option.isNone(mtime) || mtime.value.getTime() + timeToLive < now) return yield* Effect.fail("expired")
      const decoded = yield* Effect.flatMap(Effect.flatMap(fs.readFileString(file), document.json), decode)
      isFresh = isFresh && ours.has(file)
      return decoded
    }).pipe(
      Effect.tapError((fault) =>
        Effect.annotateLogs(Effect.logDebug("Discovery is not answered from a file"), { file, fault: String(fault) })
      ),
      Effect.option
    )

  const write = (file: string, content: object): Effect.Effect<void> =>
    Effect.gen(function*() {
      yield* fs.makeDirectory(path.dirname(file), { recursive: true, mode: 0o750 })
      const temporary = `${file}.${(yield* Random.nextIntBetween(0, 0x7fffffff)).toString(36)}`
      yield* fs.writeFileString(temporary, JSON.stringify(content), { flag: "wx", mode: 0o660 }).pipe(
        Effect.andThen(fs.chmod(temporary, 0o660)),
        Effect.andThen(fs.rename(temporary, file)),
        Effect.onError(() => Effect.ignore(fs.remove(temporary)))
      )
      ours.add(file)
    }).pipe(
      Effect.catch((error) =>
        Effect.annotateLogs(Effect.logWarning("Discovery is not kept in a file"), { file, error: error.message })
      )
    )

  const groupsFile = path.join(directory, "servergroups.json")
  const found: Effect.Effect<Pick<ServerResources, "groups" | "failures">, ApiError | RequestError> = Effect.flatMap(
    read(groupsFile, document.groups),
    Option.match({
      onSome: (groups) => Effect.succeed({ groups, failures: [] }),
      onNone: () =>
        Effect.flatMap(live.all, ({ failures, groups }) => {
          const stale = failures.filter(({ reason }) => reason === "Stale")
          // The groups lack the versions that failed, which would then be forgotten for hours.
          const isWhole = groups.length > 0 && stale.length === 0
          const content = { kind: "APIGroupList", apiVersion: "v1", groups }
          return Effect.as(isWhole ? write(groupsFile, content) : Effect.void, { groups, failures: stale })
        })
    })
  )

  const resources = (groupVersion: string): Effect.Effect<APIResourceList, ApiError | RequestError> => {
    // What is no group version could name a file elsewhere.
    if (!isGroupVersion(groupVersion)) return live.resources(groupVersion)
    const file = path.join(directory, groupVersion, "serverresources.json")
    return Effect.flatMap(
      read(file, document.resources),
      Option.match({
        onSome: Effect.succeed,
        onNone: () =>
          Effect.tap(live.resources(groupVersion), (list) =>
            list.resources.length === 0
              ? Effect.void
              : write(file, { kind: "APIResourceList", apiVersion: "v1", ...list }))
      })
    )
  }

  return DiscoveryClient.DiscoveryClient.of({
    groups: Effect.map(found, ({ groups }) => groups),
    resources,
    all: Effect.flatMap(found, ({ failures, groups }) =>
      Effect.map(
        Effect.forEach(
          groups.flatMap(({ versions }) => versions),
          ({ groupVersion }) =>
            Effect.match(resources(groupVersion), {
              onSuccess: (list): Pick<ServerResources, "lists" | "failures"> => ({ lists: [list], failures: [] }),
              onFailure: (reason) => ({ lists: [], failures: [{ groupVersion, reason }] })
            }),
          { concurrency: 16 }
        ),
        (all): ServerResources => ({
          groups,
          lists: all.flatMap(({ lists }) => lists),
          failures: [...failures, ...all.flatMap(({ failures }) => failures)]
        })
      )),
    version: client.version,
    isFresh: Effect.sync(() => isFresh),
    invalidate: Effect.suspend(() => {
      ours.clear()
      isFresh = true
      isInvalidated = true
      return live.invalidate
    })
  })
})

const isGroupVersion = (text: string): boolean => /^[\w-][\w.-]*(?:\/[\w-][\w.-]*)?$/.test(text)

const defaultDirectory = (path: Path.Path): Effect.Effect<string, Config.ConfigError> =>
  Effect.gen(function*() {
    const given = yield* Config.String("KUBECACHEDIR").pipe(Config.withDefault(""))
    if (given !== "") return given
    return path.join(
      yield* Config.String("HOME").pipe(Config.orElse(() => Config.String("USERPROFILE"))),
      ".kube",
      "cache"
    )
  })

/**
 * A client that remembers all answers until `invalidate`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<DiscoveryClient.DiscoveryClient, never, RestClient.RestClient> = Layer.effect(
  DiscoveryClient.DiscoveryClient,
  Effect.flatMap(RestClient.RestClient, (rest) => memory(DiscoveryClient.make(rest)))
)

/**
 * A client that remembers answers in the files it shares with kubectl. Fails to build where neither a folder is given
 * nor the home directory known.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerDisk = (
  options: DiskOptions = {}
): Layer.Layer<
  DiscoveryClient.DiscoveryClient,
  Config.ConfigError,
  RestClient.RestClient | FileSystem.FileSystem | Path.Path
> =>
  Layer.effect(
    DiscoveryClient.DiscoveryClient,
    Effect.flatMap(
      RestClient.RestClient,
      (rest) => disk(DiscoveryClient.make(rest), { ...options, server: rest.server })
    )
  )
