/**
 * Running an exec plugin once: what it is told, how its end is understood and counted.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as FileSystem from "effect/FileSystem"
import * as Metric from "effect/Metric"
import type { PlatformError } from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Credential from "../Credential.ts"
import * as CredentialMetrics from "../CredentialMetrics.ts"
import type { Exec, ExecCluster } from "../CredentialSource.ts"
import * as Files from "./files.ts"

const hintsPerHour = 10
const hour = 3_600_000

const failure = (description: string, cause?: unknown) =>
  new Credential.CredentialError({ source: "Exec", description, ...(cause === undefined ? {} : { cause }) })

const count = (code: number, status: string) =>
  Metric.update(
    Metric.withAttributes(CredentialMetrics.execPluginCalls, { code: String(code), call_status: status }),
    1
  )

const member = <V>(name: string, value: V | undefined): { readonly [name: string]: V } =>
  value === undefined ? {} : { [name]: value }

/** The `spec.cluster` of an ExecCredential. */
const clusterInfo = Effect.fnUntraced(function*(cluster: ExecCluster) {
  const authority = cluster.certificateAuthority
  const pem = authority === undefined
    ? undefined
    : authority._tag === "Data"
    ? authority.pem
    : yield* (yield* FileSystem.FileSystem).readFileString(authority.path).pipe(
      Effect.mapError((error) =>
        failure(
          `cannot read the certificate authority ${authority.path} to tell the plugin: ${Files.describe(error)}`,
          error
        )
      )
    )
  return {
    server: cluster.server,
    ...member("tls-server-name", cluster.tlsServerName),
    ...member("insecure-skip-tls-verify", cluster.insecureSkipTlsVerify ? true : undefined),
    ...member("certificate-authority-data", pem === undefined ? undefined : Base64.encode(pem)),
    ...member("proxy-url", cluster.proxyUrl === undefined ? undefined : Redacted.value(cluster.proxyUrl)),
    ...member("disable-compression", cluster.disableCompression ? true : undefined),
    config: cluster.config ?? null
  }
})

/** What stands in `KUBERNETES_EXEC_INFO`. */
export const info = Effect.fnUntraced(function*(source: Exec, isInteractive: boolean) {
  return JSON.stringify({
    kind: "ExecCredential",
    apiVersion: source.apiVersion,
    spec: {
      ...(source.provideClusterInfo ? { cluster: yield* clusterInfo(source.cluster) } : {}),
      interactive: isInteractive
    }
  })
})

const started = Effect.fnUntraced(function*(source: Exec, command: string, execInfo: string, isInteractive: boolean) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const env = Object.fromEntries([
    ...source.env.map(({ name, value }) => [name, value] as const),
    ["KUBERNETES_EXEC_INFO", Redacted.make(execInfo, { label: "KUBERNETES_EXEC_INFO" })] as const
  ])
  const handle = yield* spawner.spawn(
    ChildProcess.make(command, source.args, {
      env,
      extendEnv: true,
      stdin: isInteractive ? "inherit" : "ignore",
      // In a session of its own, which is the default, it would have no terminal to ask a question on.
      ...(isInteractive ? { detached: false } : {}),
      stdout: "pipe",
      stderr: "inherit",
      // Whoever gives up waiting is not held up by a plugin that does not heed SIGTERM.
      forceKillAfter: "2 seconds"
    })
  )
  const output = yield* Stream.mkString(Stream.decodeText(handle.stdout))
  return { output, code: Number(yield* handle.exitCode) }
}, Effect.scoped)

export interface ExecPlugin {
  /** Runs `command` and returns what it printed. Interrupting it ends the program. */
  readonly run: (
    command: string,
    isInteractive: boolean
  ) => Effect.Effect<
    string,
    Credential.CredentialError,
    ChildProcessSpawner.ChildProcessSpawner | FileSystem.FileSystem
  >
}

export const make = (source: Exec): Effect.Effect<ExecPlugin> =>
  Effect.sync(() => {
    let windowStart: number | undefined
    let shown = 0
    // A client that goes on trying would fill its log with the hint.
    const showsHint = Effect.map(Clock.currentTimeMillis, (now) => {
      if (windowStart === undefined || now - windowStart >= hour) {
        windowStart = now
        shown = 0
      }
      shown++
      return shown <= hintsPerHour
    })
    const notFound = Effect.map(showsHint, (isShown) =>
      failure([
        `the plugin ${source.command} is not found`,
        ...(isShown
          ? [
            "It gets the credentials for this cluster and has to be installed; see " +
            "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins",
            ...(source.installHint === undefined ? [] : [source.installHint])
          ]
          : [])
      ].join("\n\n")))
    const refused = Effect.fnUntraced(function*(error: PlatformError) {
      const isMissing = error.reason._tag === "NotFound" || error.reason._tag === "PermissionDenied"
      yield* count(1, isMissing ? "plugin_not_found_error" : "client_internal_error")
      if (error.reason._tag === "NotFound") return yield* Effect.flatMap(notFound, Effect.fail)
      return yield* failure(`the plugin ${source.command} cannot run: ${Files.describe(error)}`)
    })
    return {
      run: Effect.fnUntraced(function*(command, isInteractive) {
        const execInfo = yield* info(source, isInteractive)
        const { code, output } = yield* Effect.catch(started(source, command, execInfo, isInteractive), refused)
        if (code !== 0) {
          yield* count(code, "plugin_execution_error")
          return yield* failure(`the plugin ${source.command} failed with exit code ${code}`)
        }
        yield* count(0, "no_error")
        return output
      })
    }
  })
