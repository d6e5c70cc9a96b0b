#!/usr/bin/env node
/**
 * The program `effect-kubernetes`: `apiserver` serves an API server in memory until a signal stops it.
 *
 * Exit codes: 0 success, 1 failure (told on stderr), 130 stopped by a signal. Commands load what they need when they
 * run, so that `--help` is quick.
 *
 * @since 0.1.0
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

/** Tells what is wrong in a line, and not in a trace of this program's own code. */
const refuse = (message: string): Effect.Effect<void> =>
  Effect.andThen(
    Console.error(`effect-kubernetes: ${message}`),
    Effect.sync(() => {
      process.exitCode = 1
    })
  )

const apiserver = Command.make(
  "apiserver",
  {
    port: Flag.Int("port").pipe(
      Flag.withDescription("Port on 127.0.0.1; 0 for a free one"),
      Flag.withDefault(0)
    ),
    kubeconfig: Flag.String("kubeconfig").pipe(
      Flag.withDescription("File to write a kubeconfig to, readable by its owner alone"),
      Flag.withMetavar("FILE"),
      Flag.optional
    ),
    apis: Flag.Literals("apis", ["default", "all"]).pipe(
      Flag.withDescription("Built-in versions to serve: those on in a real server, or all"),
      Flag.withDefault("default")
    ),
    rbac: Flag.Boolean("rbac").pipe(
      Flag.withDescription("Let the Roles and bindings in the server decide who may do what"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(
    function*({ apis, kubeconfig, port, rbac }) {
      const NodeApiServer = yield* Effect.promise(() => import("./Testing/NodeApiServer.ts"))
      const { node } = yield* NodeApiServer.make({ apis, port, authorization: rbac ? "RBAC" : "AlwaysAllow" })
      if (Option.isSome(kubeconfig)) {
        const files = yield* FileSystem.FileSystem
        yield* files.writeFileString(kubeconfig.value, Redacted.value(node.kubeconfig), { mode: 0o600 })
        yield* Console.log(`export KUBECONFIG=${kubeconfig.value}`)
      }
      yield* Console.log(`serving Kubernetes v1.36 from memory at ${node.url}`)
      return yield* Effect.never
    },
    Effect.scoped,
    Effect.catch((error) => refuse(error.message))
  )
).pipe(Command.withDescription("Serve a Kubernetes API from memory, over HTTPS, until a signal stops it"))

const program = Command.make("effect-kubernetes").pipe(
  Command.withDescription("Kubernetes for Effect"),
  Command.withSubcommands([apiserver])
)

Command.run(program, { version: "0.1.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
