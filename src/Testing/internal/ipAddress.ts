/**
 * IP addresses and networks, as Go's `net/netip` reads and prints them and Kubernetes' rules know them: no zones, no
 * IPv4 in IPv6.
 *
 * @internal
 */
import * as Result from "effect/Result"

/** An address: 32 or 128 bits. */
export interface Address {
  readonly family: 4 | 6
  readonly bits: bigint
}

/** A network: an address and how many of its bits are shared. */
export interface Network {
  readonly address: Address
  readonly length: number
}

type Outcome<A> = Result.Result<A, string>

const width = (family: 4 | 6): number => family === 4 ? 32 : 128

const quads = (text: string): Outcome<bigint> => {
  const parts = text.split(".")
  if (parts.some((part) => part === "")) return Result.fail("IPv4 field must have at least one digit")
  if (parts.some((part) => !/^\d+$/.test(part))) return Result.fail("unexpected character")
  if (parts.some((part) => part.length > 1 && part.startsWith("0"))) {
    return Result.fail("IPv4 field has octet with leading zero")
  }
  if (parts.some((part) => Number(part) > 255)) return Result.fail("IPv4 field has value >255")
  if (parts.length !== 4) return Result.fail(`IPv4 address too ${parts.length < 4 ? "short" : "long"}`)
  return Result.succeed(parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n))
}

const groups = (text: string): Outcome<bigint> => {
  const halves = text.split("::")
  if (halves.length > 2) return Result.fail("multiple :: in address")
  const [head = [], tail] = halves.map((half) => half === "" ? [] : half.split(":"))
  const count = head.length + (tail?.length ?? 0)
  if ([...head, ...tail ?? []].some((part) => !/^[0-9a-fA-F]{1,4}$/.test(part))) {
    return Result.fail("each group must have 4 or fewer digits")
  }
  if (tail === undefined ? count !== 8 : count > 7) {
    return Result.fail(count < 8 ? "address string too short" : "trailing garbage after address")
  }
  const all = [...head, ...Array.from({ length: 8 - count }, () => "0"), ...tail ?? []]
  return Result.succeed(all.reduce((sum, part) => (sum << 16n) | BigInt(`0x${part}`), 0n))
}

/** Reads an address. Fails with Go's words. */
export const parse = (text: string): Outcome<Address> => {
  const fail = (why: string) => Result.fail(`ParseAddr(${JSON.stringify(text)}): ${why}`)
  const colon = text.indexOf(":")
  const dot = text.indexOf(".")
  if (colon < 0 && dot < 0) return fail("unable to parse IP")
  if (dot >= 0 && (colon < 0 || dot < colon)) {
    return Result.match(quads(text), { onFailure: fail, onSuccess: (bits) => Result.succeed({ family: 4, bits }) })
  }
  if (text.includes("%")) return Result.fail(`IP address ${JSON.stringify(text)} with zone value is not allowed`)
  const last = text.slice(text.lastIndexOf(":") + 1)
  const inner = dot < 0 ? undefined : quads(last)
  if (inner !== undefined && Result.isFailure(inner)) return fail(inner.failure)
  const bits = inner === undefined ? groups(text) : groups(
    `${text.slice(0, -last.length)}${(inner.success >> 16n).toString(16)}:${(inner.success & 0xffffn).toString(16)}`
  )
  if (Result.isFailure(bits)) return fail(bits.failure)
  return bits.success >> 32n === 0xffffn
    ? Result.fail(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`)
    : Result.succeed({ family: 6, bits: bits.success })
}

/** The canonical text of an address. */
export const print = ({ bits, family }: Address): string => {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 255n)).join(".")
  const parts = Array.from({ length: 8 }, (_, index) => ((bits >> BigInt(112 - 16 * index)) & 0xffffn).toString(16))
  let start = -1
  let length = 1
  for (let at = 0; at < 8; at++) {
    let end = at
    while (parts[end] === "0") end++
    if (end - at > length) [start, length] = [at, end - at]
  }
  return start < 0 ? parts.join(":") : `${parts.slice(0, start).join(":")}::${parts.slice(start + length).join(":")}`
}

/** Reads a network: `192.0.2.0/24`. Fails with Go's words. */
export const parseNetwork = (text: string): Outcome<Network> => {
  const fail = (why: string) => Result.fail(`netip.ParsePrefix(${JSON.stringify(text)}): ${why}`)
  const slash = text.lastIndexOf("/")
  if (slash < 0) return fail("no '/'")
  const address = parse(text.slice(0, slash))
  if (Result.isFailure(address)) return fail(address.failure)
  const length = text.slice(slash + 1)
  if (!/^(?:0|[1-9]\d*)$/.test(length)) return fail(`bad bits after slash: ${JSON.stringify(length)}`)
  return Number(length) > width(address.success.family)
    ? fail("prefix length out of range")
    : Result.succeed({ address: address.success, length: Number(length) })
}

/** The canonical text of a network. */
export const printNetwork = ({ address, length }: Network): string => `${print(address)}/${length}`

/** The network with no bits set that its addresses do not share. */
export const masked = ({ address, length }: Network): Network => {
  const shift = BigInt(width(address.family) - length)
  return { address: { ...address, bits: (address.bits >> shift) << shift }, length }
}

/** Whether an address lies in a network. */
export const contains = (network: Network, { bits, family }: Address): boolean => {
  const shift = BigInt(width(family) - network.length)
  return family === network.address.family && bits >> shift === network.address.bits >> shift
}

/** What kind of address it is. */
export const kinds = ({ bits, family }: Address) => {
  const isMulticast = family === 4 ? bits >> 28n === 0xen : bits >> 120n === 0xffn
  const isLoopback = family === 4 ? bits >> 24n === 127n : bits === 1n
  const isUnspecified = bits === 0n
  const isLinkLocalMulticast = family === 4 ? bits >> 8n === 0xe00000n : (bits >> 112n) % 0x10n === 2n && isMulticast
  const isLinkLocalUnicast = family === 4 ? bits >> 16n === 0xa9fen : bits >> 118n === 0x3fan
  const isBroadcast = family === 4 && bits === 0xffff_ffffn
  return {
    isUnspecified,
    isLoopback,
    isLinkLocalMulticast,
    isLinkLocalUnicast,
    isGlobalUnicast: !isUnspecified && !isLoopback && !isMulticast && !isLinkLocalUnicast && !isBroadcast
  }
}
