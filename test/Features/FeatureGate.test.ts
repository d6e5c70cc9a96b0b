import { assert, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as FeatureGate from "../../src/Features/FeatureGate.ts"

const beta = FeatureGate.make({ name: "Something", stage: "Beta" })
const alpha = FeatureGate.make({ name: "Something", stage: "Alpha" })
const locked = FeatureGate.make({ name: "Something", stage: "GA", isLocked: true })

const withEnv = (env: { readonly [name: string]: string }) => <A>(effect: Effect.Effect<A>): Effect.Effect<A> =>
  Effect.provideService(effect, ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))

it.effect("follows the stage's default unless told", () =>
  Effect.gen(function*() {
    assert.isTrue(yield* FeatureGate.isEnabled(beta))
    assert.isFalse(yield* FeatureGate.isEnabled(alpha))
    assert.isTrue(yield* FeatureGate.isEnabled(locked))
  }).pipe(withEnv({})))

it.effect("follows the environment under client-go's name", () =>
  Effect.gen(function*() {
    for (const [text, isOn] of [["true", true], ["True", true], ["1", true], ["false", false], ["0", false]] as const) {
      const chosen = withEnv({ KUBE_FEATURE_Something: text })
      assert.strictEqual(yield* chosen(FeatureGate.isEnabled(beta)), isOn)
      assert.strictEqual(yield* chosen(FeatureGate.isEnabled(alpha)), isOn)
    }
  }))

it.effect("ignores a value that is neither true nor false", () =>
  Effect.gen(function*() {
    const chosen = withEnv({ KUBE_FEATURE_Something: "maybe" })
    assert.isTrue(yield* chosen(FeatureGate.isEnabled(beta)))
    assert.isFalse(yield* chosen(FeatureGate.isEnabled(alpha)))
  }))

it.effect("puts the program's decision before the environment's, and the lock before both", () =>
  Effect.gen(function*() {
    const chosen = withEnv({ KUBE_FEATURE_Something: "true" })
    const off = FeatureGate.layer({ Something: false })
    assert.isFalse(yield* chosen(Effect.provide(FeatureGate.isEnabled(beta), off)))
    assert.isTrue(yield* chosen(Effect.provide(FeatureGate.isEnabled(locked), off)))
  }))

it("names each feature once", () => {
  const names = FeatureGate.features.map((feature) => feature.name)
  assert.strictEqual(new Set(names).size, names.length)
})
