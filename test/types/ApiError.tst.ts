import * as Effect from "effect/Effect"
import { expect, test } from "tstyche"
import type * as ApiError from "../../src/Machinery/ApiError.ts"

declare const call: Effect.Effect<string, ApiError.ApiError>

test("catchReason is typed by the reasons of ApiError", () => {
  const handled = call.pipe(Effect.catchReason("ApiError", "NotFound", () => Effect.succeed(0)))
  expect<Effect.Success<typeof handled>>().type.toBe<string | number>()
})
