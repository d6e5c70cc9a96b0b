/**
 * `KubeconfigLoader`: finds the kubeconfig files of a user, reads and merges them.
 *
 * Stands between the file system and Kubeconfig, and feeds ClientConfig. An explicit path is the only file and has to
 * be there; else the `KUBECONFIG` list counts, whose files may be missing; else `$HOME/.kube/config`. It neither
 * chooses a context nor looks whether what the files say can work.
 *
 * @see https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import * as Environment from "./internal/environment.ts"
import * as FilePaths from "./internal/filePaths.ts"
import * as Files from "./internal/files.ts"
import * as Kubeconfig from "./Kubeconfig.ts"
import * as KubeconfigError from "./KubeconfigError.ts"

/**
 * Where kubeconfigs are looked for.
 *
 * @category models
 * @since 0.1.0
 */
export interface SearchPath {
  /** Absolute paths in the order of precedence, each once. */
  readonly paths: ReadonlyArray<string>
  /** `Explicit` files have to exist. */
  readonly origin: "Explicit" | "Environment" | "Home"
}

/**
 * One file that was read. File names in it are as written.
 *
 * @category models
 * @since 0.1.0
 */
export interface LoadedFile {
  readonly path: string
  readonly kubeconfig: Kubeconfig.Kubeconfig
}

/**
 * What the files say together.
 *
 * @category models
 * @since 0.1.0
 */
export interface Loaded {
  readonly searchPath: SearchPath
  /** The files that exist, in the order of precedence. */
  readonly files: ReadonlyArray<LoadedFile>
  /** All files merged, with absolute file names. */
  readonly kubeconfig: Kubeconfig.Kubeconfig
}

/**
 * The lists of a kubeconfig.
 *
 * @category models
 * @since 0.1.0
 */
export type Section = "clusters" | "users" | "contexts"

/**
 * The file that an entry comes from: the first that has it.
 *
 * @category accessors
 * @since 0.1.0
 */
export const originOf = (loaded: Loaded, section: Section, name: string): string | undefined =>
  loaded.files.find((file) => file.kubeconfig[section].some((entry) => entry.name === name))?.path

/**
 * The files that would be read.
 *
 * @category constructors
 * @since 0.1.0
 */
export const searchPath: (options?: {
  /** Read this file only, relative to the working directory. */
  readonly path?: string | undefined
}) => Effect.Effect<SearchPath, KubeconfigError.KubeconfigError, Path.Path> = Effect.fnUntraced(function*(options) {
  const path = yield* Path.Path
  if (options?.path !== undefined && options.path !== "") {
    return { paths: [path.resolve(options.path)], origin: "Explicit" }
  }
  const list = yield* Environment.variable("KUBECONFIG")
  if (list !== undefined) {
    const paths = list.split(path.sep === "\\" ? ";" : ":").filter((entry) => entry !== "")
    return { paths: Array.from(new Set(paths.map((entry) => path.resolve(entry)))), origin: "Environment" }
  }
  const home = (yield* Environment.variable("HOME")) ?? (yield* Environment.variable("USERPROFILE"))
  return { paths: home === undefined ? [] : [path.join(home, ".kube", "config")], origin: "Home" }
})

const readFile = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const missing = yield* fs.stat(path).pipe(
    Effect.as(false),
    Effect.catch((error) => Effect.succeed(error.reason._tag === "NotFound"))
  )
  if (missing) return undefined
  const text = yield* Files.readText(path)
  return { path, kubeconfig: yield* Effect.fromResult(Kubeconfig.parse(text, { path })) }
})

/**
 * Reads and merges the files.
 *
 * Fails with `NotFound` where an explicit file is missing, `UnreadableFile`, `Parse` or `Invalid`. When none of the
 * files of `KUBECONFIG` exists, that is a warning in the log and an empty kubeconfig.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load: (options?: {
  /** Read this file only, relative to the working directory. */
  readonly path?: string | undefined
}) => Effect.Effect<Loaded, KubeconfigError.KubeconfigError, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(
  function*(options) {
    const path = yield* Path.Path
    const searched = yield* searchPath(options)
    const files: Array<LoadedFile> = []
    for (const name of searched.paths) {
      const file = yield* readFile(name)
      if (file !== undefined) files.push(file)
      else if (searched.origin === "Explicit") {
        return yield* new KubeconfigError.KubeconfigError({ reason: new KubeconfigError.NotFound({ path: name }) })
      }
    }
    if (searched.origin === "Environment" && files.length === 0) {
      yield* Effect.logWarning("none of the files of KUBECONFIG exists").pipe(
        Effect.annotateLogs({ paths: searched.paths })
      )
    }
    const kubeconfig = Kubeconfig.merge(
      files.map((file) => FilePaths.resolve(file.kubeconfig, path.dirname(file.path), path))
    )
    return { searchPath: searched, files, kubeconfig }
  }
)

/**
 * The kubeconfig with the contents of its certificate and key files in their place, so that it can go elsewhere. File
 * names have to be absolute, as in `Loaded`. Token files and plugins stay names. Fails with `UnreadableFile`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const flatten: (
  kubeconfig: Kubeconfig.Kubeconfig
) => Effect.Effect<Kubeconfig.Kubeconfig, KubeconfigError.KubeconfigError, FileSystem.FileSystem> = Effect.fnUntraced(
  function*(kubeconfig) {
    const read = (path: string | undefined, data: unknown, member: string) =>
      path === undefined || path === "" || data !== undefined
        ? Effect.succeed(undefined)
        : Effect.map(Files.readText(path, { member }), Base64.encode)
    const clusters = yield* Effect.forEach(
      kubeconfig.clusters,
      Effect.fnUntraced(function*(entry) {
        const { "certificate-authority": path, ...cluster } = entry.cluster
        const place = `clusters[${JSON.stringify(entry.name)}].cluster.certificate-authority`
        const data = yield* read(path, cluster["certificate-authority-data"], place)
        return { ...entry, cluster: data === undefined ? cluster : { ...cluster, "certificate-authority-data": data } }
      })
    )
    const users = yield* Effect.forEach(
      kubeconfig.users,
      Effect.fnUntraced(function*(entry) {
        const { "client-certificate": certificatePath, "client-key": keyPath, ...user } = entry.user
        const place = `users[${JSON.stringify(entry.name)}].user`
        const certificate = yield* read(certificatePath, user["client-certificate-data"], `${place}.client-certificate`)
        const key = yield* read(keyPath, user["client-key-data"], `${place}.client-key`)
        return {
          ...entry,
          user: {
            ...user,
            ...(certificate === undefined ? {} : { "client-certificate-data": certificate }),
            ...(key === undefined ? {} : { "client-key-data": Redacted.make(key) })
          }
        }
      })
    )
    return { ...kubeconfig, clusters, users }
  }
)
