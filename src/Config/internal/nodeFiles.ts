/**
 * The files of Node, as far as this folder works with files. `node:fs` is loaded by the first call.
 */
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import type * as NodeFs from "node:fs"
import * as NodeError from "./nodeError.ts"

const call = <A>(
  method: string,
  path: string,
  run: (fs: typeof NodeFs.promises, signal: AbortSignal) => Promise<A>
): Effect.Effect<A, PlatformError> =>
  Effect.tryPromise({
    try: (signal) => run(process.getBuiltinModule("node:fs").promises, signal),
    catch: (cause) => NodeError.make("FileSystem", method, path, cause)
  })

const typeOf = (stats: NodeFs.BigIntStats): FileSystem.File.Type => {
  if (stats.isFile()) return "File"
  if (stats.isDirectory()) return "Directory"
  if (stats.isCharacterDevice()) return "CharacterDevice"
  if (stats.isBlockDevice()) return "BlockDevice"
  if (stats.isFIFO()) return "FIFO"
  return stats.isSocket() ? "Socket" : "Unknown"
}

const infoOf = (stats: NodeFs.BigIntStats): FileSystem.File.Info => ({
  type: typeOf(stats),
  mtime: Option.some(stats.mtime),
  atime: Option.some(stats.atime),
  birthtime: Option.some(stats.birthtime),
  dev: stats.dev,
  rdev: Option.some(stats.rdev),
  ino: Option.some(stats.ino),
  mode: Number(stats.mode),
  nlink: Option.some(stats.nlink),
  uid: Option.some(Number(stats.uid)),
  gid: Option.some(Number(stats.gid)),
  size: ByteSize.bytes(stats.size),
  blksize: Option.some(ByteSize.bytes(stats.blksize)),
  blocks: Option.some(stats.blocks)
})

const readFile: FileSystem.FileSystem["readFile"] = (path) =>
  call("readFile", path, (fs, signal) => fs.readFile(path, { signal }))

const writeFile = (method: string): FileSystem.FileSystem["writeFile"] => (path, data, options) =>
  call(method, path, (fs, signal) => fs.writeFile(path, data, { ...options, signal }))

const encoder = new TextEncoder()

const access: FileSystem.FileSystem["access"] = (path, options) =>
  call("access", path, (fs) => fs.access(path, (options?.readable ? 4 : 0) | (options?.writable ? 2 : 0)))

export const files: FileSystem.FileSystem = /* @__PURE__ */ FileSystem.makeNoop({
  access,
  chmod: (path, mode) => call("chmod", path, (fs) => fs.chmod(path, mode)),
  chown: (path, uid, gid) => call("chown", path, (fs) => fs.chown(path, uid, gid)),
  exists: (path) =>
    Effect.as(access(path), true).pipe(
      Effect.catchReason("PlatformError", "NotFound", () => Effect.succeed(false))
    ),
  makeDirectory: (path, options) => Effect.asVoid(call("makeDirectory", path, (fs) => fs.mkdir(path, options))),
  readFile,
  readFileString: (path, encoding) => Effect.map(readFile(path), (bytes) => new TextDecoder(encoding).decode(bytes)),
  realPath: (path) => call("realPath", path, (fs) => fs.realpath(path)),
  remove: (path, options) => call("remove", path, (fs) => fs.rm(path, options)),
  rename: (from, to) => call("rename", from, (fs) => fs.rename(from, to)),
  stat: (path) => Effect.map(call("stat", path, (fs) => fs.stat(path, { bigint: true })), infoOf),
  writeFile: writeFile("writeFile"),
  writeFileString: (path, text, options) => writeFile("writeFileString")(path, encoder.encode(text), options)
})
