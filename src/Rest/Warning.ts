/**
 * Warnings of the API server: an API that is deprecated, a field that is unknown or stands twice.
 *
 * They come as `Warning` headers (RFC 7234, code 299) besides answers that succeed. `RestClient` reads them and hands
 * each to the handler of the calling fiber; the default logs.
 *
 * @see https://kubernetes.io/blog/2020/09/03/warnings/
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"

/**
 * One warning.
 *
 * @category models
 * @since 0.1.0
 */
export interface Warning {
  /** 299 for all that Kubernetes sends. */
  readonly code: number
  /** Who warns; `-` for nearly all. */
  readonly agent: string
  readonly text: string
}

/**
 * What happens to a warning.
 *
 * @category models
 * @since 0.1.0
 */
export type WarningHandler = (warning: Warning) => Effect.Effect<void>

/**
 * Logs at the level Warning those of code 299 that have a text.
 *
 * @category constructors
 * @since 0.1.0
 */
export const log: WarningHandler = (warning) =>
  isShown(warning) ? Effect.logWarning(`Warning: ${warning.text}`) : Effect.void

/**
 * Drops all.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ignore: WarningHandler = () => Effect.void

/**
 * Hands on each text once, for as long as the handler lives. Keeps up to 1024 texts, then forgets the oldest, so that a
 * long-lived process does not grow.
 *
 * @category combinators
 * @since 0.1.0
 */
export const deduplicate = (handler: WarningHandler): Effect.Effect<WarningHandler> =>
  Effect.sync(() => {
    const seen = new Set<string>()
    return (warning) =>
      Effect.suspend(() => {
        if (seen.has(warning.text)) return Effect.void
        seen.add(warning.text)
        if (seen.size > 1024) {
          for (const oldest of seen.values()) {
            seen.delete(oldest)
            break
          }
        }
        return handler(warning)
      })
  })

/**
 * The handler of the calling fiber; `log` unless provided.
 *
 * @category services
 * @since 0.1.0
 */
export const CurrentWarningHandler: Context.Reference<WarningHandler> = Context.Reference<WarningHandler>(
  "effect-kubernetes/Rest/Warning/CurrentWarningHandler",
  { defaultValue: () => log }
)

const isShown = (warning: Warning) => warning.code === 299 && warning.text !== ""

/** A token or host for the agent, a quoted string for the text, then perhaps a quoted date. */
const one = /^\s*(\d{3})\s+(\S+)\s+"((?:[^"\\]|\\[^])*)"(?:\s+"[^"]*")?\s*(?:,|$)/

// RFC 2616 2.2: control characters are no part of a quoted string.
const control = /[\u0000-\u0008\u000a-\u001f\u007f]/

/**
 * Reads the header lines. A line that is not a list of warnings fails with the reason, and the warnings of the other
 * lines are kept.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (
  lines: ReadonlyArray<string>
): { readonly warnings: ReadonlyArray<Warning>; readonly faults: ReadonlyArray<string> } => {
  const warnings: Array<Warning> = []
  const faults: Array<string> = []
  for (const line of lines) {
    const read = parseLine(line)
    if (Result.isSuccess(read)) warnings.push(...read.success)
    else faults.push(read.failure)
  }
  return { warnings, faults }
}

const parseLine = (line: string): Result.Result<ReadonlyArray<Warning>, string> => {
  const out: Array<Warning> = []
  let rest = line
  while (rest.trim() !== "") {
    const match = one.exec(rest)
    if (match === null) return Result.fail(`not a warning (RFC 7234 5.5): ${JSON.stringify(rest.slice(0, 100))}`)
    const [whole, code, agent, quoted] = match
    const text = (quoted ?? "").replace(/\\([^])/g, "$1")
    if (control.test(text)) return Result.fail("a warning holds control characters")
    out.push({ code: Number(code), agent: agent ?? "-", text })
    rest = rest.slice(whole.length)
  }
  return Result.succeed(out)
}
