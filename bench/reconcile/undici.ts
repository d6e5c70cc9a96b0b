/**
 * `undici.ts KUBECONFIG NAMESPACE`: what a client that reads JSON pays on this machine before it has done anything.
 *
 * Streams the ConfigMaps of a namespace over plain undici, parses each line and drops it; prints how long that took, in
 * milliseconds from the making of its connection. The kubeconfig is read before that, by this library.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Undici from "@effect/platform-node/Undici"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as ClientConfig from "../../src/Config/ClientConfig.ts"
import * as CredentialResolver from "../../src/Config/CredentialResolver.ts"
import * as NodeTransport from "../../src/Rest/NodeTransport.ts"

const [path = "", namespace = ""] = process.argv.slice(2)

const config = Effect.gen(function*() {
  const { ca, credential, server } = yield* NodeTransport.fromConfig
  const { authorization } = yield* credential.get
  return {
    server,
    ca: ca === undefined ? undefined : yield* ca.get,
    headers: authorization === undefined ? {} : { authorization: Redacted.value(authorization) }
  }
}).pipe(
  Effect.provide(Layer.merge(ClientConfig.layerKubeconfig({ path }), CredentialResolver.layerStatic)),
  Effect.provide(NodeServices.layer),
  Effect.scoped
)

const { ca, headers, server } = await Effect.runPromise(config)
const from = performance.now()
const { body } = await Undici.request(
  `${server}/api/v1/namespaces/${namespace}/configmaps?watch=true&sendInitialEvents=true&allowWatchBookmarks=true`
    + "&resourceVersionMatch=NotOlderThan",
  { dispatcher: new Undici.Agent({ connect: ca === undefined ? {} : { ca } }), headers }
)
let rest: Buffer | undefined
body.on("data", (data: Buffer) => {
  const chunk = rest === undefined ? data : Buffer.concat([rest, data])
  let start = 0
  for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
    const { type } = JSON.parse(chunk.toString("utf8", start, end))
    start = end + 1
    if (type !== "BOOKMARK") continue
    process.stdout.write(`${(performance.now() - from).toFixed(3)}\n`, () => process.exit())
  }
  rest = start === chunk.length ? undefined : chunk.subarray(start)
})
