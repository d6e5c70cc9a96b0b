/**
 * Bodies in Kubernetes' protobuf, as objects in JSON: kubectl writes built-in kinds so.
 *
 * A body is four bytes and an envelope that names the kind, around the object's own message. Only reading is here: every
 * client that writes protobuf reads JSON as well.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 * @internal
 */
import * as Base64 from "effect/encoding/Base64"
import * as Option from "effect/Option"
import * as Json from "../../Machinery/Json.ts"
import * as MicroTime from "../../Machinery/MicroTime.ts"
import * as Time from "../../Machinery/Time.ts"
import { messages } from "./protobufMessages.ts"

interface Field {
  readonly name: string
  readonly shape: "one" | "list" | "map" | "inline"
  readonly type: string
  /** Whether zero is a value and not the lack of one. */
  readonly isPointer: boolean
  /** Whether Go prints it in JSON where it is zero. */
  readonly isPrinted: boolean
}

type Message = ReadonlyMap<number, Field>

const shapes: { readonly [mark: string]: Field["shape"] } = { "*": "list", "%": "map", "^": "inline" }

const parseField = (text: string): readonly [number, Field] => {
  const [, name = "", number = "", mark = "", type = "", end = ""] =
    /^(\w+)=(\d+):([*%^]?)([\w.]+)([?!]?)$/.exec(text) ?? []
  return [Number(number), {
    name: name.charAt(0).toLowerCase() + name.slice(1),
    shape: shapes[mark] ?? "one",
    type,
    isPointer: end === "?",
    isPrinted: end === "!"
  }]
}

const table: ReadonlyMap<string, string> = new Map(
  messages.trim().split("\n").map((line) => {
    const end = line.indexOf(" ")
    return [line.slice(0, end), line.slice(end + 1)]
  })
)

const parsed = new Map<string, Message>()

const messageOf = (name: string): Message => {
  const known = parsed.get(name)
  if (known !== undefined) return known
  const made: Message = new Map((table.get(name) ?? "").split(" ").filter((each) => each !== "").map(parseField))
  parsed.set(name, made)
  return made
}

/**
 * The scalar members of a type, by JSON name, whose zero Go does not write where `omitempty` stands: those that are no
 * pointers. Empty for a type that has no message.
 */
export const zeroless = (message: string): ReadonlySet<string> => {
  const out = new Set<string>()
  for (const { isPointer, name, shape, type } of messageOf(message).values()) {
    if (shape === "inline") { for (const inner of zeroless(type)) out.add(inner) }
    else if (shape === "one" && !isPointer && /^[sbid]$/.test(type)) out.add(name)
  }
  return out
}

/** The members of a type, by JSON name, that Go prints where they are zero. Empty for a type that has no message. */
export const printed = (message: string): ReadonlySet<string> => {
  const out = new Set<string>()
  for (const { isPrinted, name, shape, type } of messageOf(message).values()) {
    if (shape === "inline") { for (const inner of printed(type)) out.add(inner) }
    else if (isPrinted) out.add(name)
  }
  return out
}

type Raw = { readonly number: number; readonly varint: bigint } | {
  readonly number: number
  readonly bytes: Uint8Array
}

/** The fields of a message as they lie on the wire; `undefined` where the bytes are none. */
const rawFields = (bytes: Uint8Array): ReadonlyArray<Raw> | undefined => {
  const out: Array<Raw> = []
  let position = 0
  const varint = (): bigint | undefined => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[position++]
      if (byte === undefined) return undefined
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return BigInt.asUintN(64, value)
    }
    return undefined
  }
  while (position < bytes.length) {
    const key = varint()
    if (key === undefined) return undefined
    const number = Number(key >> 3n)
    const wire = Number(key & 7n)
    if (wire === 0) {
      const value = varint()
      if (value === undefined) return undefined
      out.push({ number, varint: value })
      continue
    }
    const length = wire === 2 ? varint() : wire === 1 ? 8n : wire === 5 ? 4n : undefined
    if (length === undefined || position + Number(length) > bytes.length) return undefined
    out.push({ number, bytes: bytes.subarray(position, position + Number(length)) })
    position += Number(length)
  }
  return out
}

const utf8 = new TextDecoder()

const empty = new Uint8Array()

const bytesOf = (raw: Raw): Uint8Array => "bytes" in raw ? raw.bytes : empty

const integer = (raw: Raw): number => "varint" in raw ? Number(BigInt.asIntN(64, raw.varint)) : 0

const double = ({ buffer, byteLength, byteOffset }: Uint8Array): number =>
  byteLength === 8 ? new DataView(buffer, byteOffset, 8).getFloat64(0, true) : 0

const parseJson = Option.liftThrowable((text: string): unknown => JSON.parse(text))

// Bytes that are no JSON are left out, and the schema says what is missing.
const json = (bytes: Uint8Array): unknown => Option.getOrUndefined(parseJson(utf8.decode(bytes)))

const find = (fields: ReadonlyArray<Raw>, number: number): Raw | undefined =>
  fields.find((field) => field.number === number)

/** Messages that JSON writes as something else. */
const special: { readonly [type: string]: (fields: ReadonlyArray<Raw>) => unknown } = {
  "meta.v1.Time": (fields) => {
    const seconds = find(fields, 1)
    return seconds === undefined ? undefined : Time.fromNanoseconds(BigInt(integer(seconds)) * 1_000_000_000n)
  },
  "meta.v1.MicroTime": (fields) => {
    const seconds = find(fields, 1)
    const nanos = find(fields, 2)
    return seconds === undefined ? undefined : MicroTime.fromNanoseconds(
      BigInt(integer(seconds)) * 1_000_000_000n + BigInt(nanos === undefined ? 0 : integer(nanos))
    )
  },
  "meta.v1.Duration": (fields) => {
    const nanos = find(fields, 1)
    return `${nanos === undefined ? 0 : integer(nanos) / 1e9}s`
  },
  "meta.v1.FieldsV1": (fields) => {
    const raw = find(fields, 1)
    return raw === undefined ? undefined : json(bytesOf(raw))
  },
  Quantity: (fields) => {
    const text = find(fields, 1)
    return text === undefined ? undefined : utf8.decode(bytesOf(text))
  },
  RawExtension: (fields) => {
    const raw = find(fields, 1)
    return raw === undefined ? undefined : json(bytesOf(raw))
  },
  IntOrString: (fields) => {
    const [type, number, text] = [find(fields, 1), find(fields, 2), find(fields, 3)]
    return type !== undefined && integer(type) === 1
      ? text === undefined ? "" : utf8.decode(bytesOf(text))
      : number === undefined
      ? 0
      : integer(number)
  }
}

const isItems = (type: string): boolean => /\.(?:ExtraValue|Verbs)$/.test(type)

const valueOf = (type: string, raw: Raw): unknown => {
  switch (type) {
    case "s":
      return utf8.decode(bytesOf(raw))
    case "b":
      return integer(raw) !== 0
    case "i":
      return integer(raw)
    case "d":
      return double(bytesOf(raw))
    case "y":
      return Base64.encode(bytesOf(raw))
    default: {
      const fields = rawFields(bytesOf(raw)) ?? []
      const special_ = special[type]
      if (special_ !== undefined) return special_(fields)
      return isItems(type) ? fields.map((field) => utf8.decode(bytesOf(field))) : decodeMessage(type, fields)
    }
  }
}

const isZero = (value: unknown): boolean => value === "" || value === 0 || value === false

const decodeMessage = (name: string, fields: ReadonlyArray<Raw>): Json.JsonObject => {
  const message = messageOf(name)
  const draft: Json.Draft = {}
  for (const raw of fields) {
    const field = message.get(raw.number)
    if (field === undefined) continue
    if (field.shape === "map") {
      const entry = rawFields(bytesOf(raw)) ?? []
      const [key, value] = [find(entry, 1), find(entry, 2)]
      const map = (draft[field.name] ??= {}) as Json.Draft
      Json.set(
        map,
        key === undefined ? "" : utf8.decode(bytesOf(key)),
        value === undefined ? field.type === "s" || field.type === "y" ? "" : undefined : valueOf(field.type, value)
      )
      continue
    }
    const value = valueOf(field.type, raw)
    if (field.shape === "list") draft[field.name] = [...Json.itemsOf(draft[field.name]), value]
    else if (field.shape === "inline") Object.assign(draft, Json.objectOf(value))
    else if (value !== undefined && (field.isPointer || !isZero(value))) draft[field.name] = value
  }
  return draft
}

const packageOf = (apiVersion: string): string => {
  const [group = "", version] = apiVersion.split("/")
  return version === undefined ? `core.${group}` : `${group.split(".")[0] ?? ""}.${version}`
}

const magic = [0x6b, 0x38, 0x73, 0x00]

/** The object in a body; `undefined` where it is no such body, or of a kind that is not known here. */
export const decode = (body: Uint8Array): Json.JsonObject | undefined => {
  if (!magic.every((byte, index) => body[index] === byte)) return undefined
  const envelope = rawFields(body.subarray(4))
  const [type, content] = [find(envelope ?? [], 1), find(envelope ?? [], 2)]
  if (type === undefined) return undefined
  const names = rawFields(bytesOf(type)) ?? []
  const [version, kind] = [1, 2].map((number) => {
    const found = find(names, number)
    return found === undefined ? "" : utf8.decode(bytesOf(found))
  })
  if (version === undefined || kind === undefined) return undefined
  const name = kind === "DeleteOptions" ? "meta.v1.DeleteOptions" : `${packageOf(version)}.${kind}`
  if (!table.has(name)) return undefined
  const fields = rawFields(content === undefined ? empty : bytesOf(content))
  return fields === undefined ? undefined : { kind, apiVersion: version, ...decodeMessage(name, fields) }
}
