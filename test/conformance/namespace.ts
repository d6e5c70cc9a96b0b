import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Namespace } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import type { ApiError } from "../../src/Machinery/ApiError.ts"
import type { RequestError } from "../../src/Machinery/RequestError.ts"
import type { RestClient } from "../../src/Rest/RestClient.ts"

/** A namespace of its own for one test: its name, which is also a good prefix for what lives in none. */
export const scoped: Effect.Effect<string, ApiError | RequestError, RestClient | Scope.Scope> = Effect.gen(function*() {
  const namespaces = yield* ResourceClient.make(Namespace)
  const { metadata } = yield* Effect.acquireRelease(
    namespaces.create({ metadata: { generateName: "conformance-" } }),
    ({ metadata }) => Effect.ignore(namespaces.delete(metadata.name))
  )
  return metadata.name
})
