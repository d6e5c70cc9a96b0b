/**
 * What runtimes can do with bytes faster than a loop: Node's `Buffer`, which Bun and Deno have as well, and a portable
 * way where it is missing.
 */

interface NativeBuffer extends Uint8Array<ArrayBuffer> {
  copy(target: Uint8Array, targetStart: number, start: number, end: number): number
  compare(target: Uint8Array, targetStart: number, targetEnd: number, start: number, end: number): number
  utf8Slice(start: number, end: number): string
}

interface Native {
  readonly allocUnsafeSlow: (size: number) => NativeBuffer
  readonly from: {
    (buffer: ArrayBufferLike, offset: number, length: number): NativeBuffer
    (text: string): NativeBuffer
  }
}

const native = (globalThis as unknown as { readonly Buffer?: Native }).Buffer
const isNative = (bytes: Uint8Array): bytes is NativeBuffer => "utf8Slice" in bytes
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/** Bytes whose content is undefined. */
export const allocate = (size: number): Uint8Array<ArrayBuffer> =>
  native === undefined ? new Uint8Array(size) : native.allocUnsafeSlow(size)

/** The same bytes in the form whose methods are fastest. */
export const wrap = (bytes: Uint8Array): Uint8Array =>
  native === undefined || isNative(bytes) ? bytes : native.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The bytes of a text in UTF-8. */
export const encode = (text: string): Uint8Array =>
  native === undefined ? new TextEncoder().encode(text) : native.from(text)

export const text = (bytes: Uint8Array, start: number, end: number): string =>
  isNative(bytes) ? bytes.utf8Slice(start, end) : decoder.decode(bytes.subarray(start, end))

/** Whether `length` bytes of both are the same. Both ranges must lie within. */
export const isEqual = (a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, length: number): boolean => {
  if (length > 32 && isNative(a)) return a.compare(b, bStart, bStart + length, aStart, aStart + length) === 0
  for (let i = 0; i < length; i++) {
    if (a[aStart + i] !== b[bStart + i]) return false
  }
  return true
}

/** Copies a range. Both ranges must lie within. */
export const copy = (from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void => {
  if (end - start > 64 && isNative(from)) from.copy(to, at, start, end)
  else for (let i = start; i < end; i++) to[at + i - start] = from[i] ?? 0
}
