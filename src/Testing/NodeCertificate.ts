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
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as crypto from "node:crypto"
import * as net from "node:net"
import * as CertificateRequest from "../X509/CertificateRequest.ts"
import * as Der from "../X509/Der.ts"
import * as Identity from "../X509/Identity.ts"
import * as Pem from "../X509/Pem.ts"
import type { X509Error } from "../X509/X509Error.ts"

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
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2"
}

const algorithm = Der.sequence(Der.objectIdentifier(oid.ecdsaWithSha256))

const extension = (type: string, isCritical: boolean, content: Uint8Array): Uint8Array =>
  Der.sequence(Der.objectIdentifier(type), ...(isCritical ? [Der.boolean(true)] : []), Der.octets(content))

/** What is certified, and by whom. */
interface Content {
  readonly identity: Identity.Identity
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array
  readonly isAuthority: boolean
  readonly validFor: Duration.Input | undefined
  readonly issuer: { readonly subject: Certificate["subject"]; readonly key: crypto.KeyObject }
}

const extensions = ({ identity, isAuthority, issuer, publicKey }: Content, names: Option.Option<Uint8Array>) => {
  const identifier = (key: Uint8Array) => crypto.createHash("sha1").update(key).digest()
  const usages = [oid.serverAuth, oid.clientAuth].map(Der.objectIdentifier)
  return Der.context(
    3,
    true,
    Der.sequence(
      extension(oid.basicConstraints, true, isAuthority ? Der.sequence(Der.boolean(true)) : Der.sequence()),
      // keyCertSign and cRLSign, or digitalSignature
      extension(oid.keyUsage, true, isAuthority ? Der.bits(Uint8Array.of(0x06), 1) : Der.bits(Uint8Array.of(0x80), 7)),
      extension(oid.subjectKeyIdentifier, false, Der.octets(identifier(publicKey))),
      extension(
        oid.authorityKeyIdentifier,
        false,
        Der.sequence(Der.context(0, false, identifier(publicBytes(crypto.createPublicKey(issuer.key)))))
      ),
      ...(isAuthority ? [] : [extension(oid.extendedKeyUsage, false, Der.sequence(...usages))]),
      ...Option.toArray(
        Option.map(names, (content) => extension(oid.subjectAltName, identity.commonName === "", content))
      )
    )
  )
}

const publicBytes = (key: crypto.KeyObject): Uint8Array => key.export({ type: "spki", format: "der" })

const issue = (content: Content): Effect.Effect<string, X509Error> =>
  Effect.gen(function*() {
    const { identity, issuer, publicKey } = content
    const now = yield* DateTime.now
    const names = yield* Effect.fromResult(Identity.encodeAlternativeNames(identity))
    const serial = crypto.randomBytes(16)
    serial[0] = (serial[0] ?? 0) & 0x7f | 0x40
    const toBeSigned = Der.sequence(
      Der.context(0, true, Der.integer(Uint8Array.of(2))),
      Der.integer(serial),
      algorithm,
      Identity.encodeSubject(issuer.subject),
      Der.sequence(
        Der.time(DateTime.subtract(now, { hours: 1 })),
        Der.time(DateTime.addDuration(now, content.validFor ?? "30 days"))
      ),
      Identity.encodeSubject(identity),
      publicKey,
      extensions(content, names)
    )
    const signature = crypto.sign("sha256", toBeSigned, issuer.key)
    return Pem.encode({ label: "CERTIFICATE", bytes: Der.sequence(toBeSigned, algorithm, Der.bits(signature)) })
  })

/**
 * Makes a key and a certificate for it. Without an issuer it signs itself, and is its own authority.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<Certificate> =>
  Effect.suspend(() => {
    const subject = { commonName: options.commonName, organizations: options.organizations ?? [] }
    const keys = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" })
    const hosts = options.hosts ?? []
    return issue({
      identity: Identity.make({
        ...subject,
        dnsNames: hosts.filter((host) => net.isIP(host) === 0),
        ipAddresses: hosts.filter((host) => net.isIP(host) !== 0)
      }),
      publicKey: publicBytes(keys.publicKey),
      isAuthority: options.isAuthority === true,
      validFor: options.validFor,
      issuer: options.issuer === undefined
        ? { subject, key: keys.privateKey }
        : { subject: options.issuer.subject, key: crypto.createPrivateKey(options.issuer.key) }
    }).pipe(
      Effect.map((certificate) => ({
        certificate,
        key: keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
        subject
      })),
      // A test that gives a host that cannot stand in a certificate is wrong.
      Effect.orDie
    )
  })

/**
 * How to sign a request.
 *
 * @category models
 * @since 0.1.0
 */
export interface SignOptions {
  readonly issuer: Certificate
  /** From now on. 30 days unless given. */
  readonly validFor?: Duration.Input | undefined
  /** What to certify in place of what is asked for, as signers may. */
  readonly identity?: Identity.Input | undefined
}

/**
 * Certifies what a request (PKCS #10, PEM) asks for, as a signer of the cluster does: PEM. Fails with X509Error where it
 * is no request. Its signature is not looked at.
 *
 * @category constructors
 * @since 0.1.0
 */
export const sign = (request: string, options: SignOptions): Effect.Effect<string, X509Error> =>
  Effect.flatMap(Effect.fromResult(CertificateRequest.fromPem(request)), ({ identity, publicKey }) =>
    issue({
      identity: options.identity === undefined ? identity : Identity.make(options.identity),
      publicKey,
      isAuthority: false,
      validFor: options.validFor,
      issuer: { subject: options.issuer.subject, key: crypto.createPrivateKey(options.issuer.key) }
    }))
