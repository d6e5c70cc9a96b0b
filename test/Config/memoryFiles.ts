/**
 * A file system in memory, with permissions, for tests of what reads and writes configuration.
 */
import * as ByteSize from "effect/ByteSize"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as PlatformError from "effect/PlatformError"

export interface MemoryFile {
  readonly content: string | Uint8Array
  readonly mode: number
}

export type MemoryFiles = Map<string, MemoryFile>

const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === "string" ? new TextEncoder().encode(content) : content

export const fail = (tag: PlatformError.SystemErrorTag, method: string, path: string) =>
  Effect.fail(
    PlatformError.systemError({ _tag: tag, module: "FileSystem", method, pathOrDescriptor: path, description: tag })
  )

export const make = (initial: { readonly [path: string]: string | Uint8Array | MemoryFile }): MemoryFiles =>
  new Map(
    Object.entries(initial).map(([path, file]) => [
      path,
      typeof file === "string" || file instanceof Uint8Array ? { content: file, mode: 0o600 } : file
    ])
  )

const isFolder = (files: MemoryFiles, path: string): boolean =>
  Array.from(files.keys()).some((name) => name.startsWith(`${path}/`))

export const service = (files: MemoryFiles): FileSystem.FileSystem => {
  const readable = Effect.fnUntraced(function*(method: string, path: string) {
    const file = files.get(path)
    if (file === undefined) {
      return yield* isFolder(files, path)
        ? fail("BadResource", method, path)
        : fail("NotFound", method, path)
    }
    if ((file.mode & 0o400) === 0) return yield* fail("PermissionDenied", method, path)
    return file
  })
  const write = (
    path: string,
    content: string | Uint8Array,
    options?: { readonly flag?: string | undefined; readonly mode?: number | undefined }
  ) =>
    Effect.suspend(() => {
      const file = files.get(path)
      if (options?.flag === "wx" && file !== undefined) return fail("AlreadyExists", "writeFile", path)
      if (file !== undefined && (file.mode & 0o200) === 0) return fail("PermissionDenied", "writeFile", path)
      files.set(path, { content, mode: file?.mode ?? options?.mode ?? 0o666 })
      return Effect.void
    })
  return FileSystem.makeNoop({
    readFile: (path) => Effect.map(readable("readFile", path), (file) => bytesOf(file.content)),
    readFileString: (path) =>
      Effect.map(readable("readFileString", path), (file) => new TextDecoder().decode(bytesOf(file.content))),
    exists: (path) => Effect.sync(() => files.has(path) || isFolder(files, path)),
    access: (path) => Effect.asVoid(readable("access", path)),
    stat: (path) =>
      Effect.suspend(() => {
        const file = files.get(path)
        if (file === undefined && !isFolder(files, path)) return fail("NotFound", "stat", path)
        return Effect.succeed({
          type: file === undefined ? "Directory" : "File",
          mtime: Option.none(),
          atime: Option.none(),
          birthtime: Option.none(),
          dev: 0n,
          ino: Option.none(),
          mode: file?.mode ?? 0o755,
          nlink: Option.none(),
          uid: Option.none(),
          gid: Option.none(),
          rdev: Option.none(),
          size: ByteSize.zero,
          blksize: Option.none(),
          blocks: Option.none()
        })
      }),
    writeFile: write,
    writeFileString: write,
    chmod: (path, mode) =>
      Effect.suspend(() => {
        const file = files.get(path)
        if (file === undefined) return fail("NotFound", "chmod", path)
        files.set(path, { ...file, mode })
        return Effect.void
      }),
    rename: (from, to) =>
      Effect.suspend(() => {
        const file = files.get(from)
        if (file === undefined) return fail("NotFound", "rename", from)
        files.delete(from)
        files.set(to, file)
        return Effect.void
      }),
    remove: (path) => Effect.suspend(() => files.delete(path) ? Effect.void : fail("NotFound", "remove", path)),
    realPath: (path) => Effect.succeed(path),
    makeDirectory: () => Effect.void
  })
}

/** The services that configuration needs: files, paths and environment variables. */
export const layer = (
  files: MemoryFiles | { readonly [path: string]: string | Uint8Array | MemoryFile },
  env: { readonly [name: string]: string } = {}
): Layer.Layer<FileSystem.FileSystem | Path.Path> =>
  Layer.mergeAll(
    Layer.sync(FileSystem.FileSystem, () => service(files instanceof Map ? files : make(files))),
    Path.layer,
    ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))
  )
