import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { resources } from "../../src/Api/resources.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as DynamicResource from "../../src/Discovery/DynamicResource.ts"
import * as InformerFactory from "../../src/Informer/InformerFactory.ts"
import * as JsonMergePatch from "../../src/Machinery/JsonMergePatch.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as Resource from "../../src/Machinery/Resource.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as RestListWatch from "../../src/Rest/RestListWatch.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as RandomJson from "../randomJson.ts"
import * as StubTransport from "../Rest/stubTransport.ts"

const initialEventsEnd = { metadata: { resourceVersion: "1", annotations: { "k8s.io/initial-events-end": "true" } } }

/** A server that stores one object as it comes, and understands merge patches and whole objects. */
const echo = (initial: object) => {
  let stored = initial
  const answer = (body: object) => ({ status: 200, body: JSON.stringify(body) })
  return StubTransport.make((request) => {
    const path = new URL(request.path, "https://stub")
    if (path.searchParams.get("watch") === "true") {
      const lines = [{ type: "ADDED", object: stored }, { type: "BOOKMARK", object: initialEventsEnd }]
      const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("")
      return { status: 200, body: Stream.concat(Stream.make(new TextEncoder().encode(text)), Stream.never) }
    }
    if (request.method === "GET" && !path.pathname.endsWith("/odd")) {
      const { apiVersion, kind } = initial as { readonly apiVersion: string; readonly kind: string }
      return answer({ apiVersion, kind: `${kind}List`, metadata: { resourceVersion: "1" }, items: [stored] })
    }
    const body: object = request.body === undefined ? {} : JSON.parse(String(request.body))
    const isMerge = StubTransport.values(request, "content-type").includes("application/merge-patch+json")
    if (isMerge) stored = JsonMergePatch.apply<object>(stored, body)
    else if (request.method !== "GET") stored = body
    return answer(stored)
  })
}

const clone = <A>(value: A): A => JSON.parse(JSON.stringify(value))

// A server stores no null that came by a merge patch, which removes by it.
const withoutNull = (value: Schema.Json): Schema.Json => {
  if (Array.isArray(value)) return value.filter((item) => item !== null).map(withoutNull)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).filter(([key, member]) => member !== null && key !== "__proto__").map((
      [key, member]
    ) => [key, withoutNull(member)])
  )
}

/** Random members, and among them what a careless client may take for its own. */
const membersOf = ([first, second]: readonly [Schema.Json, { readonly [key: string]: Schema.Json }]) => {
  const { apiVersion: _, kind: _2, metadata: _3, ...others } = clone(second)
  const value = clone(first ?? "absent")
  const members = withoutNull({
    ...others,
    "x-kubernetes-odd": value,
    spec: { $ref: value, items: [{ "f:name": value }], metadata: { name: 7 } },
    status: { constructor: value, "": value }
  })
  return members as { readonly [key: string]: Schema.Json }
}

const Members = Schema.Tuple([RandomJson.Json, RandomJson.Members])

for (const resource of resources.filter(({ verbs }) => verbs.includes("update"))) {
  it.effect.prop(
    `${Resource.qualifiedName(resource)} ${resource.version} keeps what its type does not know`,
    [Members, Members, Members],
    (random) =>
      Effect.gen(function*() {
        const [unknown, deep, added] = [membersOf(random[0]), membersOf(random[1]), membersOf(random[2])]
        const metadata = {
          ...deep,
          name: "odd",
          uid: "1",
          resourceVersion: "1",
          creationTimestamp: "2026-01-02T03:04:05Z",
          ...(resource.scope === "Namespaced" ? { namespace: "default" } : {})
        }
        const object = { apiVersion: Resource.apiVersion(resource), kind: resource.kind, metadata, ...unknown }
        const stub = echo(object)
        const rest = yield* Effect.provideService(RestClient.make(), Transport.Transport, stub.transport)
        const typed = resource as Resource.Resource<Resource.KubeObject, "Namespaced">
        const namespace = resource.scope === "Namespaced" ? "default" : undefined
        const dynamic = DynamicResource.fromResource(resource)
        for (
          const client of [
            ResourceClient.fromRestClient(rest, typed, namespace),
            ResourceClient.fromRepresentation(rest, dynamic, RestListWatch.objects(dynamic), namespace)
          ]
        ) {
          assert.deepStrictEqual(clone(yield* client.update(object)), object)
          const read = yield* client.get("odd")
          assert.deepStrictEqual(clone(read), object)
          assert.deepStrictEqual<ReadonlyArray<unknown>>(clone((yield* client.list()).items), [object])
          const changed = { ...read, ...added, metadata: { ...read.metadata, labels: { changed: "yes" } } }
          assert.deepStrictEqual(clone(yield* client.update(changed)), clone(changed))
          const patched = yield* client.patch(
            "odd",
            Patch.merge<unknown>(JsonMergePatch.create<object>(changed, object))
          )
          assert.deepStrictEqual(clone(patched), object)
          const applied = yield* client.apply(clone(object), { fieldManager: "me" })
          assert.deepStrictEqual(clone(applied), object)
        }
        const informed = yield* Effect.scoped(
          Effect.gen(function*() {
            const informers = yield* InformerFactory.InformerFactory
            const informer = yield* informers.get(typed, {})
            yield* informer.awaitSynced
            return yield* informer.list
          }).pipe(
            Effect.provide(
              InformerFactory.layer.pipe(
                Layer.provide(RestListWatch.layer),
                Layer.provide(Layer.succeed(RestClient.RestClient, rest))
              )
            )
          )
        )
        assert.deepStrictEqual<ReadonlyArray<unknown>>(clone(informed), [object])
      }),
    { arbitrary: { runs: 3 } }
  )
}
