/**
 * Files as the configuration needs them: whole, as UTF-8, with a failure that a user understands.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as KubeconfigError from "../KubeconfigError.ts"

/** What names a file, for messages. */
export interface NamedBy {
  readonly member?: string
  readonly kubeconfig?: string
}

export const describe = (error: PlatformError): string => {
  switch (error.reason._tag) {
    case "NotFound":
      return "no such file"
    case "PermissionDenied":
      return "permission denied"
    case "BadResource":
      return "is a directory"
    default:
      return error.reason.description ?? error.reason._tag
  }
}

export type Requirements = FileSystem.FileSystem

const unreadable = (path: string, by: NamedBy, description: string, cause?: unknown) =>
  new KubeconfigError.KubeconfigError({
    reason: new KubeconfigError.UnreadableFile({
      path,
      ...(by.member === undefined ? {} : { member: by.member }),
      ...(by.kubeconfig === undefined ? {} : { kubeconfig: by.kubeconfig }),
      description,
      ...(cause === undefined ? {} : { cause })
    })
  })

/** The bytes of a file as text; a byte order mark is dropped. Fails with `UnreadableFile`. */
export const readText = Effect.fnUntraced(function*(path: string, by: NamedBy = {}) {
  const fs = yield* FileSystem.FileSystem
  const bytes = yield* fs.readFile(path).pipe(
    Effect.mapError((error) => unreadable(path, by, describe(error), error))
  )
  return yield* Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () => unreadable(path, by, "not UTF-8")
  })
})

/** Fails with `UnreadableFile` unless the file is there and can be opened. */
export const ensureReadable = Effect.fnUntraced(function*(path: string, by: NamedBy = {}) {
  const fs = yield* FileSystem.FileSystem
  const info = yield* fs.stat(path).pipe(
    Effect.mapError((error) => unreadable(path, by, describe(error), error))
  )
  if (info.type === "Directory") return yield* unreadable(path, by, "is a directory")
  yield* fs.access(path, { readable: true }).pipe(
    Effect.mapError((error) => unreadable(path, by, describe(error), error))
  )
})
