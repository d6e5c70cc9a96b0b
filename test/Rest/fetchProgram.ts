/**
 * What a runtime's FetchTransport does, as lines of JSON: run by `FetchTransport.test.ts` under Bun and Deno with its
 * cases in the environment.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Credential from "../../src/Config/Credential.ts"
import * as FetchTransport from "../../src/Rest/FetchTransport.ts"

export interface Case {
  readonly name: string
  readonly server: string
  readonly path: string
  readonly ca?: string
  readonly tlsServerName?: string
  readonly isInsecure?: boolean
  readonly proxyUrl?: string
  readonly certificate?: string
  readonly key?: string
  /** Takes this many chunks and leaves; the whole text unless given. */
  readonly take?: number
  readonly headers?: ReadonlyArray<readonly [string, string]>
  readonly body?: string
}

export interface Outcome {
  readonly name: string
  readonly text?: string
  readonly error?: string
  readonly kind?: string
}

const runCase = (its: Case): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    const transport = yield* FetchTransport.make({
      server: its.server,
      ca: its.ca,
      tlsServerName: its.tlsServerName,
      isInsecure: its.isInsecure,
      proxyUrl: its.proxyUrl,
      credential: its.certificate === undefined || its.key === undefined ? undefined : Credential.fixed({
        authorization: undefined,
        clientCertificate: { certificate: its.certificate, key: Redacted.make(its.key) }
      })
    })
    const response = yield* transport.execute({
      method: its.body === undefined ? "GET" : "POST",
      path: its.path,
      headers: its.headers ?? [],
      verb: "get",
      ...(its.body === undefined ? {} : { body: its.body })
    })
    const text = its.take === undefined
      ? yield* response.text
      : yield* response.body.pipe(Stream.take(its.take), Stream.decodeText, Stream.mkString)
    return { name: its.name, text }
  }).pipe(
    Effect.scoped,
    Effect.exit,
    Effect.map((exit): Outcome => {
      if (Exit.isSuccess(exit)) return exit.value
      const [reason] = exit.cause.reasons
      if (reason?._tag !== "Fail") return { name: its.name, error: String(exit.cause) }
      const { error } = reason
      return {
        name: its.name,
        error: error.message,
        kind: error.reason._tag === "Transport" ? error.reason.kind : error.reason._tag
      }
    })
  )

const main = Effect.gen(function*() {
  const cases: ReadonlyArray<Case> = JSON.parse(process.env["FETCH_CASES"] ?? "[]")
  for (const its of cases) console.log(JSON.stringify(yield* runCase(its)))
})

if (process.env["FETCH_CASES"] !== undefined) await Effect.runPromise(main)
