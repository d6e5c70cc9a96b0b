/**
 * `Identity`: who a certificate is for, in the words of its subject and its subject alternative names.
 *
 * kube-apiserver takes the common name of a client certificate for the user and the organizations for the groups;
 * clients look for the host of a server among its DNS names and IP addresses. A request for a certificate says the
 * same of what it asks for.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Der from "./Der.ts"
import * as ipAddress from "./internal/ipAddress.ts"
import { malformed, type X509Error } from "./X509Error.ts"

/**
 * Who a certificate is for.
 *
 * @category models
 * @since 0.1.0
 */
export interface Identity {
  /** CN: the user. */
  readonly commonName: string
  /** O: the groups. */
  readonly organizations: ReadonlyArray<string>
  readonly dnsNames: ReadonlyArray<string>
  /** IPv4 or IPv6; those of a certificate that was read are written as RFC 5952 asks. */
  readonly ipAddresses: ReadonlyArray<string>
  readonly emailAddresses: ReadonlyArray<string>
  readonly uris: ReadonlyArray<string>
}

/**
 * What of an identity is said; the rest is empty.
 *
 * @category models
 * @since 0.1.0
 */
export type Input = Partial<Identity> & Pick<Identity, "commonName">

/**
 * An identity with all its members.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (input: Input): Identity => ({ ...empty, ...input })

const empty: Identity = {
  commonName: "",
  organizations: [],
  dnsNames: [],
  ipAddresses: [],
  emailAddresses: [],
  uris: []
}

/**
 * Whether one identity has all that another asks for: the same common name, and at least its organizations and
 * alternative names.
 *
 * @category guards
 * @since 0.1.0
 */
export const satisfies = (identity: Identity, wanted: Input): boolean => missing(identity, wanted).length === 0

/**
 * What an identity lacks of what another asks for, in words.
 *
 * @category accessors
 * @since 0.1.0
 */
export const missing = (identity: Identity, wanted: Input): ReadonlyArray<string> => {
  const all = make(wanted)
  const among = (what: string, has: ReadonlyArray<string>, asked: ReadonlyArray<string>) =>
    asked.filter((each) => !has.includes(each)).map((each) => `${what} ${each}`)
  return [
    ...among("common name", [identity.commonName], [all.commonName]),
    ...among("organization", identity.organizations, all.organizations),
    ...among("DNS name", identity.dnsNames, all.dnsNames),
    ...among("IP address", identity.ipAddresses.map(canonical), all.ipAddresses.map(canonical)),
    ...among("email address", identity.emailAddresses, all.emailAddresses),
    ...among("URI", identity.uris, all.uris)
  ]
}

const canonical = (address: string): string => {
  const bytes = ipAddress.toBytes(address)
  return bytes === undefined ? address : ipAddress.toText(bytes) ?? address
}

const commonNameType = "2.5.4.3"
const organizationType = "2.5.4.10"

/**
 * The subject in DER: an organization each, then the common name where it is not empty.
 *
 * @category encoding
 * @since 0.1.0
 */
export const encodeSubject = ({ commonName, organizations = [] }: Pick<Input, "commonName" | "organizations">) => {
  const part = (type: string, text: string) => Der.set(Der.sequence(Der.objectIdentifier(type), Der.utf8(text)))
  return Der.sequence(
    ...organizations.map((organization) => part(organizationType, organization)),
    ...(commonName === "" ? [] : [part(commonNameType, commonName)])
  )
}

const nameTags = {
  email: Der.contextTag(1, false),
  dns: Der.contextTag(2, false),
  uri: Der.contextTag(6, false),
  ip: Der.contextTag(7, false)
}

/**
 * The subject alternative names in DER, as the content of their extension; nothing where there are none. Fails with
 * Malformed where an IP address is none, or another name has characters beyond ASCII.
 *
 * @category encoding
 * @since 0.1.0
 */
export const encodeAlternativeNames = (input: Input): Result.Result<Option.Option<Uint8Array>, X509Error> =>
  Result.gen(function*() {
    const { dnsNames, emailAddresses, ipAddresses, uris } = make(input)
    const names: Array<Uint8Array> = []
    const texts = [[nameTags.dns, dnsNames], [nameTags.email, emailAddresses], [nameTags.uri, uris]] as const
    for (const [tag, values] of texts) {
      for (const each of values) {
        if (!/^[\x20-\x7e]+$/.test(each)) {
          return yield* Result.fail(malformed("subject alternative name", `${JSON.stringify(each)} is not ASCII`))
        }
        names.push(Der.value(tag, Der.text(each)))
      }
    }
    for (const address of ipAddresses) {
      const bytes = ipAddress.toBytes(address)
      if (bytes === undefined) {
        return yield* Result.fail(malformed("IP address", `${JSON.stringify(address)} is none`))
      }
      names.push(Der.value(nameTags.ip, bytes))
    }
    return names.length === 0 ? Option.none() : Option.some(Der.sequence(...names))
  })

/**
 * One attribute of a subject: the numbers of its type, and its text.
 *
 * @category models
 * @since 0.1.0
 */
export type Attribute = readonly [type: string, text: string]

/**
 * All attributes of a subject in their order, those of one relative name among them. Nothing where it is no name.
 *
 * @category decoding
 * @since 0.1.0
 */
export const decodeSubject = (name: Der.Element): Option.Option<ReadonlyArray<Attribute>> =>
  Option.gen(function*() {
    const attributes: Array<Attribute> = []
    for (const relative of yield* Der.elements(name.content)) {
      for (const each of yield* Der.elements(relative.content)) {
        const [type, text] = yield* Der.elements(each.content)
        attributes.push([yield* Der.toObjectIdentifier(type), Option.getOrElse(Der.toText(text), () => "")])
      }
    }
    return attributes
  })

/**
 * The identity that a subject and the content of its alternative names, where there is such an extension, make.
 *
 * @category decoding
 * @since 0.1.0
 */
export const decode = (subject: ReadonlyArray<Attribute>, alternativeNames: Uint8Array | undefined): Identity => {
  const ofType = (type: string) => subject.filter((each) => each[0] === type).map((each) => each[1])
  const names = alternativeNames === undefined
    ? []
    : Option.getOrElse(Der.members(alternativeNames), (): ReadonlyArray<Der.Element> => [])
  const withTag = (tag: number) => names.filter((each) => each.tag === tag).map((each) => each.content)
  const texts = (tag: number) => withTag(tag).map((content) => new TextDecoder().decode(content))
  return {
    // Of several the last one counts, as in Go.
    commonName: ofType(commonNameType).at(-1) ?? "",
    organizations: ofType(organizationType),
    dnsNames: texts(nameTags.dns),
    ipAddresses: withTag(nameTags.ip).flatMap((bytes) => ipAddress.toText(bytes) ?? []),
    emailAddresses: texts(nameTags.email),
    uris: texts(nameTags.uri)
  }
}
