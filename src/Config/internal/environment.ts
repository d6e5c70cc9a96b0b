/**
 * Environment variables, through the `ConfigProvider` of the program. An empty variable is as good as none, as in
 * client-go.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as KubeconfigError from "../KubeconfigError.ts"

export const variable = (name: string): Effect.Effect<string | undefined, KubeconfigError.KubeconfigError> =>
  Config.option(Config.String(name)).pipe(
    Effect.map((value) => Option.isSome(value) && value.value !== "" ? value.value : undefined),
    Effect.mapError(() => KubeconfigError.invalid({ member: name, description: "the variable cannot be read" }))
  )
