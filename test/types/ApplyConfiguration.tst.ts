import { describe, expect, test } from "tstyche"
import type { Deployment } from "../../src/Api/apps/v1.ts"
import type { ConfigMap, Container, Pod, PodTemplateSpec, Service } from "../../src/Api/core/v1.ts"
import type { ApplyConfiguration, Fields } from "../../src/Machinery/ApplyConfiguration.ts"

describe("ApplyConfiguration", () => {
  test("asks for the name of the object and for nothing else", () => {
    expect<ApplyConfiguration<Deployment>>().type.toBeAssignableFrom({ metadata: { name: "web" } })
    expect<ApplyConfiguration<Deployment>>().type.not.toBeAssignableFrom({})
    expect<ApplyConfiguration<Deployment>>().type.not.toBeAssignableFrom({ metadata: {} })
    expect<ApplyConfiguration<Deployment>>().type.not.toBeAssignableFrom({ spec: { replicas: 3 } })
  })

  test("makes optional what a whole object requires, at any depth", () => {
    // A whole Deployment needs spec.selector and spec.template.
    expect<ApplyConfiguration<Deployment>>().type.toBeAssignableFrom({
      metadata: { name: "web" },
      spec: { replicas: 3 }
    })
    expect<Deployment>().type.not.toBeAssignableFrom({ metadata: { name: "web" }, spec: { replicas: 3 } })
  })

  test("asks for the map keys of list items", () => {
    expect<ApplyConfiguration<Pod>>().type.toBeAssignableFrom({
      metadata: { name: "web" },
      spec: { containers: [{ name: "main", env: [{ name: "A", value: "1" }], ports: [{ containerPort: 80 }] }] }
    })
    expect<ApplyConfiguration<Pod>>().type.not.toBeAssignableFrom({
      metadata: { name: "web" },
      spec: { containers: [{ image: "nginx" }] }
    })
    expect<ApplyConfiguration<Pod>>().type.not.toBeAssignableFrom({
      metadata: { name: "web" },
      spec: { containers: [{ name: "main", env: [{ value: "1" }] }] }
    })
    expect<ApplyConfiguration<Pod>>().type.not.toBeAssignableFrom({
      metadata: { name: "web" },
      spec: { containers: [{ name: "main", ports: [{ name: "http" }] }] }
    })
  })

  test("does not ask for a map key that has a default", () => {
    // The ports of a Service are told apart by port and protocol; protocol is TCP unless given.
    expect<ApplyConfiguration<Service>>().type.toBeAssignableFrom({
      metadata: { name: "web" },
      spec: { ports: [{ port: 80 }] }
    })
    expect<ApplyConfiguration<Service>>().type.not.toBeAssignableFrom({
      metadata: { name: "web" },
      spec: { ports: [{ protocol: "TCP" as const }] }
    })
  })

  test("refuses values of another type, and managedFields", () => {
    expect<ApplyConfiguration<Deployment>>().type.not.toBeAssignableFrom({
      metadata: { name: "web" },
      spec: { replicas: "3" }
    })
    expect<ApplyConfiguration<ConfigMap>>().type.not.toBeAssignableFrom({
      metadata: { name: "web", managedFields: [{ manager: "kubectl" }] }
    })
    expect<ApplyConfiguration<ConfigMap>>().type.not.toBeAssignableFrom({
      metadata: { name: "web" },
      kind: "Secret" as const
    })
  })

  test("refuses fields that the kind does not have", () => {
    const accept = (configuration: ApplyConfiguration<Deployment>) => configuration
    expect(accept).type.toBeCallableWith({ metadata: { name: "web" }, spec: { paused: true } })
    expect(accept).type.not.toBeCallableWith({ metadata: { name: "web" }, spec: { replica: 3 } })
  })

  test("keeps maps and scalars what they are", () => {
    expect<ApplyConfiguration<ConfigMap>["data"]>().type.toBe<{ readonly [key: string]: string } | undefined>()
    expect<NonNullable<ApplyConfiguration<Deployment>["spec"]>["replicas"]>().type.toBe<number | undefined>()
    expect<Fields<Container>["command"]>().type.toBe<ReadonlyArray<string> | undefined>()
    expect<NonNullable<Fields<Container>["imagePullPolicy"]>>().type.toBe<
      NonNullable<Container["imagePullPolicy"]>
    >()
  })

  test("accepts a whole object, and a template without a name", () => {
    expect<ApplyConfiguration<Deployment>>().type.toBeAssignableFrom<
      Deployment & { readonly metadata: { readonly name: string; readonly managedFields?: never } }
    >()
    expect<Fields<PodTemplateSpec>>().type.toBeAssignableFrom({ metadata: { labels: { app: "web" } } })
  })
})
