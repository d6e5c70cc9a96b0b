/**
 * `Variable`: a switch in the environment, in the words that client-go takes for its own.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"

/**
 * What a variable says, in the words of Go's `ParseBool`, whatever the case; nothing where it is not set or empty. Any
 * other word is logged and ignored. Asks the `ConfigProvider`, which is the environment unless one is provided.
 *
 * @category accessors
 * @since 0.1.0
 */
export const isOn = Effect.fnUntraced(function*(name: string): Effect.fn.Return<boolean | undefined> {
  const text = yield* Config.String(name).pipe(Effect.orElseSucceed(() => ""))
  switch (text.toLowerCase()) {
    case "":
      return undefined
    case "true":
    case "t":
    case "1":
      return true
    case "false":
    case "f":
    case "0":
      return false
    default:
      yield* Effect.logWarning("the value of a variable is neither true nor false and is ignored").pipe(
        Effect.annotateLogs({ variable: name })
      )
      return undefined
  }
})
