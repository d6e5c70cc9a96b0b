/**
 * `ExecCredential`: credentials that a program prints, as cloud providers ship them.
 *
 * The plugin is told what it needs in `KUBERNETES_EXEC_INFO` and answers with an ExecCredential of the same version: a
 * token, a client certificate, or both. One run serves all who wait; another one follows when the answer has expired or
 * the server refused it. Which programs may run is PluginPolicy's to say.
 *
 * @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Metric from "effect/Metric"
import type * as Path from "effect/Path"
import type * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import type * as Scope from "effect/Scope"
import * as Stdio from "effect/Stdio"
import * as Credential from "./Credential.ts"
import * as CredentialMetrics from "./CredentialMetrics.ts"
import type { Exec } from "./CredentialSource.ts"
import * as ExecAnswer from "./internal/execAnswer.ts"
import * as ExecCertificate from "./internal/execCertificate.ts"
import * as ExecPlugin from "./internal/execPlugin.ts"
import * as Refreshing from "./internal/refreshing.ts"
import type * as KubeconfigError from "./KubeconfigError.ts"
import * as PluginPolicy from "./PluginPolicy.ts"

/**
 * Says that plugins may not read standard input, as the program reads it itself; `message` is shown to who needs it. A
 * plugin with `interactiveMode: IfAvailable` then runs without, one with `Always` does not run. Default: they may.
 *
 * @category services
 * @since 0.1.0
 */
export const StdinUnavailable: Context.Reference<{ readonly message: string } | undefined> = Context.Reference(
  "effect-kubernetes/Config/ExecCredential/StdinUnavailable",
  { defaultValue: (): { readonly message: string } | undefined => undefined }
)

/**
 * What a plugin needs of the process.
 *
 * @category models
 * @since 0.1.0
 */
export type Requirements =
  | ChildProcessSpawner.ChildProcessSpawner
  | FileSystem.FileSystem
  | Path.Path
  | Stdio.Stdio

/**
 * A credential that a plugin prints. Runs nothing until the first `get`, and then under the policy and the settings of
 * standard input that `make` found.
 *
 * Fails with `Invalid` where the policy contradicts itself. `get` fails with `CredentialError` where the plugin may not
 * run, is not found (with the install hint, ten times an hour at most), ends with another code than 0, or answers what
 * is no credential. What the plugin writes to standard error goes to that of this process.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: (
  source: Exec
) => Effect.Effect<Credential.Service, KubeconfigError.KubeconfigError, Requirements | Scope.Scope> = Effect.fnUntraced(
  function*(source) {
    const policy = yield* PluginPolicy.CurrentPluginPolicy
    const stdinUnavailable = yield* StdinUnavailable
    yield* PluginPolicy.validate(policy)
    const plugin = yield* ExecPlugin.make(source)
    const certificate = yield* ExecCertificate.track
    return yield* Refreshing.make({
      source: "Exec",
      refresh: Effect.fn("ExecCredential.refresh")(function*() {
        const isInteractive = yield* interactivity(source, stdinUnavailable)
        const command = yield* allowed(source, policy)
        const output = yield* plugin.run(command, isInteractive)
        const answer = yield* ExecAnswer.parse(source, output)
        yield* certificate.replace(answer.clientCertificate)
        return {
          value: { authorization: answer.authorization, clientCertificate: answer.clientCertificate },
          freshUntil: answer.expiresAt
        }
      })
    })
  }
)

const fail = (description: string) => Effect.fail(new Credential.CredentialError({ source: "Exec", description }))

/** Whether the plugin gets the standard input of this process. */
const interactivity = Effect.fnUntraced(function*(
  source: Exec,
  unavailable: { readonly message: string } | undefined
): Effect.fn.Return<boolean, Credential.CredentialError, Stdio.Stdio> {
  if (source.interactiveMode === "Never") return false
  const isTerminal = yield* (yield* Stdio.Stdio).stdinIsTerminal
  if (source.interactiveMode === "IfAvailable") return isTerminal && unavailable === undefined
  if (!isTerminal) {
    return yield* fail(`the plugin ${source.command} asks questions, and standard input is no terminal`)
  }
  if (unavailable !== undefined) {
    return yield* fail(
      `the plugin ${source.command} asks questions, and standard input is not available${
        unavailable.message === "" ? "" : `: ${unavailable.message}`
      }`
    )
  }
  return true
})

const allowedCalls = Metric.withAttributes(CredentialMetrics.execPluginPolicyCalls, { result: "allowed" })
const deniedCalls = Metric.withAttributes(CredentialMetrics.execPluginPolicyCalls, { result: "denied" })

/** The program to run. */
const allowed = Effect.fnUntraced(function*(source: Exec, policy: PluginPolicy.PluginPolicy) {
  const verdict = yield* PluginPolicy.check(policy, source.command)
  if (verdict._tag === "Allowed") {
    yield* Metric.update(allowedCalls, 1)
    return verdict.command
  }
  yield* Metric.update(deniedCalls, 1)
  return yield* fail(verdict.description)
})
