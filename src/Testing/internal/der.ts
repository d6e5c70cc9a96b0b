/**
 * DER, the binary form of X.509: just the values a certificate is made of, from the inside out.
 *
 * Each function answers one encoded value (tag, length, content). Used by `NodeCertificate`; pure.
 */

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

/** Any value, by its tag. */
export const value = (tag: number, ...content: ReadonlyArray<Uint8Array>): Uint8Array => {
  const body = concat(content)
  const length = bytesOf(body.length)
  const header = body.length < 128 ? [tag, body.length] : [tag, 0x80 + length.length, ...length]
  return concat([Uint8Array.from(header), body])
}

export const sequence = (...content: ReadonlyArray<Uint8Array>): Uint8Array => value(0x30, ...content)

export const set = (...content: ReadonlyArray<Uint8Array>): Uint8Array => value(0x31, ...content)

/** A positive integer of any length; a zero byte keeps the sign where the first bit is set. */
export const integer = (bytes: Uint8Array): Uint8Array =>
  (bytes[0] ?? 0) > 127 ? value(0x02, Uint8Array.of(0), bytes) : value(0x02, bytes)

export const boolean = (isTrue: boolean): Uint8Array => value(0x01, Uint8Array.of(isTrue ? 0xff : 0))

export const octets = (...content: ReadonlyArray<Uint8Array>): Uint8Array => value(0x04, ...content)

/** Bits in whole bytes, except for `unused` ones at the end. */
export const bits = (content: Uint8Array, unused = 0): Uint8Array => value(0x03, Uint8Array.of(unused), content)

export const utf8 = (text: string): Uint8Array => value(0x0c, encoder.encode(text))

/** To the second: UTCTime with its two digits of the year before 2050, GeneralizedTime from then on, as X.509 asks. */
export const time = (iso: string): Uint8Array => {
  const digits = iso.replace(/\.\d+/, "").replace(/[-:T]/g, "")
  return iso < "2050" ? value(0x17, encoder.encode(digits.slice(2))) : value(0x18, encoder.encode(digits))
}

/** `1.2.840.10045.4.3.2`. */
export const objectIdentifier = (dotted: string): Uint8Array => {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number)
  const arc = (number: number): ReadonlyArray<number> => {
    const digits = [number % 128]
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128)) digits.unshift(128 + left % 128)
    return digits
  }
  return value(0x06, Uint8Array.from([first * 40 + second, ...rest.flatMap(arc)]))
}

/** `[n]` around a value, or in place of its tag when `content` is bare. */
export const context = (number: number, constructed: boolean, ...content: ReadonlyArray<Uint8Array>): Uint8Array =>
  value(0x80 + (constructed ? 0x20 : 0) + number, ...content)

export const text = (ascii: string): Uint8Array => encoder.encode(ascii)
