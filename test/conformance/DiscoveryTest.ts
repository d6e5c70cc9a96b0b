/**
 * What holds of discovery: all forms of it agree, and an API that is down does not hide the others.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { APIService } from "../../src/Api/apiregistration/v1.ts"
import { Service } from "../../src/Api/core/v1.ts"
import { resources } from "../../src/Api/resources.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as DiscoveryClient from "../../src/Discovery/DiscoveryClient.ts"
import * as OpenApiClient from "../../src/Discovery/OpenApiClient.ts"
import { RestMapper } from "../../src/Discovery/RestMapper.ts"
import * as ServerResources from "../../src/Discovery/ServerResources.ts"
import * as ServerVersion from "../../src/Discovery/ServerVersion.ts"
import { DynamicClient } from "../../src/Dynamic/DynamicClient.ts"
import type { Kubernetes } from "../../src/Kubernetes.ts"
import * as GroupVersion from "../../src/Machinery/GroupVersion.ts"
import * as Resource from "../../src/Machinery/Resource.ts"
import * as Scheme from "../../src/Machinery/Scheme.ts"
import { RestClient } from "../../src/Rest/RestClient.ts"
import * as Warning from "../../src/Rest/Warning.ts"
import { manifests } from "./manifests.ts"
import * as namespace from "./namespace.ts"

const facts = (all: ServerResources.ServerResources) =>
  all.lists.flatMap(({ groupVersion, resources }) =>
    resources.map(({ kind, name, namespaced, verbs }) =>
      `${groupVersion} ${name} ${kind} ${namespaced} ${verbs.toSorted().join(",")}`
    )
  ).filter((fact) => !fact.startsWith("conformance-")).sort()

export const suite = (name: string, layer: Layer.Layer<Kubernetes, unknown>): void =>
  withLayer(layer, { excludeTestServices: true, timeout: 60_000 })(`Discovery (${name})`, (it) => {
    it.effect("tells of each built-in kind what its descriptor says", () =>
      Effect.gen(function*() {
        const all = yield* (yield* DiscoveryClient.DiscoveryClient).all
        assert.strictEqual(all.groups[0]?.name, "")
        const mapper = yield* RestMapper
        for (const resource of manifests.map(({ resource }) => resource)) {
          const { group, kind, plural, version } = resource
          assert.isTrue(ServerResources.serves(all, { group, version, resource: plural }), plural)
          const found = yield* mapper.mapping({ group, kind }, [version])
          assert.deepStrictEqual(
            [found.plural, found.singular, found.scope, found.shortNames, found.categories, found.verbs.toSorted()],
            [
              plural,
              resource.singular,
              resource.scope,
              resource.shortNames,
              resource.categories,
              resource.verbs.toSorted()
            ],
            Resource.qualifiedName(resource)
          )
          assert.deepStrictEqual(
            Object.keys(found.subresources).sort(),
            Object.keys(resource.subresources).sort(),
            Resource.qualifiedName(resource)
          )
        }
        assert.isAtLeast(resources.length, manifests.length)
      }))

    it.effect("leads with a scheme from a type to a client of what the server serves, and from its objects back", () =>
      Effect.gen(function*() {
        const space = yield* namespace.scoped
        const scheme = Scheme.make(...resources)
        const mapper = yield* RestMapper
        const dynamic = yield* DynamicClient
        for (const { resource } of manifests.filter(({ resource }) => resource.verbs.includes("list"))) {
          const { group, kind } = yield* Effect.fromResult(
            Scheme.resourceOf(scheme, Scheme.typed(resource, { metadata: { name: "any" } }))
          )
          const client = dynamic.resource(yield* mapper.mapping({ group, kind }, [resource.version]), space)
          const list = yield* client.list()
          const listKind = { ...(yield* Effect.fromResult(GroupVersion.parse(list.apiVersion))), kind: list.kind }
          assert.strictEqual(yield* Effect.fromResult(Scheme.resourceOfList(scheme, listKind)), resource)
          const served = yield* mapper.resourceFor({ group, version: resource.version, resource: resource.plural })
          assert.strictEqual(yield* Effect.fromResult(Scheme.resource(scheme, served)), resource)
        }
        const service = yield* dynamic.kind({ group: "", kind: "Service" }, "default")
        const known = Scheme.resourceOf(scheme, yield* service.get("kubernetes"))
        assert.strictEqual<unknown>(yield* Effect.fromResult(known), Service)
      }).pipe(Effect.provideService(Warning.CurrentWarningHandler, Warning.ignore)))

    it.effect("says the same in the old form as in the aggregated one", () =>
      Effect.gen(function*() {
        const rest = yield* RestClient
        const [aggregated, legacy] = yield* Effect.all([
          DiscoveryClient.make(rest).all,
          DiscoveryClient.make(rest, { isLegacy: true }).all
        ])
        assert.deepStrictEqual(facts(legacy), facts(aggregated))
        assert.deepStrictEqual(
          legacy.groups.map(({ name }) => name).filter((name) => !name.startsWith("conformance-")),
          aggregated.groups.map(({ name }) => name).filter((name) => !name.startsWith("conformance-"))
        )
        const peerless = yield* DiscoveryClient.make(rest, { isWithoutPeers: true }).all
        assert.deepStrictEqual(facts(peerless), facts(aggregated))
      }))

    it.effect("offers each resource once in the preferred version", () =>
      Effect.gen(function*() {
        const all = yield* (yield* DiscoveryClient.DiscoveryClient).all
        const preferred = ServerResources.preferred(all)
        const names = preferred.flatMap(({ groupVersion, resources }) =>
          resources.map(({ name }) => `${groupVersion.split("/").slice(0, -1).join()}/${name}`)
        )
        assert.strictEqual(new Set(names).size, names.length)
        const autoscaling = preferred.find(({ groupVersion }) => groupVersion === "autoscaling/v2")
        assert.deepStrictEqual(autoscaling?.resources.map(({ name }) => name), ["horizontalpodautoscalers"])
        const collectable = ServerResources.filter(preferred, ServerResources.supports("list", "watch", "delete"))
        assert.notInclude(collectable.flatMap(({ resources }) => resources.map(({ name }) => name)), "bindings")
      }))

    it.effect("knows the server's version", () =>
      Effect.gen(function*() {
        const version = yield* (yield* DiscoveryClient.DiscoveryClient).version
        assert.match(version.gitVersion, /^v1\.\d+/)
        assert.isTrue(ServerVersion.isAtLeast(version, 1, 30))
        assert.isFalse(ServerVersion.isAtLeast(version, 2, 0))
      }))

    it.effect("an unknown group version is not found", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip((yield* DiscoveryClient.DiscoveryClient).resources("nobody.example.com/v1"))
        assert.strictEqual(error.reason._tag, "NotFound")
      }))

    it.effect("describes its types, and sends a description once", () =>
      Effect.gen(function*() {
        const openApi = yield* OpenApiClient.OpenApiClient
        const groupVersions = yield* openApi.groupVersions
        assert.includeMembers([...groupVersions], ["v1", "apps/v1"])
        const document = yield* openApi.document("apps/v1")
        const [name] = OpenApiClient.schemaOf(document, { group: "apps", version: "v1", kind: "Deployment" }) ?? []
        assert.strictEqual(name, "io.k8s.api.apps.v1.Deployment")
        assert.strictEqual(yield* openApi.document("apps/v1"), document)
        const unknown = yield* Effect.flip(openApi.document("nobody.example.com/v1"))
        assert.strictEqual(unknown.reason._tag, "NoGroupVersion")
      }))

    it.effect("an aggregated API that is down is told apart, and the rest is there", () =>
      Effect.gen(function*() {
        const space = yield* namespace.scoped
        const group = `${space}.example.com`
        const services = yield* ResourceClient.make(APIService)
        yield* Effect.acquireRelease(
          services.create({
            metadata: { name: `v1.${group}` },
            spec: {
              group,
              version: "v1",
              groupPriorityMinimum: 1,
              versionPriority: 1,
              insecureSkipTLSVerify: true,
              service: { namespace: space, name: "nobody" }
            }
          }),
          ({ metadata }) => Effect.ignore(services.delete(metadata.name))
        )
        const rest = yield* RestClient
        const down = `${group}/v1`
        const failed = (client: DiscoveryClient.DiscoveryClient["Service"]) =>
          client.all.pipe(
            Effect.filterOrFail(
              ({ failures }) => failures.some(({ groupVersion }) => groupVersion === down),
              () => "not yet"
            ),
            Effect.retry({ times: 200, schedule: Schedule.spaced("50 millis") })
          )
        const aggregated = yield* failed(DiscoveryClient.make(rest))
        assert.isTrue(ServerResources.serves(aggregated, { group: "apps", version: "v1", resource: "deployments" }))
        const legacy = yield* failed(DiscoveryClient.make(rest, { isLegacy: true }))
        const reason = legacy.failures.find(({ groupVersion }) => groupVersion === down)?.reason
        assert.isTrue(typeof reason === "object" && reason._tag === "ApiError")
        assert.isTrue(ServerResources.serves(legacy, { group: "apps", version: "v1", resource: "deployments" }))
        const mapper = yield* RestMapper
        yield* mapper.reset
        const missed = yield* Effect.flip(mapper.mapping({ group, kind: "Website" }))
        assert.include(missed.message, down)
        assert.strictEqual((yield* mapper.find("deploy")).kind, "Deployment")
      }))
  })
