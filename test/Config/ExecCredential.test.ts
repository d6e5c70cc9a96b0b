import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import type * as Credential from "../../src/Config/Credential.ts"
import * as CredentialMetrics from "../../src/Config/CredentialMetrics.ts"
import type { Exec } from "../../src/Config/CredentialSource.ts"
import * as ExecCredential from "../../src/Config/ExecCredential.ts"
import * as PluginPolicy from "../../src/Config/PluginPolicy.ts"
import * as NodeCertificate from "../../src/Testing/NodeCertificate.ts"
import * as MemoryFiles from "./memoryFiles.ts"
import * as Plugins from "./plugins.ts"

const provide = (
  runs: Array<Plugins.Run>,
  answer: (run: Plugins.Run, count: number) => Plugins.Answer,
  options: {
    readonly isTerminal?: boolean
    readonly files?: Parameters<typeof MemoryFiles.layer>[0]
    readonly env?: { readonly [name: string]: string }
  } = {}
) =>
  Effect.provide(
    Layer.mergeAll(
      Plugins.layer(runs, answer, options),
      MemoryFiles.layer(options.files ?? {}, options.env),
      Layer.succeed(Metric.MetricRegistry, new Map())
    )
  )

const header = (value: Credential.Value) => value.authorization && Redacted.value(value.authorization)

const iso = (millis: number) => DateTime.formatIso(DateTime.makeUnsafe(millis))

it.effect("runs the plugin with its arguments, environment and KUBERNETES_EXEC_INFO, without standard input", () => {
  const runs: Array<Plugins.Run> = []
  return Effect.gen(function*() {
    const credential = yield* ExecCredential.make(Plugins.source({
      args: [Redacted.make("--cluster"), Redacted.make("a b")],
      env: [{ name: "PROFILE", value: Redacted.make("dev") }]
    }))
    assert.strictEqual(runs.length, 0)
    assert.strictEqual(header(yield* credential.get), "Bearer t")
    const [run] = runs
    assert.deepStrictEqual(run?.args, ["--cluster", "a b"])
    assert.strictEqual(run?.env["PROFILE"], "dev")
    assert.strictEqual(run?.stdin, "ignore")
    assert.deepStrictEqual(run?.info, { kind: "ExecCredential", apiVersion: Plugins.v1, spec: { interactive: false } })
  }).pipe(provide(runs, () => ({ stdout: Plugins.printed({ token: "t" }) })))
})

it.effect("tells the plugin about the cluster when it asks for it, and in its own version", () => {
  const runs: Array<Plugins.Run> = []
  const answer = (): Plugins.Answer => ({ stdout: Plugins.printed({ token: "t" }, Plugins.v1beta1) })
  return Effect.gen(function*() {
    const credential = yield* ExecCredential.make(Plugins.source({
      apiVersion: Plugins.v1beta1,
      provideClusterInfo: true,
      cluster: {
        server: "https://c",
        tlsServerName: "name",
        insecureSkipTlsVerify: false,
        certificateAuthority: { _tag: "File", path: "/ca.crt" },
        proxyUrl: Redacted.make("http://p"),
        disableCompression: true,
        config: { audience: "a" }
      }
    }))
    yield* credential.get
    assert.strictEqual(runs[0]?.info.apiVersion, Plugins.v1beta1)
    assert.deepStrictEqual(runs[0]?.info.spec.cluster, {
      server: "https://c",
      "tls-server-name": "name",
      "certificate-authority-data": btoa("CA"),
      "proxy-url": "http://p",
      "disable-compression": true,
      config: { audience: "a" }
    })
  }).pipe(provide(runs, answer, { files: { "/ca.crt": "CA" } }))
})

it.effect("runs again when the answer has expired, and once for many waiters", () => {
  const runs: Array<Plugins.Run> = []
  const answer = (_: Plugins.Run, count: number): Plugins.Answer => ({
    stdout: Plugins.printed({ token: `t${count}`, expirationTimestamp: iso(count * 60_000) }),
    takes: 100
  })
  return Effect.gen(function*() {
    const credential = yield* ExecCredential.make(Plugins.source())
    const fiber = yield* Effect.forkChild(
      Effect.all(Array.from({ length: 10 }, () => credential.get), { concurrency: 10 })
    )
    yield* TestClock.adjust("100 millis")
    assert.deepStrictEqual((yield* Fiber.join(fiber)).map(header), Array.from({ length: 10 }, () => "Bearer t1"))
    yield* TestClock.adjust("59 seconds")
    assert.strictEqual(header(yield* credential.get), "Bearer t1")
    yield* TestClock.adjust("1 second")
    const next = yield* Effect.forkChild(credential.get)
    yield* TestClock.adjust("100 millis")
    assert.strictEqual(header(yield* Fiber.join(next)), "Bearer t2")
    assert.strictEqual(runs.length, 2)
  }).pipe(provide(runs, answer))
})

it.effect("runs again once after the server refused the token, and never for one that has no expiry", () => {
  const runs: Array<Plugins.Run> = []
  return Effect.gen(function*() {
    const credential = yield* ExecCredential.make(Plugins.source())
    const first = yield* credential.get
    yield* TestClock.adjust("365 days")
    assert.strictEqual(yield* credential.get, first)
    yield* Effect.all([credential.invalidate(first), credential.invalidate(first)])
    assert.strictEqual(header(yield* credential.get), "Bearer t2")
    assert.strictEqual(runs.length, 2)
  }).pipe(provide(runs, (_, count) => ({ stdout: Plugins.printed({ token: `t${count}`, expirationTimestamp: null }) })))
})

const failure = (
  answer: Plugins.Answer,
  source: Partial<Exec> = {},
  options: Parameters<typeof provide>[2] = {}
) =>
  Effect.gen(function*() {
    const credential = yield* ExecCredential.make(Plugins.source(source))
    return (yield* Effect.flip(credential.get)).message.replace("getting credentials: ", "")
  }).pipe(provide([], () => answer, options))

it.effect("says what is wrong with an answer, and quotes nothing of it", () =>
  Effect.gen(function*() {
    const cases: ReadonlyArray<readonly [stdout: string, message: string]> = [
      ["", "the plugin plugin printed nothing"],
      ["planted: [", "the plugin plugin printed what is neither JSON nor YAML"],
      ["planted", "the plugin plugin printed what is no ExecCredential"],
      [
        JSON.stringify({ apiVersion: Plugins.v1, kind: "Status", status: {} }),
        "the plugin plugin printed what is no ExecCredential"
      ],
      [
        Plugins.printed({ token: "planted" }, Plugins.v1beta1),
        `the plugin plugin is configured for ${Plugins.v1} and answered in ${Plugins.v1beta1}`
      ],
      [Plugins.printed(undefined), "the plugin plugin gave no status"],
      [Plugins.printed({ token: "" }), "the plugin plugin gave neither a token nor a certificate"],
      [Plugins.printed({ token: 5 }), "the plugin plugin printed what is no ExecCredential"],
      [Plugins.printed({ clientCertificateData: "planted" }), "the plugin plugin gave only one of certificate and key"],
      [
        Plugins.printed({ token: "planted", clientKeyData: "planted" }),
        "the plugin plugin gave only one of certificate and key"
      ],
      [
        Plugins.printed({ clientCertificateData: "planted", clientKeyData: "planted" }),
        "the plugin plugin gave a certificate that cannot be read"
      ],
      [
        Plugins.printed({ token: "planted", expirationTimestamp: "soon" }),
        "the plugin plugin gave an expirationTimestamp that is no time"
      ]
    ]
    for (const [stdout, message] of cases) assert.strictEqual(yield* failure({ stdout }), message)
  }))

it.effect("accepts an answer in YAML", () =>
  Effect.gen(function*() {
    const credential = yield* ExecCredential.make(Plugins.source())
    assert.strictEqual(header(yield* credential.get), "Bearer y")
  }).pipe(provide([], () => ({ stdout: `apiVersion: ${Plugins.v1}\nkind: ExecCredential\nstatus:\n  token: "y"\n` }))))

it.effect("says the exit code of a plugin that failed, and what kept one from running", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* failure({ stdout: "planted", code: 3 }), "the plugin plugin failed with exit code 3")
    assert.strictEqual(yield* failure("PermissionDenied"), "the plugin plugin cannot run: permission denied")
    assert.strictEqual(yield* failure("Unknown"), "the plugin plugin cannot run: Unknown")
  }))

it.effect("gives the install hint of a plugin that is not found, ten times an hour at most", () =>
  Effect.gen(function*() {
    const credential = yield* ExecCredential.make(Plugins.source({ installHint: "brew install plugin" }))
    const message = Effect.map(Effect.flip(credential.get), (error) => error.message)
    for (let time = 0; time < 10; time++) assert.include(yield* message, "\n\nbrew install plugin")
    assert.strictEqual(yield* message, "getting credentials: the plugin plugin is not found")
    yield* TestClock.adjust("59 minutes")
    assert.notInclude(yield* message, "brew")
    yield* TestClock.adjust("1 minute")
    assert.include(yield* message, "brew install plugin")
  }).pipe(provide([], () => "NotFound")))

it.effect("gives standard input to a plugin as its interactive mode and the program allow", () =>
  Effect.gen(function*() {
    const stdin = (interactiveMode: Exec["interactiveMode"], isTerminal: boolean, unavailable?: string) => {
      const runs: Array<Plugins.Run> = []
      return Effect.gen(function*() {
        const credential = yield* ExecCredential.make(Plugins.source({ interactiveMode }))
        const result = yield* Effect.result(credential.get)
        return result._tag === "Failure"
          ? result.failure.message.replace("getting credentials: ", "")
          : [runs[0]?.stdin, runs[0]?.info.spec.interactive, runs[0]?.isDetached]
      }).pipe(
        provide(runs, () => ({ stdout: Plugins.printed({ token: "t" }) }), { isTerminal }),
        Effect.provideService(
          ExecCredential.StdinUnavailable,
          unavailable === undefined ? undefined : { message: unavailable }
        )
      )
    }
    assert.deepStrictEqual(yield* stdin("Never", true), ["ignore", false, true])
    assert.deepStrictEqual(yield* stdin("IfAvailable", true), ["inherit", true, false])
    assert.deepStrictEqual(yield* stdin("IfAvailable", false), ["ignore", false, true])
    assert.deepStrictEqual(yield* stdin("IfAvailable", true, "used by apply -f -"), ["ignore", false, true])
    assert.deepStrictEqual(yield* stdin("Always", true), ["inherit", true, false])
    assert.strictEqual(
      yield* stdin("Always", false),
      "the plugin plugin asks questions, and standard input is no terminal"
    )
    assert.strictEqual(
      yield* stdin("Always", true, "used by apply -f -"),
      "the plugin plugin asks questions, and standard input is not available: used by apply -f -"
    )
  }))

it.effect("counts calls by exit code and kind, and comparisons with the policy", () =>
  Effect.gen(function*() {
    const registry: Metric.MetricRegistry = new Map()
    const run = (answer: Plugins.Answer, policy: PluginPolicy.PluginPolicy = { _tag: "AllowAll" }) =>
      Effect.flatMap(ExecCredential.make(Plugins.source()), (credential) => Effect.exit(credential.get)).pipe(
        Effect.provideService(PluginPolicy.CurrentPluginPolicy, policy),
        Effect.provideService(Metric.MetricRegistry, registry),
        Effect.provide(Layer.mergeAll(Plugins.layer([], () => answer), MemoryFiles.layer({})))
      )
    yield* run({ stdout: Plugins.printed({ token: "t" }) })
    yield* run({ stdout: "", code: 7 })
    yield* run("NotFound")
    yield* run("Unknown")
    yield* run({ stdout: Plugins.printed({ token: "t" }) }, { _tag: "DenyAll" })
    const count = (code: string, status: string) =>
      Effect.map(
        Metric.value(Metric.withAttributes(CredentialMetrics.execPluginCalls, { code, call_status: status })),
        (state) => state.count
      ).pipe(Effect.provideService(Metric.MetricRegistry, registry))
    assert.strictEqual(yield* count("0", "no_error"), 1)
    assert.strictEqual(yield* count("7", "plugin_execution_error"), 1)
    assert.strictEqual(yield* count("1", "plugin_not_found_error"), 1)
    assert.strictEqual(yield* count("1", "client_internal_error"), 1)
    const policy = (result: string) =>
      Effect.map(
        Metric.value(Metric.withAttributes(CredentialMetrics.execPluginPolicyCalls, { result })),
        (state) => state.count
      ).pipe(Effect.provideService(Metric.MetricRegistry, registry))
    assert.strictEqual(yield* policy("allowed"), 4)
    assert.strictEqual(yield* policy("denied"), 1)
  }))

it.effect("presents the certificate of an answer, keeps it while it is the same, and measures its age and its rest", () => {
  const answers: Array<string> = []
  return Effect.gen(function*() {
    yield* TestClock.setTime(Date.UTC(2026, 0, 1))
    const one = yield* NodeCertificate.make({ commonName: "ada", validFor: "1 hour" })
    const two = yield* NodeCertificate.make({ commonName: "ada", validFor: "2 hours" })
    const print = (pair: NodeCertificate.Certificate, token: string) =>
      Plugins.printed({ token, clientCertificateData: pair.certificate, clientKeyData: pair.key })
    const credential = yield* ExecCredential.make(Plugins.source())
    const left = Effect.map(Metric.value(CredentialMetrics.execPluginTtl), (state) => state.value)
    assert.strictEqual(yield* left, Infinity)
    answers.push(print(one, "t1"), print(one, "t2"), print(two, "t3"))
    const first = yield* credential.get
    assert.strictEqual(first.clientCertificate?.certificate, one.certificate)
    assert.strictEqual(yield* left, 3600)
    yield* TestClock.adjust("10 minutes")
    assert.strictEqual(yield* left, 3000)
    yield* credential.invalidate(first)
    const second = yield* credential.get
    assert.strictEqual(header(second), "Bearer t2")
    assert.strictEqual(second.clientCertificate, first.clientCertificate)
    yield* credential.invalidate(second)
    const third = yield* credential.get
    assert.strictEqual(third.clientCertificate?.certificate, two.certificate)
    const ages = yield* Metric.value(CredentialMetrics.execPluginRotationAge)
    assert.strictEqual(ages.count, 1)
    assert.strictEqual(ages.sum, 3600 + 600)
    assert.strictEqual(yield* left, 7200 - 600)
  }).pipe(
    Effect.scoped,
    Effect.andThen(Metric.value(CredentialMetrics.execPluginTtl)),
    Effect.tap((state) => Effect.sync(() => assert.strictEqual(state.value, 0, "the series ends with the plugin"))),
    provide([], (_, count) => ({ stdout: answers[count - 1] ?? "" }))
  )
})

it.effect("says when the first of several certificates expires, until its plugin is gone", () => {
  const answers = new Map<string, string>()
  return Effect.gen(function*() {
    yield* TestClock.setTime(Date.UTC(2026, 0, 1))
    const left = Effect.map(Metric.value(CredentialMetrics.execPluginTtl), (state) => state.value)
    const using = Effect.fnUntraced(function*(command: string, validFor: "1 hour" | "2 hours" | undefined) {
      const credential = yield* ExecCredential.make(Plugins.source({ command }))
      const pair = validFor === undefined ? undefined : yield* NodeCertificate.make({ commonName: command, validFor })
      answers.set(
        command,
        Plugins.printed(
          pair === undefined ? { token: "t" } : { clientCertificateData: pair.certificate, clientKeyData: pair.key }
        )
      )
      yield* credential.get
    })
    yield* using("token", undefined)
    assert.strictEqual(yield* left, Infinity)
    yield* using("long", "2 hours")
    assert.strictEqual(yield* left, 7200)
    yield* Effect.scoped(Effect.gen(function*() {
      yield* using("short", "1 hour")
      assert.strictEqual(yield* left, 3600)
    }))
    assert.strictEqual(yield* left, 7200)
    yield* TestClock.adjust("3 hours")
    assert.strictEqual(yield* left, -3600)
  }).pipe(provide([], ({ command }) => ({ stdout: answers.get(command) ?? "" })))
})

const onPath = { PATH: "/usr/bin:relative:/opt/bin" }

const programs = {
  "/opt/bin/plugin": { content: "#!", mode: 0o755 },
  "/opt/bin/plain": { content: "text", mode: 0o644 },
  "/evil/plugin": { content: "#!", mode: 0o755 }
}

it.effect("runs only what the policy allows, and with an allowlist exactly the program that was found", () =>
  Effect.gen(function*() {
    const ask = (policy: PluginPolicy.PluginPolicy, command: string) => {
      const runs: Array<Plugins.Run> = []
      return Effect.gen(function*() {
        const credential = yield* ExecCredential.make(Plugins.source({ command }))
        const result = yield* Effect.result(credential.get)
        return result._tag === "Success"
          ? runs[0]?.command
          : result.failure.message.replace("getting credentials: ", "")
      }).pipe(
        provide(runs, () => ({ stdout: Plugins.printed({ token: "t" }) }), { files: programs, env: onPath }),
        Effect.provideService(PluginPolicy.CurrentPluginPolicy, policy)
      )
    }
    const allowlist = (...commands: ReadonlyArray<string>): PluginPolicy.PluginPolicy => ({
      _tag: "Allowlist",
      commands
    })
    assert.strictEqual(yield* ask({ _tag: "AllowAll" }, "plugin"), "plugin")
    assert.strictEqual(
      yield* ask({ _tag: "DenyAll" }, "plugin"),
      "the plugin plugin may not run: the policy denies all plugins"
    )
    assert.strictEqual(yield* ask(allowlist("plugin"), "plugin"), "/opt/bin/plugin")
    assert.strictEqual(yield* ask(allowlist("plugin"), "/opt/bin/plugin"), "/opt/bin/plugin")
    assert.strictEqual(yield* ask(allowlist("/opt/bin/plugin"), "plugin"), "/opt/bin/plugin")
    assert.strictEqual(
      yield* ask(allowlist("plugin"), "/evil/plugin"),
      "the plugin /evil/plugin may not run: it is not in the allowlist"
    )
    assert.strictEqual(
      yield* ask(allowlist("other"), "plugin"),
      "the plugin /opt/bin/plugin may not run: it is not in the allowlist"
    )
    assert.strictEqual(
      yield* ask(allowlist("missing"), "gone"),
      "the plugin gone may not run: it is not found, so no allowlist can hold it"
    )
    assert.strictEqual(
      yield* ask(allowlist("plugin"), "plain"),
      "the plugin plain may not run: it is not found, so no allowlist can hold it"
    )
  }))

it.effect("refuses a policy that contradicts itself", () =>
  Effect.gen(function*() {
    const invalid = (...commands: ReadonlyArray<string>) =>
      ExecCredential.make(Plugins.source()).pipe(
        provide([], () => "NotFound"),
        Effect.provideService(PluginPolicy.CurrentPluginPolicy, { _tag: "Allowlist", commands }),
        Effect.flip,
        Effect.map((error) => error.message)
      )
    assert.strictEqual(yield* invalid(), "the allowlist of plugins: is empty; use DenyAll to allow none")
    assert.strictEqual(yield* invalid("a", ""), "the allowlist of plugins: entry 2 is empty")
    assert.strictEqual(
      yield* invalid("/bin/../a"),
      "the allowlist of plugins: entry 1 is /bin/../a, which has to be written /a"
    )
  }))

const script = (body: string) => `#!/bin/sh\n${body}\n`

it.live("runs a real program: its answer, its exit code, its absence, and its end with the interruption", () =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped()
    const program = Effect.fnUntraced(function*(name: string, body: string) {
      const path = `${folder}/${name}`
      yield* fs.writeFileString(path, script(body))
      yield* fs.chmod(path, 0o755)
      return path
    })
    const get = (command: string) =>
      Effect.flatMap(
        ExecCredential.make(
          Plugins.source({
            command,
            args: [Redacted.make("x y")],
            env: [{ name: "NAME", value: Redacted.make("env") }]
          })
        ),
        (credential) => credential.get
      )
    const good = yield* program(
      "good",
      `case "$KUBERNETES_EXEC_INFO" in *ExecCredential*) ;; *) exit 9;; esac
printf '{"apiVersion":"${Plugins.v1}","kind":"ExecCredential","status":{"token":"%s-%s-%s"}}' "$1" "$NAME" "\${HOME:+home}"`
    )
    assert.strictEqual(header(yield* get(good)), "Bearer x y-env-home")
    const bad = yield* program("bad", "exit 4")
    assert.include((yield* Effect.flip(get(bad))).message, "failed with exit code 4")
    assert.include((yield* Effect.flip(get(`${folder}/none`))).message, "is not found")
    const slow = yield* program("slow", `echo $$ > ${folder}/pid; exec sleep 30`)
    const fiber = yield* Effect.forkChild(get(slow))
    let pid = ""
    while (pid === "") {
      yield* Effect.sleep("10 millis")
      pid = (yield* Effect.orElseSucceed(fs.readFileString(`${folder}/pid`), () => "")).trim()
    }
    const started = yield* Clock.currentTimeMillis
    yield* Fiber.interrupt(fiber)
    assert.isBelow((yield* Clock.currentTimeMillis) - started, 5000)
    assert.isFalse(yield* fs.exists(`/proc/${pid}`))
  }).pipe(Effect.provide(NodeServices.layer)))
