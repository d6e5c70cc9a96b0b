/**
 * `MutationDetector`: makes a write to a cached object fail where it happens.
 *
 * Cached objects are shared by all readers and deeply readonly by type. With the detector on, they are frozen as well,
 * so that a cast that went around the types throws at its own line, not hours later in another reader.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Variable from "../Features/Variable.ts"

/**
 * Decides for a program. Unless provided: on when `KUBE_CACHE_MUTATION_DETECTOR` is `true` (client-go's name) or
 * `NODE_ENV` is `test`.
 *
 * @category services
 * @since 0.1.0
 */
export const Enabled: Context.Reference<boolean | undefined> = Context.Reference<boolean | undefined>(
  "effect-kubernetes/Informer/MutationDetector/Enabled",
  { defaultValue: () => undefined }
)

/**
 * Whether objects are to be frozen.
 *
 * @category accessors
 * @since 0.1.0
 */
export const isEnabled: Effect.Effect<boolean> = Effect.gen(function*() {
  const decided = yield* Enabled
  if (decided !== undefined) return decided
  const own = yield* Variable.isOn("KUBE_CACHE_MUTATION_DETECTOR")
  return own ?? (yield* Config.String("NODE_ENV").pipe(Effect.orElseSucceed(() => ""))) === "test"
})

/**
 * Freezes an object and all it holds. What is frozen already is passed over, as are bytes, which cannot be.
 *
 * @category combinators
 * @since 0.1.0
 */
export const freeze = <A>(value: A): A => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) {
    return value
  }
  Object.freeze(value)
  for (const member of Object.values(value)) freeze(member)
  return value
}
