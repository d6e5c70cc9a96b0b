/**
 * `NodeCertificate`: X.509 certificates for clusters that live as long as a test.
 *
 * Makes an authority, certificates for servers and certificates for clients (whose common name and organizations are
 * what Kubernetes takes for user and groups), with Node's own cryptography and no `openssl` on the machine. Keys are
 * ECDSA P-256, so that one costs a millisecond. Not for anything that outlives a test: there is no revocation, no
 * choice of algorithm, and keys are plain text.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as crypto from "node:crypto"
import * as net from "node:net"
import * as der from "./internal/der.ts"

/**
 * A certificate with its key, both PEM.
 *
 * @category models
 * @since 0.1.0
 */
export interface Certificate {
  /** The certificate alone, without its issuer's. */
  readonly certificate: string
  /** PKCS #8, not encrypted. */
  readonly key: string
  /** What `make` needs of an issuer. */
  readonly subject: { readonly commonName: string; readonly organizations: ReadonlyArray<string> }
}

/**
 * What to certify.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** CN of the subject: the user name, as kube-apiserver reads a client certificate. */
  readonly commonName: string
  /** O of the subject: the groups of that user. None unless given. */
  readonly organizations?: ReadonlyArray<string> | undefined
  /** DNS names and IP addresses that a server answers under. None unless given. */
  readonly hosts?: ReadonlyArray<string> | undefined
  /** Whether it may sign others. Not unless given. */
  readonly isAuthority?: boolean | undefined
  /** Who signs. Itself unless given. */
  readonly issuer?: Certificate | undefined
  /** From now on; an hour in the past is allowed for clocks that differ. 30 days unless given. */
  readonly validFor?: Duration.Input | undefined
}

const oid = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  organization: "2.5.4.10",
  commonName: "2.5.4.3",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2"
}

const algorithm = der.sequence(der.objectIdentifier(oid.ecdsaWithSha256))

const name = (subject: Certificate["subject"]): Uint8Array => {
  const part = (type: string, text: string) => der.set(der.sequence(der.objectIdentifier(type), der.utf8(text)))
  return der.sequence(
    ...subject.organizations.map((organization) => part(oid.organization, organization)),
    part(oid.commonName, subject.commonName)
  )
}

const addressBytes = (host: string): Uint8Array => {
  if (net.isIPv4(host)) return Uint8Array.from(host.split(".").map(Number))
  const [head = "", tail] = host.split("::")
  const groups = (text: string | undefined) => text === undefined || text === "" ? [] : text.split(":")
  const missing = 8 - groups(head).length - groups(tail).length
  return Uint8Array.from(
    [...groups(head), ...Array.from({ length: missing }, () => "0"), ...groups(tail)]
      .map((group) => Number.parseInt(group, 16)).flatMap((group) => [group >> 8, group & 255])
  )
}

const extension = (type: string, isCritical: boolean, content: Uint8Array): Uint8Array =>
  der.sequence(der.objectIdentifier(type), ...(isCritical ? [der.boolean(true)] : []), der.octets(content))

const extensions = (options: Options, key: crypto.KeyObject, issuerKey: crypto.KeyObject): Uint8Array => {
  const isAuthority = options.isAuthority === true
  const identifier = (of: crypto.KeyObject) =>
    crypto.createHash("sha1").update(of.export({ type: "spki", format: "der" })).digest()
  const hosts = (options.hosts ?? []).map((host) =>
    net.isIP(host) === 0 ? der.context(2, false, der.text(host)) : der.context(7, false, addressBytes(host))
  )
  const usages = [oid.serverAuth, oid.clientAuth].map(der.objectIdentifier)
  return der.context(
    3,
    true,
    der.sequence(
      extension(oid.basicConstraints, true, isAuthority ? der.sequence(der.boolean(true)) : der.sequence()),
      // keyCertSign and cRLSign, or digitalSignature
      extension(oid.keyUsage, true, isAuthority ? der.bits(Uint8Array.of(0x06), 1) : der.bits(Uint8Array.of(0x80), 7)),
      extension(oid.subjectKeyIdentifier, false, der.octets(identifier(key))),
      extension(oid.authorityKeyIdentifier, false, der.sequence(der.context(0, false, identifier(issuerKey)))),
      ...(isAuthority ? [] : [extension(oid.extendedKeyUsage, false, der.sequence(...usages))]),
      ...(hosts.length > 0 ? [extension(oid.subjectAltName, false, der.sequence(...hosts))] : [])
    )
  )
}

const instant = (millis: number): Uint8Array => der.time(DateTime.formatIso(DateTime.makeUnsafe(millis)))

const pem = (bytes: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${
    Buffer.from(bytes).toString("base64").replace(/.{1,64}/g, "$&\n")
  }-----END CERTIFICATE-----\n`

/**
 * Makes a key and a certificate for it. Without an issuer it signs itself, and is its own authority.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<Certificate> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const subject = { commonName: options.commonName, organizations: options.organizations ?? [] }
    const keys = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" })
    const signer = options.issuer === undefined ? keys.privateKey : crypto.createPrivateKey(options.issuer.key)
    const until = now + Duration.toMillis(options.validFor ?? "30 days")
    const serial = crypto.randomBytes(16)
    serial[0] = (serial[0] ?? 0) & 0x7f | 0x40
    const toBeSigned = der.sequence(
      der.context(0, true, der.integer(Uint8Array.of(2))),
      der.integer(serial),
      algorithm,
      name(options.issuer?.subject ?? subject),
      der.sequence(instant(now - 3_600_000), instant(until)),
      name(subject),
      keys.publicKey.export({ type: "spki", format: "der" }),
      extensions(options, keys.publicKey, crypto.createPublicKey(signer))
    )
    const signature = crypto.sign("sha256", toBeSigned, signer)
    return {
      certificate: pem(der.sequence(toBeSigned, algorithm, der.bits(signature))),
      key: keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      subject
    }
  })
