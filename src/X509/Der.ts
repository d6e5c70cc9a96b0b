/**
 * `Der`: the binary form of X.509, as far as certificates, requests for them and their keys need it.
 *
 * Writing functions answer one encoded value (tag, length, content) and are put together from the inside out; reading
 * functions walk over such values without copying them. What the values mean is the business of the modules beside
 * this one.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5280
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

const encoder = new TextEncoder()

const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Big endian, without leading zeros, at least one byte. */
const bytesOf = (value: number): Array<number> => {
  const bytes: Array<number> = []
  for (let rest = value; rest > 0 || bytes.length === 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return bytes
}

/**
 * The tags that X.509 uses.
 *
 * @category constructors
 * @since 0.1.0
 */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31
} as const

/**
 * Any value, by its tag.
 *
 * @category encoding
 * @since 0.1.0
 */
export const value = (tag: number, ...content: ReadonlyArray<Uint8Array>): Uint8Array => {
  const body = concat(content)
  const length = bytesOf(body.length)
  const header = body.length < 128 ? [tag, body.length] : [tag, 0x80 + length.length, ...length]
  return concat([Uint8Array.from(header), body])
}

/**
 * SEQUENCE.
 *
 * @category encoding
 * @since 0.1.0
 */
export const sequence = (...content: ReadonlyArray<Uint8Array>): Uint8Array => value(Tag.sequence, ...content)

/**
 * SET, in the given order: DER asks for that of the encodings where there are several.
 *
 * @category encoding
 * @since 0.1.0
 */
export const set = (...content: ReadonlyArray<Uint8Array>): Uint8Array => value(Tag.set, ...content)

/**
 * INTEGER, positive and of any length: big endian, leading zeros are dropped, and a zero byte keeps the sign where the
 * first bit is set.
 *
 * @category encoding
 * @since 0.1.0
 */
export const integer = (bytes: Uint8Array): Uint8Array => {
  const first = bytes.findIndex((byte) => byte !== 0)
  const digits = first < 0 ? Uint8Array.of(0) : bytes.subarray(first)
  return (digits[0] ?? 0) > 127 ? value(Tag.integer, Uint8Array.of(0), digits) : value(Tag.integer, digits)
}

/**
 * BOOLEAN.
 *
 * @category encoding
 * @since 0.1.0
 */
export const boolean = (isTrue: boolean): Uint8Array => value(Tag.boolean, Uint8Array.of(isTrue ? 0xff : 0))

/**
 * NULL, as the parameters of RSA algorithms.
 *
 * @category encoding
 * @since 0.1.0
 */
export const nothing: Uint8Array = value(Tag.null)

/**
 * OCTET STRING.
 *
 * @category encoding
 * @since 0.1.0
 */
export const octets = (...content: ReadonlyArray<Uint8Array>): Uint8Array => value(Tag.octetString, ...content)

/**
 * BIT STRING of whole bytes, except for `unused` bits at the end: none unless given.
 *
 * @category encoding
 * @since 0.1.0
 */
export const bits = (content: Uint8Array, unused = 0): Uint8Array =>
  value(Tag.bitString, Uint8Array.of(unused), content)

/**
 * UTF8String.
 *
 * @category encoding
 * @since 0.1.0
 */
export const utf8 = (text: string): Uint8Array => value(Tag.utf8String, encoder.encode(text))

/**
 * An instant, to the second: UTCTime with its two digits of the year before 2050, GeneralizedTime from then on, as
 * X.509 asks.
 *
 * @category encoding
 * @since 0.1.0
 */
export const time = (instant: DateTime.DateTime): Uint8Array => {
  const iso = DateTime.formatIso(instant)
  const digits = iso.replace(/\.\d+/, "").replace(/[-:T]/g, "")
  return iso < "2050"
    ? value(Tag.utcTime, encoder.encode(digits.slice(2)))
    : value(Tag.generalizedTime, encoder.encode(digits))
}

/**
 * OBJECT IDENTIFIER from its numbers: `1.2.840.10045.4.3.2`.
 *
 * @category encoding
 * @since 0.1.0
 */
export const objectIdentifier = (dotted: string): Uint8Array => {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number)
  const arc = (number: number): ReadonlyArray<number> => {
    const digits = [number % 128]
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128)) digits.unshift(128 + left % 128)
    return digits
  }
  return value(Tag.objectIdentifier, Uint8Array.from([...arc(first * 40 + second), ...rest.flatMap(arc)]))
}

/**
 * `[number]` around values, or in place of the tag of one when `content` is bare.
 *
 * @category encoding
 * @since 0.1.0
 */
export const context = (number: number, constructed: boolean, ...content: ReadonlyArray<Uint8Array>): Uint8Array =>
  value(contextTag(number, constructed), ...content)

/**
 * The tag of `[number]`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const contextTag = (number: number, constructed: boolean): number => 0x80 + (constructed ? 0x20 : 0) + number

/**
 * The bytes of a text, bare of any tag.
 *
 * @category encoding
 * @since 0.1.0
 */
export const text = (characters: string): Uint8Array => encoder.encode(characters)

/**
 * One value that was read. Both arrays are views of what was read.
 *
 * @category models
 * @since 0.1.0
 */
export interface Element {
  readonly tag: number
  /** What the value holds. */
  readonly content: Uint8Array
  /** The value itself, tag and length included. */
  readonly encoded: Uint8Array
}

const elementAt = (bytes: Uint8Array, offset: number): Element | undefined => {
  const tag = bytes[offset]
  const first = bytes[offset + 1]
  // Tags above 30 take more than one byte; X.509 has none.
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined
  const count = first < 0x80 ? 0 : first & 0x7f
  // An indefinite length is not DER, and nothing here is longer than 4 GiB.
  if (first >= 0x80 && (count === 0 || count > 4)) return undefined
  let length = first < 0x80 ? first : 0
  for (let index = 0; index < count; index++) length = length * 256 + (bytes[offset + 2 + index] ?? 0)
  const start = offset + 2 + count
  return start + length > bytes.length ? undefined : {
    tag,
    content: bytes.subarray(start, start + length),
    encoded: bytes.subarray(offset, start + length)
  }
}

/**
 * The values that stand one after the other and fill the bytes. Nothing where they do not.
 *
 * @category decoding
 * @since 0.1.0
 */
export const elements = (bytes: Uint8Array): Option.Option<ReadonlyArray<Element>> => {
  const found: Array<Element> = []
  for (let offset = 0; offset < bytes.length;) {
    const element = elementAt(bytes, offset)
    if (element === undefined) return Option.none()
    found.push(element)
    offset += element.encoded.length
  }
  return Option.some(found)
}

/**
 * The members of the one SEQUENCE that fills the bytes.
 *
 * @category decoding
 * @since 0.1.0
 */
export const members = (bytes: Uint8Array): Option.Option<ReadonlyArray<Element>> => {
  const element = elementAt(bytes, 0)
  return element?.tag === Tag.sequence && element.encoded.length === bytes.length
    ? elements(element.content)
    : Option.none()
}

/**
 * The numbers of an OBJECT IDENTIFIER. Nothing where the value is none.
 *
 * @category decoding
 * @since 0.1.0
 */
export const toObjectIdentifier = (element: Element | undefined): Option.Option<string> => {
  if (element?.tag !== Tag.objectIdentifier) return Option.none()
  const arcs: Array<number> = []
  let arc = 0
  for (const byte of element.content) {
    arc = arc * 128 + (byte & 0x7f)
    if (byte < 0x80) {
      arcs.push(arc)
      arc = 0
    }
  }
  const [head, ...rest] = arcs
  if (head === undefined) return Option.none()
  const first = Math.min(2, Math.floor(head / 40))
  return Option.some([first, head - first * 40, ...rest].join("."))
}

/**
 * The bytes of a BIT STRING whose bits fill them, as those of keys and signatures do.
 *
 * @category decoding
 * @since 0.1.0
 */
export const toBits = (element: Element | undefined): Option.Option<Uint8Array> =>
  element?.tag === Tag.bitString && element.content[0] === 0
    ? Option.some(element.content.subarray(1))
    : Option.none()

/**
 * The characters of any of the strings of X.509. Nothing where the value is no string.
 *
 * @category decoding
 * @since 0.1.0
 */
export const toText = (element: Element | undefined): Option.Option<string> => {
  switch (element?.tag) {
    case Tag.utf8String:
    case Tag.printableString:
    case Tag.ia5String:
      return Option.some(new TextDecoder().decode(element.content))
    case Tag.teletexString:
      return Option.some(String.fromCharCode(...element.content))
    case Tag.bmpString:
      return Option.some(new TextDecoder("utf-16be").decode(element.content))
    default:
      return Option.none()
  }
}

/**
 * The instant of a UTCTime, whose years are 1950 to 2049, or of a GeneralizedTime; both end in Z in X.509.
 *
 * @category decoding
 * @since 0.1.0
 */
export const toTime = (element: Element | undefined): Option.Option<DateTime.Utc> => {
  if (element?.tag !== Tag.utcTime && element?.tag !== Tag.generalizedTime) return Option.none()
  const digits = new TextDecoder().decode(element.content)
  const full = element.tag === Tag.generalizedTime
    ? digits
    : `${Number(digits.slice(0, 2)) < 50 ? "20" : "19"}${digits}`
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full)
  if (parts === null) return Option.none()
  const [, year, month, day, hour, minute, second] = parts
  return Option.map(DateTime.make(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`), DateTime.toUtc)
}
