import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as crypto from "node:crypto"
import * as tls from "node:tls"
import * as NodeCertificate from "../../src/Testing/NodeCertificate.ts"

const authority = NodeCertificate.make({ commonName: "test authority", isAuthority: true })

it.effect("an authority signs itself and what it issues, and nothing else verifies", () =>
  Effect.gen(function*() {
    const issuer = yield* authority
    const other = yield* authority
    const server = yield* NodeCertificate.make({
      commonName: "server",
      hosts: ["localhost", "127.0.0.1", "::1", "fd00::12:ab"],
      issuer
    })
    const x509 = new crypto.X509Certificate(server.certificate)
    const root = new crypto.X509Certificate(issuer.certificate)
    const stranger = new crypto.X509Certificate(other.certificate)
    assert.isTrue(root.ca)
    assert.isFalse(x509.ca)
    assert.isTrue(root.verify(root.publicKey))
    assert.isTrue(x509.verify(root.publicKey))
    assert.isFalse(x509.verify(stranger.publicKey))
    assert.isTrue(x509.checkIssued(root))
    assert.isTrue(x509.checkPrivateKey(crypto.createPrivateKey(server.key)))
    assert.strictEqual(
      x509.subjectAltName,
      "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:FD00:0:0:0:0:0:12:AB"
    )
  }))

it.effect("a client certificate names its user and groups, and ends when it was told to", () =>
  Effect.gen(function*() {
    const issuer = yield* authority
    const client = yield* NodeCertificate.make({
      commonName: "jane",
      organizations: ["system:masters", "dev"],
      issuer,
      validFor: "90 seconds"
    })
    const x509 = new crypto.X509Certificate(client.certificate)
    assert.strictEqual(x509.subject, "O=system:masters\nO=dev\nCN=jane")
    assert.strictEqual(x509.issuer, "CN=test authority")
    assert.strictEqual(x509.validToDate.getTime(), 90_000)
  }))

it.live("both sides of a TLS connection accept what one authority issued", () =>
  Effect.gen(function*() {
    const issuer = yield* authority
    const server = yield* NodeCertificate.make({
      commonName: "server",
      hosts: ["127.0.0.1"],
      issuer,
      validFor: "36500 days"
    })
    const client = yield* NodeCertificate.make({ commonName: "jane", issuer })
    const subject = yield* Effect.promise(() =>
      new Promise<string>((resolve, reject) => {
        const listener = tls.createServer({
          cert: server.certificate,
          key: server.key,
          ca: issuer.certificate,
          requestCert: true,
          rejectUnauthorized: true
        }, (socket) => {
          resolve(String(socket.getPeerCertificate().subject.CN))
          socket.destroy()
          listener.close()
        })
        listener.on("tlsClientError", reject)
        listener.listen(0, "127.0.0.1", () => {
          const address = listener.address()
          const port = typeof address === "object" && address !== null ? address.port : 0
          tls.connect({ host: "127.0.0.1", port, ca: issuer.certificate, cert: client.certificate, key: client.key })
            .on("error", reject)
        })
      })
    )
    assert.strictEqual(subject, "jane")
  }))
