/**
 * IP addresses as X.509 holds them, in 4 or 16 bytes, and as people write them.
 */

const octets = (text: string): ReadonlyArray<number> | undefined => {
  const parts = text.split(".")
  // No leading zeros: some read them as octal.
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
    ? parts.map(Number)
    : undefined
}

const groups = (text: string): ReadonlyArray<number> | undefined => {
  if (text === "") return []
  const parts = text.split(":")
  const bytes: Array<number> = []
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1 && part.includes(".")) {
      const embedded = octets(part)
      if (embedded === undefined) return undefined
      bytes.push(...embedded)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined
      const group = Number.parseInt(part, 16)
      bytes.push(group >> 8, group & 255)
    }
  }
  return bytes
}

/** 4 or 16 bytes; an IPv4 address in IPv6 form is one of IPv4, as in Go. Nothing where the text is no address. */
export const toBytes = (text: string): Uint8Array | undefined => {
  const four = octets(text)
  if (four !== undefined) return Uint8Array.from(four)
  if (!text.includes(":")) return undefined
  const [before = "", after, ...more] = text.split("::")
  if (more.length > 0) return undefined
  const head = groups(before)
  const tail = groups(after ?? "")
  if (head === undefined || tail === undefined) return undefined
  const missing = 16 - head.length - tail.length
  if (after === undefined ? missing !== 0 : missing < 2) return undefined
  const bytes = Uint8Array.from([...head, ...Array.from({ length: missing }, () => 0), ...tail])
  return isMapped(bytes) ? bytes.subarray(12) : bytes
}

const isMapped = (bytes: Uint8Array): boolean =>
  bytes[10] === 255 && bytes[11] === 255 && bytes.subarray(0, 10).every((byte) => byte === 0)

/** As RFC 5952 writes them, so that equal addresses are equal texts. Nothing unless there are 4 or 16 bytes. */
export const toText = (bytes: Uint8Array): string | undefined => {
  if (bytes.length === 4) return bytes.join(".")
  if (bytes.length !== 16) return undefined
  if (isMapped(bytes)) return bytes.subarray(12).join(".")
  const parts = Array.from({ length: 8 }, (_, index) => (bytes[2 * index] ?? 0) * 256 + (bytes[2 * index + 1] ?? 0))
  let start = 0
  let length = 0
  for (let from = 0; from < 8; from++) {
    let to = from
    while (to < 8 && parts[to] === 0) to++
    if (to - from > length) {
      start = from
      length = to - from
    }
  }
  const text = (some: ReadonlyArray<number>) => some.map((part) => part.toString(16)).join(":")
  return length < 2 ? text(parts) : `${text(parts.slice(0, start))}::${text(parts.slice(start + length))}`
}
