import { assert, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { TestClock } from "effect/testing"
import * as crypto from "node:crypto"
import * as NodeCertificate from "../../src/Testing/NodeCertificate.ts"
import * as Certificate from "../../src/X509/Certificate.ts"
import * as Identity from "../../src/X509/Identity.ts"

const read = (pem: string) => Effect.fromResult(Certificate.fromPem(pem))

it.effect("a certificate says the same as to Node", () =>
  Effect.gen(function*() {
    yield* TestClock.setTime(Date.UTC(2049, 11, 1))
    const issuer = yield* NodeCertificate.make({ commonName: "authority", isAuthority: true })
    const pair = yield* NodeCertificate.make({
      commonName: "jane",
      organizations: ["b", "a"],
      hosts: ["localhost", "127.0.0.1", "fd00::12:ab"],
      issuer,
      // UTCTime ends with 2049, and GeneralizedTime begins.
      validFor: "90 days"
    })
    const certificate = yield* read(pair.certificate)
    const node = new crypto.X509Certificate(pair.certificate)
    assert.deepStrictEqual(certificate.identity, {
      commonName: "jane",
      organizations: ["b", "a"],
      dnsNames: ["localhost"],
      ipAddresses: ["127.0.0.1", "fd00::12:ab"],
      emailAddresses: [],
      uris: []
    })
    assert.strictEqual(DateTime.toEpochMillis(certificate.notBefore), node.validFromDate.getTime())
    assert.strictEqual(DateTime.toEpochMillis(certificate.notAfter), node.validToDate.getTime())
    assert.strictEqual(DateTime.formatIso(certificate.notAfter), "2050-03-01T00:00:00.000Z")
    assert.strictEqual(Duration.toHours(Certificate.lifetime(certificate)), 90 * 24 + 1)
    assert.deepStrictEqual(
      Buffer.from(certificate.publicKey),
      node.publicKey.export({ type: "spki", format: "der" })
    )
    assert.deepStrictEqual(Buffer.from(certificate.bytes), node.raw)
    assert.strictEqual(Certificate.toPem(certificate), pair.certificate)
  }))

it.effect("a certificate has expired after its last second, and not in it", () =>
  Effect.gen(function*() {
    const certificate = yield* read((yield* NodeCertificate.make({ commonName: "a", validFor: "1 hour" })).certificate)
    assert.isFalse(Certificate.hasExpired(certificate, 3_600_000))
    assert.isTrue(Certificate.hasExpired(certificate, 3_600_001))
  }))

it.effect("the first of several certificates counts, whatever stands between them", () =>
  Effect.gen(function*() {
    const issuer = yield* NodeCertificate.make({ commonName: "authority", isAuthority: true })
    const leaf = yield* NodeCertificate.make({ commonName: "leaf", issuer })
    const text = `subject=leaf\r\n${leaf.certificate.replaceAll("\n", "\r\n")}${leaf.key}issuer:\n${issuer.certificate}`
    assert.strictEqual((yield* read(text)).identity.commonName, "leaf")
    const all = yield* Effect.fromResult(Certificate.bundleFromPem(text))
    assert.deepStrictEqual(all.map((each) => each.identity.commonName), ["leaf", "authority"])
    const spoilt = `${leaf.certificate}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----`
    assert.strictEqual((yield* read(spoilt)).identity.commonName, "leaf")
    assert.isTrue(Result.isFailure(Certificate.bundleFromPem(spoilt)))
  }))

it.effect("what is no certificate is Malformed", () =>
  Effect.gen(function*() {
    const { certificate, key } = yield* NodeCertificate.make({ commonName: "a" })
    const texts = [
      "",
      key,
      certificate.replace(/\n.{20}/, "\n"),
      "-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----"
    ]
    for (const text of texts) {
      const result = Certificate.fromPem(text)
      assert.isTrue(Result.isFailure(result) && result.failure.reason._tag === "Malformed", text)
    }
  }))

const current: Identity.Identity = Identity.make({
  commonName: "system:node:a",
  organizations: ["system:nodes"],
  dnsNames: ["a.example"],
  ipAddresses: ["fd00::1", "192.168.1.1"]
})

// client-go's TestCertSatisfiesTemplate, and the names it does not look at.
const cases: ReadonlyArray<readonly [what: string, wanted: Identity.Input, missing: ReadonlyArray<string>]> = [
  ["the same", current, []],
  ["another common name", { ...current, commonName: "b" }, ["common name b"]],
  ["an organization more", { ...current, organizations: ["system:nodes", "b"] }, ["organization b"]],
  ["an organization less", { ...current, organizations: [] }, []],
  ["a DNS name more", { ...current, dnsNames: ["b.example", "a.example"] }, ["DNS name b.example"]],
  ["a DNS name less", { ...current, dnsNames: [] }, []],
  ["an address more", { ...current, ipAddresses: ["192.168.1.2"] }, ["IP address 192.168.1.2"]],
  ["an address less", { ...current, ipAddresses: [] }, []],
  ["an address in other words", { ...current, ipAddresses: ["FD00:0:0::0001", "::ffff:192.168.1.1"] }, []],
  ["a URI more", { ...current, uris: ["spiffe://a"] }, ["URI spiffe://a"]],
  ["an email address more", { ...current, emailAddresses: ["a@b"] }, ["email address a@b"]]
]

for (const [what, wanted, missing] of cases) {
  it(`an identity that is asked for ${what} lacks ${missing.join(", ") || "nothing"}`, () => {
    assert.deepStrictEqual(Identity.missing(current, wanted), missing)
    assert.strictEqual(Identity.satisfies(current, wanted), missing.length === 0)
  })
}
