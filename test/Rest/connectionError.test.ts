import { assert, it } from "@effect/vitest"
import * as connectionError from "../../src/Rest/internal/connectionError.ts"

const where = { verb: "get", url: "https://server:6443/api" }

const failed = (code: string, message = "what Node said") => Object.assign(new Error(message), { code })

const kindOf = (error: unknown) => {
  const { reason } = connectionError.classify(error, where)
  return reason._tag === "Transport" ? reason.kind : reason._tag
}

it("every code of Node and undici has its kind", () => {
  const kinds: ReadonlyArray<readonly [code: string, kind: string]> = [
    ["ECONNREFUSED", "Refused"],
    ["ECONNRESET", "Reset"],
    ["EPIPE", "Reset"],
    ["UND_ERR_SOCKET", "Closed"],
    ["ERR_HTTP2_GOAWAY_SESSION", "Closed"],
    ["ERR_HTTP2_STREAM_ERROR", "Reset"],
    ["EHOSTUNREACH", "Unreachable"],
    ["UND_ERR_CONNECT_TIMEOUT", "Unreachable"],
    ["ENOTFOUND", "Dns"],
    ["EAI_AGAIN", "Dns"],
    ["CERT_HAS_EXPIRED", "Tls"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "Tls"],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "Tls"],
    ["HPE_INVALID_CONSTANT", "Other"],
    ["UND_ERR_HEADERS_TIMEOUT", "Timeout"],
    ["SOMETHING_NEW", "Other"]
  ]
  for (const [code, kind] of kinds) assert.strictEqual(kindOf(failed(code)), kind, code)
})

it("of several addresses that were tried the first speaks for all", () => {
  assert.strictEqual(kindOf(new AggregateError([failed("ECONNREFUSED"), failed("ENETUNREACH")])), "Refused")
})

it("a refused client certificate and an expired server certificate are told apart", () => {
  assert.include(
    connectionError.classify(failed("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"), where).message,
    "as it does when it does not accept the client certificate"
  )
  assert.include(
    connectionError.classify(failed("CERT_HAS_EXPIRED"), where).message,
    "the server's certificate has expired"
  )
})

it("what is no error object still becomes a sentence", () => {
  assert.strictEqual(connectionError.classify("odd", where).message, "Transport: get https://server:6443/api: odd")
})
