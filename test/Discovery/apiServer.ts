import * as Effect from "effect/Effect"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as StubTransport from "../Rest/stubTransport.ts"

export const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

/** One resource of aggregated discovery. */
export const resource = (kind: string, extra: object = {}) => ({
  resource: `${kind.toLowerCase()}s`,
  responseKind: { group: "", version: "", kind },
  scope: "Namespaced",
  singularResource: kind.toLowerCase(),
  verbs: ["get", "list"],
  ...extra
})

export const group = (name: string, versions: { readonly [version: string]: ReadonlyArray<object> | "Stale" }) => ({
  metadata: name === "" ? {} : { name },
  versions: Object.entries(versions).map(([version, resources]) =>
    resources === "Stale"
      ? { version, freshness: "Stale" }
      : { version, resources, freshness: "Current" }
  )
})

export const aggregated = (...items: ReadonlyArray<object>): StubTransport.Answer => ({
  status: 200,
  headers: { "content-type": aggregatedType },
  body: JSON.stringify({ kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", items })
})

export const json = (body: unknown): StubTransport.Answer => ({ status: 200, body: JSON.stringify(body) })

/** A server that answers by path, 404 elsewhere. */
export const make = (routes: { readonly [path: string]: StubTransport.Answer | (() => StubTransport.Answer) }) =>
  StubTransport.make(({ path }) => {
    const route = routes[path]
    return route === undefined ? { status: 404 } : typeof route === "function" ? route() : route
  })

export const rest = (stub: StubTransport.Stub) =>
  Effect.provideService(RestClient.make(), Transport.Transport, stub.transport)

export const paths = (stub: StubTransport.Stub) => stub.sent.map(({ path }) => path)
