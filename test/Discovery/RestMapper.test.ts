import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as CachedDiscovery from "../../src/Discovery/CachedDiscovery.ts"
import * as DiscoveryClient from "../../src/Discovery/DiscoveryClient.ts"
import * as OpenApiClient from "../../src/Discovery/OpenApiClient.ts"
import * as RestMapper from "../../src/Discovery/RestMapper.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import type { TransportRequest } from "../../src/Rest/Transport.ts"
import type * as StubTransport from "../Rest/stubTransport.ts"
import * as apiServer from "./apiServer.ts"

const core = apiServer.group("", { v1: [apiServer.resource("Pod", { shortNames: ["po"] })] })
const website = { group: "demo.example.com", kind: "Website" }

/** A cluster in which the kind Website may appear. */
const cluster = () => {
  const state = { hasWebsite: false }
  const stub = apiServer.make({
    "/api": apiServer.aggregated(core),
    "/apis": () =>
      apiServer.aggregated(
        ...(state.hasWebsite ? [apiServer.group(website.group, { v1: [apiServer.resource("Website")] })] : [])
      )
  })
  return { stub, state }
}

const mapperOver = (stub: StubTransport.Stub) =>
  Effect.gen(function*() {
    const discovery = yield* CachedDiscovery.memory(DiscoveryClient.make(yield* apiServer.rest(stub)))
    const mapper = yield* Effect.provideService(RestMapper.make, DiscoveryClient.DiscoveryClient, discovery)
    return { discovery, mapper }
  })

it.effect("asks when it is first needed, and then no more", () =>
  Effect.gen(function*() {
    const { stub } = cluster()
    const { mapper } = yield* mapperOver(stub)
    assert.strictEqual(stub.sent.length, 0)
    yield* Effect.all([mapper.find("po"), mapper.resourceFor({ resource: "pods" }), mapper.category("all")], {
      concurrency: 3
    })
    assert.strictEqual(stub.sent.length, 2)
  }))

it.effect("asks again on a miss, so that a new kind is found at once", () =>
  Effect.gen(function*() {
    const { state, stub } = cluster()
    const { mapper } = yield* mapperOver(stub)
    yield* mapper.find("po")
    state.hasWebsite = true
    const found = yield* mapper.mapping(website)
    assert.deepStrictEqual([found.plural, found.scope], ["websites", "Namespaced"])
    assert.strictEqual(stub.sent.length, 4)
    yield* mapper.mapping(website)
    assert.strictEqual(stub.sent.length, 4)
  }))

it.effect("asks again on a miss in what somebody else had asked for", () =>
  Effect.gen(function*() {
    const { state, stub } = cluster()
    const { discovery, mapper } = yield* mapperOver(stub)
    yield* discovery.all
    state.hasWebsite = true
    assert.strictEqual((yield* mapper.find("Website")).plural, "websites")
  }))

it.effect("does not ask twice for one miss, and once for many at a time", () =>
  Effect.gen(function*() {
    const { stub } = cluster()
    const { execute } = stub.transport
    // As over a network, others run while an answer is on its way.
    const transport = {
      ...stub.transport,
      execute: (request: TransportRequest) => Effect.andThen(Effect.yieldNow, execute(request))
    }
    const { mapper } = yield* mapperOver({ ...stub, transport })
    const first = yield* Effect.flip(mapper.mapping(website))
    assert.strictEqual(first.reason._tag, "NoKindMatch")
    assert.strictEqual(stub.sent.length, 2)
    yield* Effect.forEach(Array.from({ length: 10 }), () => Effect.flip(mapper.mapping(website)), { concurrency: 10 })
    assert.strictEqual(stub.sent.length, 4)
  }))

it.effect("forgets when told to, and fails where discovery does", () =>
  Effect.gen(function*() {
    const { stub } = cluster()
    const { mapper } = yield* mapperOver(stub)
    yield* mapper.find("pods")
    yield* mapper.reset
    yield* mapper.find("pods")
    assert.strictEqual(stub.sent.length, 4)
    const { mapper: broken } = yield* mapperOver(apiServer.make({}))
    const error = yield* Effect.flip(broken.find("pods"))
    assert.strictEqual(error._tag, "ApiError")
  }))

it.effect("an OpenAPI document is read once for each hash", () =>
  Effect.gen(function*() {
    let hash = "A"
    const document = { openapi: "3.0.0", components: { schemas: {} } }
    const stub = apiServer.make({
      "/openapi/v3": () =>
        apiServer.json({
          paths: {
            "api/v1": { serverRelativeURL: `/openapi/v3/api/v1?hash=${hash}` },
            "apis/apps/v1": { serverRelativeURL: "/openapi/v3/apis/apps/v1" },
            "apis/apps": { serverRelativeURL: "/openapi/v3/apis/apps?hash=1" },
            version: { serverRelativeURL: "/openapi/v3/version?hash=2" }
          }
        }),
      "/openapi/v3/api/v1?hash=A": apiServer.json(document),
      "/openapi/v3/api/v1?hash=B": apiServer.json({ ...document, openapi: "3.1.0" }),
      "/openapi/v3/apis/apps/v1": apiServer.json({ swagger: "2.0" })
    })
    const openApi = yield* Effect.provideServiceEffect(
      OpenApiClient.make,
      RestClient.RestClient,
      apiServer.rest(stub)
    )
    assert.deepStrictEqual(yield* openApi.groupVersions, ["v1", "apps/v1"])
    yield* openApi.document("v1")
    yield* openApi.document("v1")
    hash = "B"
    assert.strictEqual((yield* openApi.document("v1")).openapi, "3.1.0")
    assert.deepStrictEqual(apiServer.paths(stub).filter((path) => path !== "/openapi/v3"), [
      "/openapi/v3/api/v1?hash=A",
      "/openapi/v3/api/v1?hash=B"
    ])
    const odd = yield* Effect.flip(openApi.document("apps/v1"))
    assert.include(odd.message, "not an OpenAPI v3 document")
    assert.strictEqual((yield* Effect.flip(openApi.document("nobody/v1"))).reason._tag, "NoGroupVersion")
  }))
