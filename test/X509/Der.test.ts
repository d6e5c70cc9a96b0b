import { assert, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as net from "node:net"
import * as Der from "../../src/X509/Der.ts"
import * as ipAddress from "../../src/X509/internal/ipAddress.ts"
import * as Pem from "../../src/X509/Pem.ts"

const Byte = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))
const Bytes = Schema.Array(Byte)

const first = (bytes: Uint8Array) => Option.getOrThrow(Der.elements(bytes))[0]

it.effect.prop(
  "values of any length are read as they were written, one after the other",
  [Bytes, Bytes],
  ([a, b]) =>
    Effect.sync(() => {
      const [left, right] = [Uint8Array.from(a), Uint8Array.from([...b, ...Array.from({ length: 300 }, () => 7)])]
      const read = Option.getOrThrow(Der.members(Der.sequence(Der.octets(left), Der.bits(right))))
      assert.deepStrictEqual(read[0]?.content, left)
      assert.deepStrictEqual(Option.getOrThrow(Der.toBits(read[1])), right)
      assert.strictEqual(read.length, 2)
    })
)

it.effect.prop(
  "reading any bytes ends, with values that fill them or with nothing",
  [Bytes],
  ([bytes]) =>
    Effect.sync(() => {
      const whole = Uint8Array.from(bytes)
      const read = Der.elements(whole)
      if (Option.isSome(read)) {
        assert.strictEqual(read.value.reduce((total, each) => total + each.encoded.length, 0), whole.length)
      }
    })
)

it("lengths are as short as can be", () => {
  const header = (length: number) => [...Der.octets(new Uint8Array(length)).subarray(0, 5)]
  assert.deepStrictEqual(header(127).slice(0, 2), [4, 127])
  assert.deepStrictEqual(header(128).slice(0, 3), [4, 0x81, 128])
  assert.deepStrictEqual(header(256).slice(0, 4), [4, 0x82, 1, 0])
  assert.deepStrictEqual(header(65_536), [4, 0x83, 1, 0, 0])
})

it("lengths that are not DER, and values that are cut, are nothing", () => {
  for (const bytes of [[0x30, 0x80, 0, 0], [0x04, 0x02, 1], [0x04], [0x1f, 0x81, 0], [0x04, 0x85, 0, 0, 0, 0, 1, 1]]) {
    assert.isTrue(Option.isNone(Der.elements(Uint8Array.from(bytes))), bytes.join())
  }
})

it("integers are positive, without leading zeros", () => {
  const integer = (...bytes: ReadonlyArray<number>) => [...Der.integer(Uint8Array.from(bytes))]
  assert.deepStrictEqual(integer(0, 0, 1), [2, 1, 1])
  assert.deepStrictEqual(integer(0x80), [2, 2, 0, 0x80])
  assert.deepStrictEqual(integer(0, 0), [2, 1, 0])
  assert.deepStrictEqual(integer(), [2, 1, 0])
})

it("object identifiers come back", () => {
  for (const dotted of ["2.5.4.3", "1.2.840.113549.1.9.14", "1.3.101.112", "2.999.16384.3", "0.9.2342"]) {
    assert.deepStrictEqual(Der.toObjectIdentifier(first(Der.objectIdentifier(dotted))), Option.some(dotted))
  }
  assert.deepStrictEqual([...Der.objectIdentifier("1.2.840.10045.4.3.2")], [6, 8, 42, 134, 72, 206, 61, 4, 3, 2])
})

it("times come back, in the form that their year asks for", () => {
  for (
    const [iso, tag] of [["1950-01-01T00:00:00.000Z", 0x17], ["2049-12-31T23:59:59.000Z", 0x17], [
      "2050-01-01T00:00:00.000Z",
      0x18
    ], ["9999-12-31T23:59:59.000Z", 0x18]] as const
  ) {
    const element = first(Der.time(DateTime.makeUnsafe(iso)))
    assert.strictEqual(element?.tag, tag)
    assert.strictEqual(DateTime.formatIso(Option.getOrThrow(Der.toTime(element))), iso)
  }
  const isNone = (text: string) => Option.isNone(Der.toTime(first(Der.value(0x18, Der.text(text)))))
  assert.isTrue(isNone("20260101000000"))
  assert.isTrue(isNone("20261301000000Z"))
})

it("strings of every kind are read", () => {
  const text = (tag: number, ...bytes: ReadonlyArray<number>) =>
    Option.getOrNull(Der.toText(first(Der.value(tag, Uint8Array.from(bytes)))))
  assert.strictEqual(text(0x0c, 0xc3, 0xbc), "ü")
  assert.strictEqual(text(0x13, 0x61), "a")
  assert.strictEqual(text(0x14, 0xfc), "ü")
  assert.strictEqual(text(0x1e, 0, 0xfc), "ü")
  assert.isNull(text(0x04, 0x61))
})

it.effect.prop("addresses of IPv6 come back in the shortest form, which Node takes for the same", [
  Schema.Tuple([Byte, Byte, Byte, Byte]),
  Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 7 }))
], ([four, at]) =>
  Effect.sync(() => {
    const bytes = new Uint8Array(16)
    bytes.set(four, Math.min(12, at * 2))
    const text = ipAddress.toText(bytes) ?? ""
    assert.notStrictEqual(net.isIP(text), 0, text)
    const list = new net.BlockList()
    list.addAddress(text, net.isIPv4(text) ? "ipv4" : "ipv6")
    const long = Array.from({ length: 8 }, (_, index) =>
      ((bytes[2 * index] ?? 0) * 256 + (bytes[2 * index + 1] ?? 0)).toString(16)).join(":")
    assert.isTrue(list.check(long, "ipv6"), `${text} ${long}`)
    const back = ipAddress.toBytes(text)
    assert.deepStrictEqual(back?.length === 4 ? bytes.subarray(12) : bytes, back)
    assert.strictEqual(ipAddress.toText(ipAddress.toBytes(long) ?? new Uint8Array()), text)
  }))

it("what is no address is none", () => {
  for (
    const text of [
      "",
      "1.2.3",
      "1.2.3.04",
      "1.2.3.256",
      "a",
      ":",
      ":::",
      "1::2::3",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "::1.2.3",
      "1:2:3:4:5:6:7::8:9",
      "g::",
      "fe80::1%eth0"
    ]
  ) assert.isUndefined(ipAddress.toBytes(text), text)
})

it.effect.prop("PEM blocks come back, with text around them", [Bytes, Bytes], ([a, b]) =>
  Effect.sync(() => {
    const one = { label: "CERTIFICATE", bytes: Uint8Array.from(a) }
    const two = { label: "PRIVATE KEY", bytes: Uint8Array.from(b) }
    const text = `# first\n${Pem.encode(one)}\nnext\n${Pem.encode(two)}end`
    assert.deepStrictEqual(Pem.blocks(text), [one, two])
    assert.deepStrictEqual(Pem.blocks(text.replaceAll("\n", "\r\n")), [one, two])
    for (const line of text.split("\n")) assert.isAtMost(line.length, 64)
  }))
