/**
 * `NodeEnvironment`: what reading a configuration asks of Node, and no more: files, paths, programs and a terminal.
 *
 * `@effect/platform-node/NodeServices` has all of each service, and imports `node:crypto`, `node:child_process` and
 * `node:stream` for it, which a bundle then loads before its first line runs: 10 ms (`npm run bench -- size`). Here
 * Node's modules are loaded when they are used first. What this folder does not use (temporary files, pipelines, the
 * standard streams) is as in `FileSystem.makeNoop` and `Stdio.layerTest`, so it is for this folder's layers alone.
 *
 * @since 0.1.0
 */
import * as NodePath from "@effect/platform-node/NodePath"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as Path from "effect/Path"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Stdio from "effect/Stdio"
import { files } from "./internal/nodeFiles.ts"
import { programs } from "./internal/nodePrograms.ts"

/**
 * The services of `ClientConfig`'s layers and of `CredentialResolver.layer`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<
  ChildProcessSpawner.ChildProcessSpawner | FileSystem.FileSystem | Path.Path | Stdio.Stdio
> = /* @__PURE__ */ Layer.mergeAll(
  NodePath.layer,
  /* @__PURE__ */ Layer.succeed(FileSystem.FileSystem, files),
  /* @__PURE__ */ Layer.succeed(ChildProcessSpawner.ChildProcessSpawner, programs),
  /* @__PURE__ */ Stdio.layerTest({ stdinIsTerminal: Effect.sync(() => process.stdin.isTTY === true) })
)
