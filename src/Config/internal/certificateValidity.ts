/**
 * From when until when a certificate is valid: the two times of the `validity` field (RFC 5280 4.1.2.5), read from DER
 * without the rest of X.509. Whether the certificate is right is for TLS to say.
 */
import * as DateTime from "effect/DateTime"
import * as Base64 from "effect/encoding/Base64"
import * as Option from "effect/Option"
import * as Result from "effect/Result"

/** In milliseconds since 1970. */
export interface Validity {
  readonly notBefore: number
  readonly notAfter: number
}

interface Element {
  readonly tag: number
  readonly start: number
  readonly end: number
}

const block = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/

const elementAt = (bytes: Uint8Array, offset: number): Element | undefined => {
  const tag = bytes[offset]
  const first = bytes[offset + 1]
  if (tag === undefined || first === undefined) return undefined
  if (first < 0x80) return within(bytes, { tag, start: offset + 2, end: offset + 2 + first })
  const count = first & 0x7f
  if (count === 0 || count > 4) return undefined
  let length = 0
  for (let index = 0; index < count; index++) length = length * 256 + (bytes[offset + 2 + index] ?? 0)
  return within(bytes, { tag, start: offset + 2 + count, end: offset + 2 + count + length })
}

const within = (bytes: Uint8Array, element: Element): Element | undefined =>
  element.end <= bytes.length ? element : undefined

const sequence = 0x30
const explicitVersion = 0xa0
const utcTime = 0x17
const generalizedTime = 0x18

// UTCTime has two digits of the year, of 1950 to 2049; both end in Z here.
const timeOf = (bytes: Uint8Array, element: Element | undefined): number | undefined => {
  if (element === undefined || (element.tag !== utcTime && element.tag !== generalizedTime)) return undefined
  const text = new TextDecoder().decode(bytes.subarray(element.start, element.end))
  const full = element.tag === generalizedTime ? text : `${Number(text.slice(0, 2)) < 50 ? "20" : "19"}${text}`
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full)
  if (parts === null) return undefined
  const [, year, month, day, hour, minute, second] = parts
  return Option.getOrUndefined(
    Option.map(DateTime.make(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`), DateTime.toEpochMillis)
  )
}

/** The validity of the first certificate in a PEM text, or nothing where there is none that can be read. */
export const ofPem = (pem: string): Validity | undefined => {
  const body = block.exec(pem)?.[1]
  if (body === undefined) return undefined
  const decoded = Base64.decode(body.replaceAll(/\s/g, ""))
  if (Result.isFailure(decoded)) return undefined
  const bytes = decoded.success
  const certificate = elementAt(bytes, 0)
  const content = certificate?.tag === sequence ? elementAt(bytes, certificate.start) : undefined
  if (content?.tag !== sequence) return undefined
  let field = elementAt(bytes, content.start)
  if (field?.tag === explicitVersion) field = elementAt(bytes, field.end)
  // Serial number, signature algorithm and issuer stand before the validity.
  for (let skipped = 0; skipped < 3 && field !== undefined; skipped++) field = elementAt(bytes, field.end)
  if (field?.tag !== sequence) return undefined
  const first = elementAt(bytes, field.start)
  const notBefore = timeOf(bytes, first)
  const notAfter = first === undefined ? undefined : timeOf(bytes, elementAt(bytes, first.end))
  return notBefore === undefined || notAfter === undefined ? undefined : { notBefore, notAfter }
}
