import { describe, expect, test } from "tstyche"
import { Deployment } from "../../src/Api/apps/v1.ts"
import type { Scale } from "../../src/Api/autoscaling/v1.ts"
import type { Container, Namespace, Pod, PodLogOptions, ServicePort } from "../../src/Api/core/v1.ts"
import type * as groups from "../../src/Api/groups.ts"
import type { Quantity } from "../../src/Api/meta/v1.ts"
import { ClusterRole } from "../../src/Api/rbac/v1.ts"
import { resources } from "../../src/Api/resources.ts"
import type * as Resource from "../../src/Machinery/Resource.ts"

describe("a descriptor", () => {
  test("knows its type, scope and subresources", () => {
    expect(Deployment).type.toBe<Resource.Resource<Deployment, "Namespaced", { scale: Scale; status: Deployment }>>()
    expect(ClusterRole).type.toBe<Resource.Resource<ClusterRole, "Cluster">>()
    expect<Resource.ObjectOf<typeof Namespace>>().type.toBe<Namespace>()
  })

  test("tells subresources that are objects from those that are streams", () => {
    type Sub = typeof Pod extends Resource.Resource<Pod, "Namespaced", infer Sub> ? Sub : never
    expect<Resource.ObjectSubresource<Sub>>().type.toBe<
      "binding" | "ephemeralcontainers" | "eviction" | "resize" | "status"
    >()
    expect<Sub["log" & keyof Sub]>().type.toBe<Resource.Connect<PodLogOptions>>()
  })

  test("is found in its table under its plural", () => {
    expect<typeof groups["appsV1"]["deployments"]>().type.toBe<typeof Deployment>()
    expect<keyof typeof groups["appsV1"]>().type.toBe<
      "controllerRevisions" | "daemonSets" | "deployments" | "replicaSets" | "statefulSets"
    >()
    expect(resources).type.toBe<ReadonlyArray<Resource.AnyResource>>()
  })
})

describe("a type", () => {
  test("has literal apiVersion and kind, which may be left out", () => {
    expect<Deployment>().type.toBeAssignableFrom({})
    expect<Deployment>().type.not.toBeAssignableFrom({ apiVersion: "apps/v1beta1" as const })
    expect<Deployment["kind"]>().type.toBe<"Deployment" | undefined>()
  })

  test("is open to values that a newer server adds, and closed to other types", () => {
    expect<Container["imagePullPolicy"]>().type.toBeAssignableFrom<"Always" | "Never" | "IfNotPresent" | "Sometimes">()
    expect<Container["imagePullPolicy"]>().type.not.toBeAssignableFrom<number>()
  })

  test("cannot be changed in place", () => {
    expect<Pod>().type.not.toBeAssignableFrom<
      { readonly spec: { readonly containers: ReadonlyArray<{ image: string }> } }
    >()
    const rename = (pod: Pod): void => {
      // @ts-expect-error Cannot assign to 'kind' because it is a read-only property.
      pod.kind = "Pod"
    }
    expect(rename).type.toBeCallableWith({})
  })

  test("takes plain arrays where the server sees a map", () => {
    expect<NonNullable<Pod["spec"]>["containers"]>().type.toBeAssignableFrom<ReadonlyArray<Container>>()
    expect<ReadonlyArray<Container>>().type.toBeAssignableFrom<NonNullable<Pod["spec"]>["containers"]>()
  })

  test("takes a quantity as text or as a number", () => {
    expect<Quantity>().type.toBe<string | number>()
  })

  test("takes a port or an amount as a number or as text, and nothing else", () => {
    expect<NonNullable<ServicePort["targetPort"]>>().type.toBe<string | number>()
    expect<ServicePort>().type.toBeAssignableFrom<{ readonly port: 80; readonly targetPort: "http" }>()
    expect<ServicePort>().type.not.toBeAssignableFrom<{ readonly port: 80; readonly targetPort: object }>()
  })
})
