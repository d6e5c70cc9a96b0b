/**
 * Names of informers, each of one at a time: of two that shared their series, one would overwrite what the other says,
 * and end it.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"

const taken = new WeakMap<object, Set<string>>()

/**
 * The name, or where an informer has it already, the name with the first number that is free; until the scope closes.
 *
 * @internal
 */
export const claim = (wanted: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.flatMap(Effect.all([Metric.MetricRegistry, Metric.CurrentMetricAttributes]), ([registry, attributes]) => {
    // Attributes of one's own, as of a cluster, tell series apart by themselves.
    const series = (name: string) => JSON.stringify([name, attributes])
    const names = taken.get(registry) ?? new Set<string>()
    taken.set(registry, names)
    return Effect.acquireRelease(
      Effect.sync(() => {
        let name = wanted
        for (let count = 2; names.has(series(name)); count++) name = `${wanted}#${count}`
        names.add(series(name))
        return name
      }),
      (name) => Effect.sync(() => names.delete(series(name)))
    )
  })
