/**
 * `FeatureGate`: behaviour of the client that can be turned on or off by name.
 *
 * A feature has a stage and a default. `KUBE_FEATURE_<name>=true|false` overrides it, as it does in client-go, and
 * `overrides` overrides both, for a program or a test. Where a feature is locked, nothing does.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Variable from "./Variable.ts"

/**
 * How far a feature has come: Alpha may vanish, Beta may change, GA stays, Deprecated will go.
 *
 * @category models
 * @since 0.1.0
 */
export type Stage = "Alpha" | "Beta" | "GA" | "Deprecated"

/**
 * @category models
 * @since 0.1.0
 */
export interface Feature {
  /** As client-go names it, where it has the feature. */
  readonly name: string
  readonly stage: Stage
  readonly default: boolean
  /** Whether the default cannot be overridden. */
  readonly isLocked: boolean
}

/**
 * Describes a feature. Alpha features are off, all others on, unless `default` says otherwise.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: {
  readonly name: string
  readonly stage: Stage
  readonly default?: boolean | undefined
  readonly isLocked?: boolean | undefined
}): Feature => ({
  name: options.name,
  stage: options.stage,
  default: options.default ?? options.stage !== "Alpha",
  isLocked: options.isLocked ?? false
})

/**
 * Informers stream their first list over the watch (KEP-3157). On by default, as in client-go since 1.35.
 *
 * @category models
 * @since 0.1.0
 */
export const WatchListClient: Feature = make({ name: "WatchListClient", stage: "Beta" })

/**
 * Informers reuse what did not change between two versions of an object instead of parsing it again.
 *
 * @category models
 * @since 0.1.0
 */
export const IncrementalDecode: Feature = make({ name: "IncrementalDecode", stage: "Beta" })

/**
 * All features of this library.
 *
 * @category models
 * @since 0.1.0
 */
export const features: ReadonlyArray<Feature> = [WatchListClient, IncrementalDecode]

/**
 * What a program decided itself, by feature name. Empty unless provided.
 *
 * @category services
 * @since 0.1.0
 */
export const Overrides: Context.Reference<{ readonly [name: string]: boolean }> = Context.Reference(
  "effect-kubernetes/Features/FeatureGate/Overrides",
  { defaultValue: (): { readonly [name: string]: boolean } => ({}) }
)

/**
 * Decides features for everything below the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (overrides: { readonly [name: string]: boolean }): Layer.Layer<never> =>
  Layer.succeed(Overrides)(overrides)

/**
 * Whether a feature is on: locked default, else override, else environment, else default. A variable that is neither
 * `true` nor `false` is logged and ignored.
 *
 * @category accessors
 * @since 0.1.0
 */
export const isEnabled = Effect.fnUntraced(function*(feature: Feature): Effect.fn.Return<boolean> {
  const overrides = yield* Overrides
  const chosen = Object.hasOwn(overrides, feature.name)
    ? overrides[feature.name]
    : yield* Variable.isOn(variableOf(feature))
  if (chosen === undefined || chosen === feature.default) return feature.default
  if (!feature.isLocked) return chosen
  yield* Effect.logWarning("the feature is locked and keeps its default").pipe(
    Effect.annotateLogs({ feature: feature.name, default: feature.default })
  )
  return feature.default
})

const variableOf = (feature: Feature): string => `KUBE_FEATURE_${feature.name}`
