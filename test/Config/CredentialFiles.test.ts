import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as CertificateFiles from "../../src/Config/CertificateFiles.ts"
import type * as Credential from "../../src/Config/Credential.ts"
import * as CredentialMetrics from "../../src/Config/CredentialMetrics.ts"
import * as TokenFile from "../../src/Config/TokenFile.ts"
import * as MemoryFiles from "./memoryFiles.ts"

const path = "/var/run/secrets/kubernetes.io/serviceaccount/token"

const write = (files: MemoryFiles.MemoryFiles, name: string, content: string) =>
  files.set(name, { content, mode: 0o600 })

const header = (credential: Credential.Service) =>
  Effect.map(credential.get, ({ authorization }) => authorization && Redacted.value(authorization))

const quiet = Layer.mergeAll(Logger.layer([]), Layer.succeed(Metric.MetricRegistry, new Map()))

it.effect("reads a token file again after 50 seconds, and trims it", () => {
  const files = MemoryFiles.make({ [path]: "one\n" })
  return Effect.gen(function*() {
    const credential = yield* TokenFile.make({ path })
    assert.strictEqual(yield* header(credential), "Bearer one")
    write(files, path, "two")
    yield* TestClock.adjust("49 seconds")
    assert.strictEqual(yield* header(credential), "Bearer one")
    yield* TestClock.adjust("1 second")
    assert.strictEqual(yield* header(credential), "Bearer two")
  }).pipe(Effect.provide(MemoryFiles.layer(files)))
})

it.effect("reads a token file again at once when the server refused the token, and only then", () => {
  const files = MemoryFiles.make({ [path]: "one" })
  return Effect.gen(function*() {
    const credential = yield* TokenFile.make({ path })
    const first = yield* credential.get
    write(files, path, "two")
    yield* credential.invalidate(first)
    const second = yield* credential.get
    assert.notStrictEqual(second, first)
    write(files, path, "three")
    yield* credential.invalidate(first)
    assert.strictEqual(yield* credential.get, second)
  }).pipe(Effect.provide(MemoryFiles.layer(files)))
})

it.effect("keeps the same value when the file says the same", () => {
  const files = MemoryFiles.make({ [path]: "one" })
  return Effect.gen(function*() {
    const credential = yield* TokenFile.make({ path })
    const first = yield* credential.get
    yield* credential.invalidate(first)
    assert.strictEqual(yield* credential.get, first)
    yield* TestClock.adjust("5 minutes")
    assert.strictEqual(yield* credential.get, first)
  }).pipe(Effect.provide(MemoryFiles.layer(files)))
})

it.effect("goes on with the last token while the file cannot be read, with one error a second and a count", () => {
  const files = MemoryFiles.make({ [path]: "one" })
  const messages: Array<unknown> = []
  const logger = Logger.make(({ message }) => {
    messages.push(message)
  })
  return Effect.gen(function*() {
    const credential = yield* TokenFile.make({ path })
    yield* credential.get
    files.delete(path)
    yield* TestClock.adjust("50 seconds")
    assert.strictEqual(yield* header(credential), "Bearer one")
    assert.strictEqual(yield* header(credential), "Bearer one")
    assert.deepStrictEqual(messages, [["the token file cannot be read; the token before stays in use"]])
    yield* TestClock.adjust("1 second")
    yield* credential.get
    assert.strictEqual(messages.length, 2)
    write(files, path, "two")
    yield* TestClock.adjust("1 second")
    assert.strictEqual(yield* header(credential), "Bearer two")
    const kept = yield* Metric.value(
      Metric.withAttributes(CredentialMetrics.refreshes, { source: "TokenFile", result: "kept" })
    )
    assert.strictEqual(kept.count, 2)
  }).pipe(
    Effect.provide(MemoryFiles.layer(files)),
    Effect.provide(Logger.layer([logger])),
    Effect.provideService(Metric.MetricRegistry, new Map())
  )
})

it.effect("falls back to the given token until the file can be read, and then prefers the file", () => {
  const files = MemoryFiles.make({})
  return Effect.gen(function*() {
    const credential = yield* TokenFile.make({ path, initial: Redacted.make("given") })
    assert.strictEqual(yield* header(credential), "Bearer given")
    write(files, path, "file")
    yield* TestClock.adjust("1 second")
    assert.strictEqual(yield* header(credential), "Bearer file")
  }).pipe(Effect.provide(MemoryFiles.layer(files)), Effect.provide(quiet))
})

it.effect("fails with a message about the file where there is no token at all, and tries again", () => {
  const files = MemoryFiles.make({})
  return Effect.gen(function*() {
    const credential = yield* TokenFile.make({ path })
    const missing = yield* Effect.flip(credential.get)
    assert.strictEqual(missing.message, `getting credentials: cannot read the token file ${path}: no such file`)
    write(files, path, " \n")
    const empty = yield* Effect.flip(credential.get)
    assert.strictEqual(empty.message, `getting credentials: the token file ${path} is empty`)
    const request = empty.toRequestError({ verb: "get", url: "https://a/api" })
    assert.strictEqual(request.isRetryable, false)
    assert.strictEqual(
      request.message,
      `Transport: get https://a/api: getting credentials: the token file ${path} is empty`
    )
    write(files, path, "late")
    assert.strictEqual(yield* header(credential), "Bearer late")
  }).pipe(Effect.provide(MemoryFiles.layer(files)))
})

const pem = (kind: string, text: string) => `-----BEGIN ${kind}-----\n${btoa(text)}\n-----END ${kind}-----\n`

it.effect("reads certificate and key together, again after a minute, and keeps them while they cannot be read", () => {
  const files = MemoryFiles.make({ "/c": pem("CERTIFICATE", "one"), "/k": pem("PRIVATE KEY", "one") })
  return Effect.gen(function*() {
    const credential = yield* CertificateFiles.make({
      certificate: { _tag: "File", path: "/c" },
      key: { _tag: "File", path: "/k" }
    })
    const first = yield* credential.get
    assert.strictEqual(first.clientCertificate?.certificate, pem("CERTIFICATE", "one"))
    yield* TestClock.adjust("1 minute")
    assert.strictEqual(yield* credential.get, first)
    write(files, "/c", "half a file")
    yield* TestClock.adjust("1 minute")
    assert.strictEqual(yield* credential.get, first)
    write(files, "/c", pem("CERTIFICATE", "two"))
    write(files, "/k", pem("PRIVATE KEY", "two"))
    yield* TestClock.adjust("1 minute")
    const second = yield* credential.get
    assert.strictEqual(second.clientCertificate?.certificate, pem("CERTIFICATE", "two"))
    const key = second.clientCertificate?.key
    assert.strictEqual(key && Redacted.value(key), pem("PRIVATE KEY", "two"))
  }).pipe(Effect.provide(MemoryFiles.layer(files)), Effect.provide(quiet))
})
