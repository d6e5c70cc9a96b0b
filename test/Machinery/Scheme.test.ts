import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import { Deployment } from "../../src/Api/apps/v1.ts"
import { Pod } from "../../src/Api/core/v1.ts"
import * as Resource from "../../src/Machinery/Resource.ts"
import * as Scheme from "../../src/Machinery/Scheme.ts"

interface Website extends Resource.KubeObject {
  readonly spec?: { readonly image?: string; readonly replicas?: number }
}
const facts = { group: "example.com", kind: "Website", plural: "websites", scope: "Namespaced" } as const
const Website = Resource.make<Website>()({ ...facts, version: "v1" })

interface OldWebsite extends Resource.KubeObject {
  readonly spec?: { readonly container?: string }
}
const OldWebsite = Resource.make<OldWebsite>()({ ...facts, version: "v1beta1" })

const scheme = Scheme.make(OldWebsite, Website, Deployment, Pod)

it.effect("leads from an object to its descriptor and back", () =>
  Effect.gen(function*() {
    const deployment = Scheme.typed(Deployment, { metadata: { name: "web" } })
    assert.deepStrictEqual(deployment, { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" } })
    const resource = yield* Effect.fromResult(Scheme.resourceOf(scheme, deployment))
    assert.strictEqual<unknown>(resource, Deployment)
    assert.strictEqual(resource.plural, "deployments")
    const list = { group: "apps", version: "v1", kind: "DeploymentList" }
    assert.strictEqual<unknown>(yield* Effect.fromResult(Scheme.resourceOfList(scheme, list)), Deployment)
    assert.isTrue(Scheme.recognizes(scheme, Pod))
    assert.isFalse(Scheme.recognizes(scheme, list))
  }))

it("lists kinds and versions, the preferred version first", () => {
  assert.deepStrictEqual(Scheme.versionsOf(scheme, "example.com"), ["v1", "v1beta1"])
  assert.deepStrictEqual(Scheme.kindsOf(scheme, { group: "", version: "v1" }).map(({ kind }) => kind), ["Pod"])
  assert.lengthOf(Scheme.register(scheme, Pod).resources, 4)
})

it.effect("an unknown kind, a missing type and a missing conversion are typed errors", () =>
  Effect.gen(function*() {
    const attempts: ReadonlyArray<Result.Result<unknown, { readonly message: string }>> = [
      Scheme.resourceOf(scheme, { apiVersion: "example.com/v2", kind: "Website" }),
      Scheme.resourceOf(scheme, { apiVersion: "v1" }),
      Scheme.resourceOf(scheme, { kind: "Pod" }),
      Scheme.resourceOf(scheme, { apiVersion: "a/b/c", kind: "Pod" }),
      Scheme.convert(scheme, { apiVersion: "example.com/v1", kind: "Website" }, OldWebsite)
    ]
    const messages = yield* Effect.forEach(attempts, (attempt) =>
      Effect.map(Effect.flip(Effect.fromResult(attempt)), (error) => error.message))
    assert.deepStrictEqual(messages, [
      "no kind \"Website\" is registered for version \"example.com/v2\"",
      "an object without kind has no type",
      "an object without apiVersion has no type",
      "invalid apiVersion \"a/b/c\": unexpected GroupVersion string: a/b/c (at position 3)",
      "no conversion of \"Website\" from \"example.com/v1\" to \"example.com/v1beta1\" is registered"
    ])
  }))

it.effect("runs defaults in order and converts between versions, without changing the object given", () =>
  Effect.gen(function*() {
    const full = Scheme.withConversion(
      Scheme.withDefaults(
        Scheme.withDefaults(scheme, Website, (website) => ({ ...website, spec: { replicas: 1, ...website.spec } })),
        Website,
        (website) => ({
          ...website,
          spec: { ...website.spec, image: `${website.spec?.image}:${website.spec?.replicas}` }
        })
      ),
      OldWebsite,
      Website,
      ({ spec, ...rest }) => ({ ...rest, spec: spec?.container === undefined ? {} : { image: spec.container } })
    )
    const old = {
      apiVersion: "example.com/v1beta1",
      kind: "Website",
      metadata: { name: "w" },
      spec: { container: "nginx" }
    }
    const converted = yield* Effect.fromResult(Scheme.convert(full, old, Website))
    assert.deepStrictEqual<unknown>(converted, {
      apiVersion: "example.com/v1",
      kind: "Website",
      metadata: { name: "w" },
      spec: { image: "nginx" }
    })
    assert.deepStrictEqual<unknown>(Scheme.applyDefaults(full, converted), {
      ...converted,
      spec: { image: "nginx:1", replicas: 1 }
    })
    assert.strictEqual(Scheme.applyDefaults(full, old), old)
    assert.strictEqual<unknown>(yield* Effect.fromResult(Scheme.convert(full, old, OldWebsite)), old)
    assert.strictEqual(Scheme.applyDefaults(scheme, converted), converted)
  }))
