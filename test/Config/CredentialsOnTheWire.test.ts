/**
 * From a kubeconfig to bytes on a socket: what a server sees of credentials that are rotated under a running client.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as https from "node:https"
import type { AddressInfo } from "node:net"
import type { TLSSocket } from "node:tls"
import * as NodeKubernetes from "../../src/NodeKubernetes.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as NodeCertificate from "../../src/Testing/NodeCertificate.ts"

interface Seen {
  readonly authorization: string | undefined
  readonly user: string | undefined
  readonly impersonated: ReadonlyArray<string>
}

/** An API server that knows which tokens are good, and asks for a client certificate. */
const server = Effect.gen(function*() {
  const authority = yield* NodeCertificate.make({ commonName: "authority", isAuthority: true })
  const own = yield* NodeCertificate.make({ commonName: "server", hosts: ["127.0.0.1"], issuer: authority })
  const seen: Array<Seen> = []
  const state: { accepts: (seen: Seen) => boolean } = { accepts: () => true }
  const listening = yield* Effect.acquireRelease(
    Effect.callback<https.Server>((resume) => {
      const server = https.createServer({
        cert: own.certificate,
        key: own.key,
        ca: authority.certificate,
        requestCert: true,
        rejectUnauthorized: false
      }, (request, response) => {
        const subject = (request.socket as TLSSocket).getPeerCertificate().subject as
          | { readonly CN?: string }
          | undefined
        const its: Seen = {
          authorization: request.headers.authorization,
          user: subject?.CN,
          impersonated: request.rawHeaders.filter((_, index) =>
            index % 2 === 1 && request.rawHeaders[index - 1]?.toLowerCase() === "impersonate-group"
          )
        }
        seen.push(its)
        response.statusCode = state.accepts(its) ? 200 : 401
        response.setHeader("content-type", "application/json")
        response.end(
          response.statusCode === 200
            ? "{\"gitVersion\":\"v1.36.3\"}"
            : "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":\"Unauthorized\",\"code\":401}"
        )
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        server.closeAllConnections()
        server.close(() => resume(Effect.void))
      })
  )
  return { authority, seen, state, url: `https://127.0.0.1:${(listening.address() as AddressInfo).port}` }
})

const version = Effect.flatMap(
  RestClient.RestClient,
  (rest) => rest.json({ method: "GET", verb: "get", target: { _tag: "Path", path: "/version" } })
)

const prepare = Effect.fnUntraced(function*(user: string) {
  const fs = yield* FileSystem.FileSystem
  const its = yield* server
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "credentials-" })
  const write = (name: string, text: string, mode = 0o600) =>
    Effect.andThen(fs.writeFileString(`${folder}/${name}`, text), fs.chmod(`${folder}/${name}`, mode))
  yield* write("ca.crt", its.authority.certificate)
  yield* write(
    "config",
    `current-context: x
clusters: [{name: c, cluster: {server: '${its.url}', certificate-authority: ca.crt}}]
users: [{name: u, user: ${user}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
`
  )
  return { ...its, write, folder, layer: NodeKubernetes.layerKubeconfig({ path: `${folder}/config` }) }
})

const onNode = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  effect.pipe(Effect.scoped, Effect.provide(NodeServices.layer))

const plugin = "{exec: {command: ./plugin, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}}"

it.live("a plugin runs once for ten requests, once more when its token is refused, and no request fails", () =>
  Effect.gen(function*() {
    const { folder, layer, seen, state, write } = yield* prepare(plugin)
    yield* write(
      "plugin",
      `#!/bin/sh
echo run >> ${folder}/runs
printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t%s"}}' "$(wc -l < ${folder}/runs | tr -d ' ')"
`,
      0o700
    )
    yield* Effect.gen(function*() {
      const ten = Effect.all(Array.from({ length: 10 }, () => version), { concurrency: 10 })
      yield* ten
      assert.deepStrictEqual(new Set(seen.map((each) => each.authorization)), new Set(["Bearer t1"]))
      state.accepts = (each) => each.authorization === "Bearer t2"
      seen.length = 0
      yield* ten
      assert.deepStrictEqual(
        seen.filter(state.accepts).map((each) => each.authorization),
        Array.from({ length: 10 }, () => "Bearer t2")
      )
      const fs = yield* FileSystem.FileSystem
      assert.strictEqual(yield* fs.readFileString(`${folder}/runs`), "run\nrun\n")
      state.accepts = () => false
      const error = yield* Effect.flip(version)
      assert.strictEqual(error._tag === "ApiError" && error.reason._tag, "Unauthorized")
      assert.strictEqual(yield* fs.readFileString(`${folder}/runs`), "run\nrun\nrun\n")
    }).pipe(Effect.provide(layer))
  }).pipe(onNode))

it.live("a plugin's new certificate is presented on new connections", () =>
  Effect.gen(function*() {
    const { authority, layer, seen, state, write } = yield* prepare(plugin)
    const answer = Effect.fnUntraced(function*(commonName: string) {
      const { certificate, key } = yield* NodeCertificate.make({ commonName, issuer: authority })
      const json = JSON.stringify({
        apiVersion: "client.authentication.k8s.io/v1",
        kind: "ExecCredential",
        status: { clientCertificateData: certificate, clientKeyData: key }
      })
      yield* write("plugin", `#!/bin/sh\ncat <<'END'\n${json}\nEND\n`, 0o700)
    })
    yield* answer("ada")
    yield* Effect.gen(function*() {
      yield* version
      yield* version
      yield* answer("bob")
      state.accepts = (each) => each.user === "bob"
      yield* version
      assert.deepStrictEqual(seen.map((each) => each.user), ["ada", "ada", "ada", "bob"])
    }).pipe(Effect.provide(layer))
  }).pipe(onNode))

it.live("a rotated token file and rotated certificate files are read again when the server refuses the old ones", () =>
  Effect.gen(function*() {
    const { authority, layer, seen, state, write } = yield* prepare(
      "{tokenFile: token, client-certificate: u.crt, client-key: u.key, as: root, as-groups: [a, 'b, c']}"
    )
    const pair = Effect.fnUntraced(function*(commonName: string) {
      const { certificate, key } = yield* NodeCertificate.make({ commonName, issuer: authority })
      yield* write("u.crt", certificate)
      yield* write("u.key", key)
    })
    yield* pair("ada")
    yield* write("token", "one\n")
    yield* Effect.gen(function*() {
      yield* version
      yield* write("token", "two\n")
      yield* pair("bob")
      state.accepts = (each) => each.authorization === "Bearer two" && each.user === "bob"
      yield* version
      assert.deepStrictEqual(seen, [
        { authorization: "Bearer one", user: "ada", impersonated: ["a", "b, c"] },
        { authorization: "Bearer one", user: "ada", impersonated: ["a", "b, c"] },
        { authorization: "Bearer two", user: "bob", impersonated: ["a", "b, c"] }
      ])
    }).pipe(Effect.provide(layer))
  }).pipe(onNode))

it.live("two clusters whose users have the same name each see their own token", () =>
  Effect.gen(function*() {
    const one = yield* prepare("{token: one}")
    const two = yield* prepare("{token: two}")
    yield* Effect.all([Effect.provide(version, one.layer), Effect.provide(version, two.layer)], { concurrency: 2 })
    yield* Effect.provide(Effect.provide(version, two.layer), one.layer)
    assert.deepStrictEqual(one.seen.map((each) => each.authorization), ["Bearer one"])
    assert.deepStrictEqual(two.seen.map((each) => each.authorization), ["Bearer two", "Bearer two"])
  }).pipe(onNode))
