/**
 * `KubeconfigWriter`: changes kubeconfig files.
 *
 * The caller changes the merged kubeconfig; each change goes to the file its entry comes from, as client-go's
 * `ModifyConfig` does it. Files are locked against other writers (kubectl among them), replaced atomically with their
 * permissions, and what a change does not touch stays as it is: comments, order, unknown members.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as EditKubeconfig from "./internal/editKubeconfig.ts"
import * as Files from "./internal/files.ts"
import * as Kubeconfig from "./Kubeconfig.ts"
import * as KubeconfigError from "./KubeconfigError.ts"
import * as KubeconfigLoader from "./KubeconfigLoader.ts"

/**
 * Reads the kubeconfig files, changes them, and writes those that differ.
 *
 * `change` gets all files merged, file names absolute. A changed entry goes to the first file that has it, a new one to
 * the default file: the explicit one, else the first of the search path that exists, else the first. `current-context`
 * goes to the default file, and so do changes of what stands beside the three lists. What is removed or cleared goes
 * from every file that has it, so that what is read next is what `change` returned. File names at or below the folder
 * of their file are written relative to it.
 *
 * Fails with `Locked` where another writer holds a file for more than two seconds, `Write`, or as `KubeconfigLoader.load`
 * does; an explicit file that is missing is made. Costs a read of each file; nothing is written where nothing changed.
 * Each file is replaced at once, several files one after the other.
 *
 * @category constructors
 * @since 0.1.0
 */
export const modify: (
  change: (kubeconfig: Kubeconfig.Kubeconfig) => Kubeconfig.Kubeconfig,
  options?: {
    /** This file only, relative to the working directory. */
    readonly path?: string | undefined
  }
) => Effect.Effect<void, KubeconfigError.KubeconfigError, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(
  function*(change, options) {
    const searchPath = yield* KubeconfigLoader.searchPath(options)
    // Always in the same order, so that two writers cannot wait for each other.
    yield* Effect.forEach([...searchPath.paths].sort(), lock, { discard: true })
    const loaded = yield* KubeconfigLoader.load(options).pipe(
      Effect.catchReason(
        "KubeconfigError",
        "NotFound",
        () => Effect.succeed<KubeconfigLoader.Loaded>({ searchPath, files: [], kubeconfig: Kubeconfig.empty })
      )
    )
    const path = yield* Path.Path
    const edits = EditKubeconfig.edits(loaded, change(loaded.kubeconfig), defaultFile(loaded), path)
    for (const [file, edit] of edits) {
      const text = loaded.files.some((each) => each.path === file) ? yield* Files.readText(file) : ""
      const edited = edit(text)
      if (edited._tag === "Failure") return yield* failWrite(file, "it has changed and is not YAML any more")
      yield* replace(file, edited.success)
    }
  },
  Effect.scoped
)

const defaultFile = ({ files, searchPath }: KubeconfigLoader.Loaded): string =>
  files[0]?.path ?? searchPath.paths[0] ?? ""

const failWrite = (path: string, description: string, cause?: unknown) =>
  new KubeconfigError.KubeconfigError({
    reason: new KubeconfigError.Write({ path, description, ...(cause === undefined ? {} : { cause }) })
  })

const makeFolder = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const folder = (yield* Path.Path).dirname(path)
  yield* fs.makeDirectory(folder, { recursive: true, mode: 0o755 }).pipe(
    Effect.mapError((error) => failWrite(path, `the folder ${folder}: ${Files.describe(error)}`, error))
  )
})

/** Holds the lock file that client-go and kubectl use, until the scope closes. */
const lock: (
  path: string
) => Effect.Effect<void, KubeconfigError.KubeconfigError, FileSystem.FileSystem | Path.Path | Scope.Scope> = Effect
  .fnUntraced(function*(path) {
    const fs = yield* FileSystem.FileSystem
    const name = `${path}.lock`
    yield* makeFolder(path)
    const create = fs.writeFile(name, new Uint8Array(), { flag: "wx", mode: 0 }).pipe(
      Effect.mapError((error) =>
        error.reason._tag === "AlreadyExists"
          ? new KubeconfigError.KubeconfigError({ reason: new KubeconfigError.Locked({ path, lock: name }) })
          : failWrite(path, `the lock ${name}: ${Files.describe(error)}`, error)
      )
    )
    yield* Effect.acquireRelease(
      create,
      () =>
        fs.remove(name).pipe(
          Effect.catch((error) =>
            Effect.logError("the lock of a kubeconfig could not be removed").pipe(
              Effect.annotateLogs({ lock: name, reason: Files.describe(error) })
            )
          )
        )
    ).pipe(
      Effect.retry({
        schedule: Schedule.spaced("50 millis"),
        times: 40,
        while: (error) => error.reason._tag === "Locked"
      })
    )
  })

/** Writes beside the file and renames, so that a reader sees the old text or the new one, whole. */
const replace = Effect.fnUntraced(function*(path: string, text: string) {
  const fs = yield* FileSystem.FileSystem
  // A link stays a link: what it points to is replaced.
  const target = yield* Effect.orElseSucceed(fs.realPath(path), () => path)
  const before = yield* Effect.option(fs.stat(target))
  const mode = before._tag === "Some" ? before.value.mode & 0o7777 : 0o600
  const temporary = `${target}.tmp`
  const fail = (error: Parameters<typeof Files.describe>[0]) => failWrite(path, Files.describe(error), error)
  yield* makeFolder(path)
  yield* Effect.ignore(fs.remove(temporary))
  yield* fs.writeFileString(temporary, text, { flag: "wx", mode: 0o600 }).pipe(
    Effect.andThen(fs.chmod(temporary, mode)),
    Effect.andThen(before._tag === "Some" ? keepOwner(temporary, before.value) : Effect.void),
    Effect.andThen(fs.rename(temporary, target)),
    // A mounted file cannot be replaced, nor one in a folder that is not ours: then it is written in place.
    Effect.catchIf(
      (error) => before._tag === "Some" && (error.reason._tag === "Busy" || error.reason._tag === "PermissionDenied"),
      () => Effect.andThen(Effect.ignore(fs.remove(temporary)), fs.writeFileString(target, text))
    ),
    Effect.mapError(fail),
    Effect.onError(() => Effect.ignore(fs.remove(temporary)))
  )
})

const keepOwner = Effect.fnUntraced(function*(path: string, before: FileSystem.File.Info) {
  const fs = yield* FileSystem.FileSystem
  const { gid, uid } = yield* fs.stat(path)
  if (before.uid._tag === "None" || before.gid._tag === "None" || uid._tag === "None" || gid._tag === "None") return
  if (before.uid.value === uid.value && before.gid.value === gid.value) return
  yield* fs.chown(path, before.uid.value, before.gid.value)
})
