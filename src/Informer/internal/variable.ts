/**
 * Switches in the environment, as client-go reads its own.
 *
 * @internal
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"

/**
 * What a variable says, in the words of Go's `ParseBool`; nothing where it is not set. Any other word is logged and
 * ignored.
 *
 * @internal
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
