import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import { describe, expect, test } from "tstyche"
import { Deployment } from "../../src/Api/apps/v1.ts"
import type { TokenRequest } from "../../src/Api/authentication/v1.ts"
import type { Scale } from "../../src/Api/autoscaling/v1.ts"
import { ConfigMap, Namespace, Pod, ServiceAccount } from "../../src/Api/core/v1.ts"
import type { Eviction } from "../../src/Api/policy/v1.ts"
import { ClusterRole } from "../../src/Api/rbac/v1.ts"
import type { Clientset } from "../../src/Clientset/Clientset.ts"
import * as Entry from "../../src/Clientset/Entry.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as Wait from "../../src/Clientset/Wait.ts"
import * as WaitCondition from "../../src/Clientset/WaitCondition.ts"
import type { ApiError } from "../../src/Machinery/ApiError.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import type { RequestError } from "../../src/Machinery/RequestError.ts"
import type { Persisted } from "../../src/Machinery/Resource.ts"
import type { Status } from "../../src/Machinery/Status.ts"
import type { Failure } from "../../src/Watch/ListWatch.ts"

type ClientOf<M> = M extends Effect.Effect<infer Client, infer _E, infer _R> ? Client : never

const deployments = ResourceClient.make(Deployment, "default")
const pods = ResourceClient.make(Pod, "default")
const accounts = ResourceClient.make(ServiceAccount, "default")
const namespaces = ResourceClient.make(Namespace)
const configMaps = ResourceClient.make(ConfigMap)

declare const deploymentClient: ClientOf<typeof deployments>
declare const podClient: ClientOf<typeof pods>
declare const accountClient: ClientOf<typeof accounts>
declare const namespaceClient: ClientOf<typeof namespaces>
declare const configMapClient: ClientOf<typeof configMaps>
declare const clientset: Clientset["Service"]

describe("a client", () => {
  test("of a cluster-scoped kind takes no namespace", () => {
    expect(ResourceClient.make).type.toBeCallableWith(ClusterRole)
    expect(ResourceClient.make).type.not.toBeCallableWith(ClusterRole, "default")
    expect(clientset.rbacV1.clusterRoles).type.toBeCallableWith()
    expect(clientset.rbacV1.clusterRoles).type.not.toBeCallableWith("default")
    expect(clientset.coreV1.configMaps).type.toBeCallableWith("default")
    expect(clientset.coreV1.configMaps).type.toBeCallableWith()
  })

  test("returns objects whose identity is present", () => {
    expect(deploymentClient.get("web")).type.toBe<
      Effect.Effect<Persisted<Deployment, "Namespaced">, ApiError | RequestError>
    >()
    type Web = Effect.Success<ReturnType<typeof deploymentClient.get>>
    expect<Web["metadata"]["resourceVersion"]>().type.toBe<string>()
    expect<Web["metadata"]["namespace"]>().type.toBe<string>()
    expect<Web>().type.toBeAssignableTo<Deployment>()
    type Default = Effect.Success<ReturnType<typeof namespaceClient.get>>
    expect<Default["metadata"]["namespace"]>().type.toBe<string | undefined>()
  })

  test("hands a reason to its handler, and the others to the one for the rest", () => {
    const handled = deploymentClient.get("web").pipe(
      Effect.asSome,
      Effect.catchReason("ApiError", "NotFound", (reason) => {
        expect(reason._tag).type.toBe<"NotFound">()
        return Effect.succeedNone
      }, (_reason, error) => Effect.fail(error))
    )
    type Failed = Extract<Effect.Error<typeof handled>, { readonly _tag: "ApiError" }>
    expect<Extract<Failed["reason"], { readonly _tag: "NotFound" }>>().type.toBe<never>()
    expect<Extract<Failed["reason"], { readonly _tag: "Conflict" }>["_tag"]>().type.toBe<"Conflict">()
  })

  test("updates a status only where there is one", () => {
    expect(deploymentClient.updateStatus).type.toBeCallableWith({ metadata: { name: "web" } })
    expect(configMapClient.updateStatus).type.not.toBeCallableWith({ metadata: { name: "web" } })
    expect(configMapClient.applyStatus).type.not.toBeCallableWith({ metadata: { name: "web" } }, { fieldManager: "me" })
  })

  test("knows the subresources of its kind by name, body and verbs", () => {
    expect(deploymentClient.subresource).type.toBeCallableWith("scale")
    expect(deploymentClient.subresource).type.not.toBeCallableWith("log")
    expect(podClient.subresource).type.not.toBeCallableWith("exec")
    expect(configMapClient.subresource).type.not.toBeCallableWith("status")
    expect(deploymentClient.subresource("scale")).type.toBe<ResourceClient.SubresourceClient<Scale>>()
    expect(podClient.subresource("eviction")).type.toBe<ResourceClient.SubresourceClient<Eviction, "create">>()
    expect(namespaceClient.subresource("finalize")).type.toBe<ResourceClient.SubresourceClient<Namespace, "update">>()
    expect(deploymentClient.subresource("scale")).type.not.toHaveProperty("create")
    expect(podClient.subresource("eviction")).type.not.toHaveProperty("get")
  })

  test("answers a Status to what is not stored, and the body to what is", () => {
    expect(podClient.subresource("eviction").create("web-0", {})).type.toBe<
      Effect.Effect<Status, ApiError | RequestError>
    >()
    expect(accountClient.subresource("token").create("web", { spec: { audiences: [] } })).type.toBe<
      Effect.Effect<TokenRequest, ApiError | RequestError>
    >()
  })

  test("reads logs only of what has one", () => {
    expect(podClient.log("web-0", { tailLines: 10 })).type.toBe<Effect.Effect<string, ApiError | RequestError>>()
    expect(podClient.logBytes("web-0", { follow: true })).type.toBe<
      Stream.Stream<Uint8Array, ApiError | RequestError>
    >()
    expect(podClient.log).type.not.toBeCallableWith("web-0", { tailLines: "10" })
    expect(deploymentClient.log).type.not.toBeCallableWith("web")
  })
})

describe("a patch", () => {
  test("that applies names its field manager", () => {
    expect(Patch.apply<Deployment>).type.toBeCallableWith({ metadata: { name: "web" } }, { fieldManager: "me" })
    expect(Patch.apply<Deployment>).type.not.toBeCallableWith({ metadata: { name: "web" } }, {})
    expect(Patch.apply<Deployment>).type.not.toBeCallableWith({ metadata: { name: "web" } })
    expect(deploymentClient.apply).type.not.toBeCallableWith({ metadata: { name: "web" } })
    expect(deploymentClient.apply).type.not.toBeCallableWith({ metadata: {} }, { fieldManager: "me" })
  })

  test("is checked against the fields of the kind", () => {
    expect(deploymentClient.patch).type.toBeCallableWith("web", Patch.merge<Deployment>({ spec: { replicas: 3 } }))
    expect(Patch.merge<Deployment>).type.not.toBeCallableWith({ spec: { replicas: "3" } })
    expect(deploymentClient.patch).type.not.toBeCallableWith("web", Patch.merge<ConfigMap>({ data: { a: "b" } }))
  })
})

describe("an entry", () => {
  test("knows the kind of its client", () => {
    const entry = Entry.make(configMapClient, "settings").pipe(
      Entry.orMake(() => ({ data: {} })),
      Entry.change((settings) => ({ ...settings, data: { ...settings.data, color: "blue" } })),
      Entry.commit()
    )
    expect(entry).type.toBe<
      Effect.Effect<Entry.Committed<Persisted<ConfigMap, "Namespaced">>, ApiError | RequestError>
    >()
    expect(Entry.make(configMapClient, "settings").pipe).type.not.toBeCallableWith(
      Entry.orMake<ConfigMap, "Namespaced">(() => ({ data: { a: "b" } })),
      Entry.change<Pod, "Namespaced">((pod) => pod)
    )
  })
})

describe("a wait", () => {
  test("takes conditions that its kind can meet", () => {
    expect(Wait.until(deploymentClient, "web", WaitCondition.available)).type.toBe<
      Effect.Effect<Persisted<Deployment, "Namespaced">, Failure | Wait.WaitTimeout>
    >()
    expect(Wait.until(podClient, "web-0", WaitCondition.or(WaitCondition.ready, WaitCondition.deleted))).type
      .toBeAssignableTo<Effect.Effect<Pod, Failure | Wait.WaitTimeout>>()
    const bound = WaitCondition.make<{ readonly spec?: { readonly nodeName?: string } }>(
      "bound",
      (pod) => pod?.spec?.nodeName !== undefined
    )
    expect(Wait.until).type.toBeCallableWith(podClient, "web-0", WaitCondition.and(bound, WaitCondition.ready))
  })
})
