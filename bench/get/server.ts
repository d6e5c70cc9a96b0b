/**
 * The server that `get.ts` and `soak.ts` measure against, in a process of its own: one Pod over TLS, HTTP/2 and HTTP/1.1, and a
 * watch that tells of it and then says nothing.
 *
 * Prints one line of JSON (`port` and the authority's certificate) and serves until its stdin closes.
 */
import * as Effect from "effect/Effect"
import * as http2 from "node:http2"
import type * as net from "node:net"
import * as NodeCertificate from "../../src/Testing/NodeCertificate.ts"
import * as Pod from "./pod.ts"

const { authority, certificate } = await Effect.runPromise(Effect.gen(function*() {
  const authority = yield* NodeCertificate.make({ commonName: "bench-ca", isAuthority: true })
  const certificate = yield* NodeCertificate.make({ commonName: "bench", hosts: ["127.0.0.1"], issuer: authority })
  return { authority, certificate }
}))
const body = Buffer.from(Pod.text)
const server = http2.createSecureServer(
  { allowHTTP1: true, cert: certificate.certificate, key: certificate.key },
  (request, response) => {
    if (request.url.includes("watch=true")) {
      response.writeHead(200, { "content-type": "application/json" })
      return void response.write(`{"type":"ADDED","object":${Pod.text}}\n`)
    }
    response.writeHead(200, { "content-type": "application/json", "content-length": body.length })
    response.end(body)
  }
)
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ certificate: authority.certificate, port: (server.address() as net.AddressInfo).port }))
})
process.stdin.on("end", () => process.exit()).resume()
