/**
 * The extensions of certificates and of requests for them: an identifier, whether it is critical, and bytes.
 */
import * as Option from "effect/Option"
import * as Der from "../Der.ts"

export const subjectAlternativeName = "2.5.29.17"

/** One extension, not critical. */
export const encode = (type: string, content: Uint8Array): Uint8Array =>
  Der.sequence(Der.objectIdentifier(type), Der.octets(content))

/** The content of the extension of a type, out of the SEQUENCE of all. */
export const find = (extensions: Uint8Array, type: string): Uint8Array | undefined => {
  for (const extension of Option.getOrElse(Der.members(extensions), (): ReadonlyArray<Der.Element> => [])) {
    const parts = Option.getOrElse(Der.elements(extension.content), (): ReadonlyArray<Der.Element> => [])
    const content = parts.at(-1)
    if (Option.contains(Der.toObjectIdentifier(parts[0]), type) && content?.tag === Der.Tag.octetString) {
      return content.content
    }
  }
  return undefined
}
