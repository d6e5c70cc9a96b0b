/**
 * Texts that expressions make of values: conversions to strings, `format` and `strings.quote`.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as Time from "../../Machinery/Time.ts"
import * as CelValues from "./celValues.ts"

type Outcome = CelValues.Outcome<string>

/** Go's shortest text of a double. */
export const printDouble = (value: number): string => {
  if (Number.isNaN(value)) return "NaN"
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf"
  if (Object.is(value, -0)) return "-0"
  const [mantissa = "", exponent = ""] = value.toExponential().split("e")
  const power = Number(exponent)
  if (power >= -4 && power < 21) return String(value)
  return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`
}

const billion = 1_000_000_000n

/** A moment as its conversion to a string has it. */
export const printMoment = ({ kind, nanoseconds }: CelValues.Moment): string => {
  const fraction = ((nanoseconds % billion) + billion) % billion
  if (kind === "duration") {
    const isNegative = nanoseconds < 0n
    const absolute = isNegative ? -nanoseconds : nanoseconds
    const rest = String(absolute % billion).padStart(9, "0").replace(/0+$/, "")
    return `${isNegative ? "-" : ""}${absolute / billion}${rest === "" ? "" : `.${rest}`}s`
  }
  const whole = Time.fromNanoseconds(nanoseconds - fraction)
  const rest = String(fraction).padStart(9, "0").replace(/0+$/, "")
  return rest === "" ? whole : whole.replace(/Z$/, `.${rest}Z`)
}

const escapes: { readonly [character: string]: string } = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  "\"": "\\\""
}

/** A text in quotes, as `strings.quote` has it. */
export const quote = (text: string): string =>
  `"${Array.from(text.toWellFormed(), (character) => escapes[character] ?? character).join("")}"`

const utf8 = new TextDecoder("utf-8", { fatal: false })

const fail = (why: string): Result.Result<never, string> => Result.fail(why)

/** Numbers as an English reader groups them. */
const grouped = (text: string): string => text.replace(/\d+/, (digits) => digits.replace(/\B(?=(?:\d{3})+$)/g, ","))

/** Items of lists and maps are printed as literals. */
const printItem = (value: unknown): Outcome => {
  if (typeof value === "string") return Result.succeed(quote(value))
  if (value instanceof Uint8Array) return Result.succeed(`b${quote(utf8.decode(value))}`)
  if (typeof value === "number") {
    return Result.succeed(Number.isFinite(value) ? value.toFixed(6) : quote(printDouble(value)))
  }
  const integer = whole(value)
  if (integer !== undefined) return Result.succeed(String(integer))
  if (value instanceof CelValues.TypeName) return Result.succeed(`type(${value.name})`)
  if (value instanceof CelValues.Moment) return Result.succeed(`${value.kind}(${quote(printMoment(value))})`)
  return print(value)
}

/** What `%s` prints. */
const print = (value: unknown): Outcome => {
  if (typeof value === "string") return Result.succeed(value)
  if (typeof value === "bigint" || typeof value === "boolean") return Result.succeed(String(value))
  if (typeof value === "number") return Result.succeed(printDouble(value))
  if (value === null) return Result.succeed("null")
  if (value instanceof CelValues.Unsigned) return Result.succeed(String(value.value))
  if (value instanceof Uint8Array) return Result.succeed(utf8.decode(value))
  if (value instanceof CelValues.Moment) return Result.succeed(printMoment(value))
  if (value instanceof CelValues.TypeName) return Result.succeed(value.name)
  if (CelValues.isList(value)) {
    return Result.map(Result.all(value.map(printItem)), (items) => `[${items.join(", ")}]`)
  }
  if (value instanceof CelValues.CelMap) {
    const entries = [...value.entries.values()].map(([key, each]) =>
      Result.map(Result.all([printItem(key), printItem(each)]), ([name, text]) => [name, `${name}:${text}`] as const)
    )
    return Result.map(
      Result.all(entries),
      (printed) =>
        `{${[...printed].sort(([left], [right]) => left < right ? -1 : 1).map(([, entry]) => entry).join(", ")}}`
    )
  }
  return fail(
    `error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${
      CelValues.typeName(value)
    }`
  )
}

const whole = (value: unknown): bigint | undefined =>
  typeof value === "bigint" ? value : value instanceof CelValues.Unsigned ? value.value : undefined

const wrong = (clause: string, on: string, value: unknown) =>
  fail(`error during formatting: ${clause} clause can only be used on ${on}, was given ${CelValues.typeName(value)}`)

const raised: { readonly [digit: string]: string } = Object.fromEntries(
  Array.from("-0123456789", (digit, index) => [digit, Array.from("⁻⁰¹²³⁴⁵⁶⁷⁸⁹")[index] ?? ""])
)

const fixed = (value: unknown, precision: number, isScientific: boolean): Outcome => {
  if (typeof value !== "number") return wrong(isScientific ? "scientific" : "fixed-point", "doubles", value)
  if (!Number.isFinite(value)) return Result.succeed(Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "-∞")
  if (!isScientific) return Result.succeed(grouped(value.toFixed(precision)))
  // The printer of the reference implementation writes six digits, whatever is asked for.
  const [mantissa = "", exponent = ""] = value.toExponential(6).split("e")
  const power = `${exponent.startsWith("-") ? "-" : ""}${exponent.slice(1).padStart(2, "0")}`
  return Result.succeed(`${mantissa}×10${Array.from(power, (digit) => raised[digit] ?? digit).join("")}`)
}

const hexOf = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")

const clause = (letter: string, precision: number | undefined, value: unknown): Outcome => {
  const integer = whole(value)
  switch (letter) {
    case "s":
      return print(value)
    case "d":
      return integer === undefined
        ? wrong("decimal", "integers", value)
        : Result.succeed(String(integer))
    case "f":
    case "e":
      return fixed(value, precision ?? 6, letter === "e")
    case "b":
      return typeof value === "boolean"
        ? Result.succeed(value ? "1" : "0")
        : integer === undefined
        ? fail(
          `error during formatting: only integers and bools can be formatted as binary, was given ${
            CelValues.typeName(value)
          }`
        )
        : Result.succeed(integer.toString(2))
    case "o":
      return integer === undefined
        ? fail(
          `error during formatting: octal clause can only be used on integers, was given ${CelValues.typeName(value)}`
        )
        : Result.succeed(integer.toString(8))
    case "x":
    case "X": {
      const text = typeof value === "string"
        ? hexOf(new TextEncoder().encode(value))
        : value instanceof Uint8Array
        ? hexOf(value)
        : integer?.toString(16)
      return text === undefined
        ? fail(
          `error during formatting: only integers, byte buffers, and strings can be formatted as hex, was given ${
            CelValues.typeName(value)
          }`
        )
        : Result.succeed(letter === "x" ? text : text.toUpperCase())
    }
    default:
      return fail(`could not parse formatting clause: unrecognized formatting clause "${letter}"`)
  }
}

/** `text.format(values)`. */
export const format = (text: string, values: CelValues.List): Outcome =>
  Result.gen(function*() {
    let out = ""
    let used = 0
    for (let at = 0; at < text.length;) {
      if (text.charAt(at) !== "%") {
        out += text.charAt(at++)
        continue
      }
      const [all, precision, letter = ""] = /^%(?:\.(\d+))?([^]?)/.exec(text.slice(at)) ?? ["%"]
      at += all.length
      if (letter === "%") {
        out += "%"
        continue
      }
      if (letter === "") return yield* fail("unexpected end of string")
      if (used >= values.length) return yield* fail(`index ${used} out of range`)
      out += yield* clause(letter, precision === undefined ? undefined : Number(precision), values[used++])
    }
    return out
  })
