/**
 * `Pem`: bytes between `-----BEGIN …-----` and `-----END …-----`, as certificates and keys lie in files.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7468
 * @since 0.1.0
 */
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"

/**
 * One block.
 *
 * @category models
 * @since 0.1.0
 */
export interface Block {
  /** `CERTIFICATE`, `CERTIFICATE REQUEST`, `PRIVATE KEY`, `EC PRIVATE KEY`, `RSA PRIVATE KEY`. */
  readonly label: string
  readonly bytes: Uint8Array
}

const pattern = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g

/**
 * The blocks of a text in their order. What stands between them, and blocks that are no base64, are passed over, as
 * other tools do: a file may begin with a description of its certificates.
 *
 * @category decoding
 * @since 0.1.0
 */
export const blocks = (text: string): ReadonlyArray<Block> =>
  Array.from(text.matchAll(pattern)).flatMap(([, label = "", base64 = ""]) => {
    const decoded = Base64.decode(base64.replaceAll(/\s/g, ""))
    return Result.isSuccess(decoded) ? [{ label, bytes: decoded.success }] : []
  })

/**
 * A block as text: lines of 64 characters, with a line break at the end.
 *
 * @category encoding
 * @since 0.1.0
 */
export const encode = ({ bytes, label }: Block): string => {
  const lines = Base64.encode(bytes).replaceAll(/.{64}(?=.)/g, "$&\n")
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}
