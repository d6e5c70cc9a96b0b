/**
 * `SigningRequest`: from a key to a certificate through the cluster, by a CertificateSigningRequest of
 * `certificates.k8s.io/v1`.
 *
 * Whoever wants a certificate creates one and waits; an approver (a controller, or a person) approves or denies it, and
 * the signer that it names issues the certificate into its status. client-go's util/certificate/csr. Renewing is the
 * business of `CertificateManager`.
 *
 * @see https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import type * as Signature from "effect/crypto/Signature"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type { CertificateSigningRequest } from "../Api/certificates/v1.ts"
import type { ResourceClient } from "../Clientset/ResourceClient.ts"
import * as Wait from "../Clientset/Wait.ts"
import * as WaitCondition from "../Clientset/WaitCondition.ts"
import * as Retry from "../FlowControl/Retry.ts"
import type { ApiError } from "../Machinery/ApiError.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import type { Persisted } from "../Machinery/Resource.ts"
import type { Failure } from "../Watch/ListWatch.ts"
import * as Certificate from "../X509/Certificate.ts"
import * as CertificateRequest from "../X509/CertificateRequest.ts"
import type * as PrivateKey from "../X509/PrivateKey.ts"
import { malformed, type X509Error } from "../X509/X509Error.ts"
import { CertificateError, Deleted, Denied, Failed, Incompatible, NotIssued } from "./CertificateError.ts"

type CertificateSigningRequests = ResourceClient<
  CertificateSigningRequest,
  "Cluster",
  { approval: CertificateSigningRequest; status: CertificateSigningRequest }
>

/**
 * What is needed of `ResourceClient.make(CertificateSigningRequest)` to get a certificate: the verbs create, get, list
 * and watch.
 *
 * @category models
 * @since 0.1.0
 */
export type Client = Pick<CertificateSigningRequests, "resource" | "namespace" | "create" | "get" | "listWatch">

/**
 * What is needed to approve: the verb get, the verb update on the subresource `approval`, and the verb `approve` on the
 * signer.
 *
 * @category models
 * @since 0.1.0
 */
export type Approver = Pick<CertificateSigningRequests, "get" | "subresource">

/**
 * What a certificate may be used for, in the words of `spec.usages`.
 *
 * @category models
 * @since 0.1.0
 */
export type KeyUsage = NonNullable<CertificateSigningRequest["spec"]["usages"]>[number]

/**
 * Who signs, by `spec.signerName`; those of Kubernetes, or another one.
 *
 * @see https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#kubernetes-signers
 * @category models
 * @since 0.1.0
 */
export type SignerName =
  | "kubernetes.io/kube-apiserver-client"
  | "kubernetes.io/kube-apiserver-client-kubelet"
  | "kubernetes.io/kubelet-serving"
  | (string & {})

/**
 * The usages of a client certificate with a key of this algorithm, as signers of Kubernetes ask for them: RSA keys also
 * encipher keys. client-go's `DefaultKubeletClientGetUsages`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const clientUsages = (algorithm: PrivateKey.Algorithm): ReadonlyArray<KeyUsage> => [
  ...baseUsages(algorithm),
  "client auth"
]

/**
 * The usages of a server's certificate with a key of this algorithm. client-go's `DefaultKubeletServingGetUsages`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const serverUsages = (algorithm: PrivateKey.Algorithm): ReadonlyArray<KeyUsage> => [
  ...baseUsages(algorithm),
  "server auth"
]

const baseUsages = (algorithm: PrivateKey.Algorithm): ReadonlyArray<KeyUsage> =>
  algorithm._tag === "RsaPkcs1v15" ? ["digital signature", "key encipherment"] : ["digital signature"]

/**
 * What to ask for.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** PKCS #10 in PEM, as `CertificateRequest.make` writes it. */
  readonly request: string
  readonly signerName: SignerName
  readonly usages: ReadonlyArray<KeyUsage>
  /** `spec.expirationSeconds`: at least 10 minutes. The signer may shorten it; it decides unless given. */
  readonly lifetime?: Duration.Input | undefined
  /**
   * A name, so that a process that was started again finds the request it made before, and the key that must be the
   * same. Unless given the server makes a name that begins with `csr-`.
   */
  readonly named?: { readonly name: string; readonly publicKey: PrivateKey.PublicKey } | undefined
}

/**
 * A request in the cluster.
 *
 * @category models
 * @since 0.1.0
 */
export interface SigningRequest {
  readonly name: string
  readonly uid: string
}

/**
 * Creates the request, or finds it where one of the name is there that asks for the same with the same key.
 *
 * Fails as a create or a get, with Incompatible where the one that is there cannot be used, and with X509Error where it
 * cannot be read.
 *
 * @category constructors
 * @since 0.1.0
 */
export const create = Effect.fnUntraced(function*(client: Client, options: Options): Effect.fn.Return<
  SigningRequest,
  ApiError | RequestError | CertificateError | X509Error,
  Signature.Signature
> {
  const { lifetime, named, request, signerName, usages } = options
  const creation = client.create({
    metadata: named === undefined ? { generateName: "csr-" } : { name: named.name },
    spec: {
      request: Base64.encode(request),
      signerName,
      usages,
      ...(lifetime === undefined ? {} : { expirationSeconds: Math.trunc(Duration.toSeconds(lifetime)) })
    }
  })
  if (named === undefined) return identify(yield* creation)
  const { name, publicKey } = named
  const reuse = Effect.gen(function*() {
    const existing = yield* client.get(name)
    yield* ensureCompatible(existing, { request, signerName, publicKey })
    yield* Effect.logDebug("a certificate signing request of the name is there and is used").pipe(
      Effect.annotateLogs({ request: name })
    )
    return identify(existing)
  })
  return yield* creation.pipe(
    Effect.map(identify),
    Effect.catchReason("ApiError", "AlreadyExists", () => reuse)
  )
})

const identify = ({ metadata }: Persisted<CertificateSigningRequest, "Cluster">): SigningRequest => ({
  name: metadata.name,
  uid: metadata.uid
})

const pemOf = (base64: string): Result.Result<string, X509Error> =>
  Result.mapError(Base64.decodeString(base64), () => malformed("certificate signing request", "it is not base64"))

/**
 * Whether a request in the cluster asks for the same as one that would be made now: the same subject of the same signer,
 * signed with the same key, and no certificate in it that has expired.
 *
 * @category combinators
 * @since 0.1.0
 */
export const ensureCompatible = Effect.fnUntraced(function*(
  existing: CertificateSigningRequest,
  wanted: {
    /** PEM. */
    readonly request: string
    /** Any unless given. */
    readonly signerName?: SignerName | undefined
    readonly publicKey: PrivateKey.PublicKey
  }
): Effect.fn.Return<void, CertificateError | X509Error, Signature.Signature> {
  const incompatible = (description: string) =>
    new CertificateError({
      reason: new Incompatible({ request: existing.metadata?.name ?? "", description })
    })
  const theirs = yield* Effect.fromResult(Result.flatMap(pemOf(existing.spec.request), CertificateRequest.fromPem))
  const ours = yield* Effect.fromResult(CertificateRequest.fromPem(wanted.request))
  const subjectOf = ({ subject }: CertificateRequest.CertificateRequest) => JSON.stringify(subject)
  if (subjectOf(theirs) !== subjectOf(ours)) return yield* incompatible("its subject is another one")
  const { signerName } = existing.spec
  if (signerName !== "" && wanted.signerName !== undefined && signerName !== wanted.signerName) {
    return yield* incompatible(`its signer is ${signerName}, not ${wanted.signerName}`)
  }
  yield* CertificateRequest.verify(theirs, wanted.publicKey).pipe(
    Effect.catchReason("X509Error", "Mismatch", () => Effect.fail(incompatible("it was made with another key")))
  )
  const certificate = existing.status?.certificate
  if (certificate === undefined || certificate === "") return
  const certificates = yield* Effect.fromResult(Result.flatMap(pemOf(certificate), Certificate.bundleFromPem))
  const now = yield* Clock.currentTimeMillis
  const expired = certificates.find((each) => Certificate.hasExpired(each, now))
  if (expired !== undefined) {
    return yield* incompatible(`its certificate expired at ${DateTime.formatIso(expired.notAfter)}`)
  }
})

/**
 * @category models
 * @since 0.1.0
 */
export interface AwaitOptions {
  /** How long at most. 15 minutes unless given, as client-go's certificate manager. */
  readonly timeout?: Duration.Input | undefined
}

const isPresent = (certificate: string | undefined): certificate is string =>
  certificate !== undefined && certificate !== ""

const conditionOf = (request: CertificateSigningRequest | undefined, type: string) =>
  request?.status?.conditions?.find((condition) => condition.type === type)

const rewatching = Schedule.exponential("1 second").pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(30))))
)

/**
 * Waits until a request has been approved and signed: the certificate in PEM, before its intermediates.
 *
 * Reads once and then watches. Fails with Denied, Failed, Deleted, and NotIssued when the time is over. A request that
 * cannot be read, for want of a connection or of rights, is tried again after 1 second and up to 30; NotIssued has the
 * last such failure.
 *
 * @category combinators
 * @since 0.1.0
 */
export const awaitCertificate = Effect.fnUntraced(function*(
  client: Client,
  { name, uid }: SigningRequest,
  options: AwaitOptions = {}
): Effect.fn.Return<string, CertificateError | X509Error> {
  const timeout = options.timeout ?? "15 minutes"
  let isApproved = false
  let lastFailure: Failure | undefined
  const isOurs = (request: CertificateSigningRequest) => request.metadata?.uid === uid
  const decided = WaitCondition.make<CertificateSigningRequest>("decided", (request) => {
    isApproved = conditionOf(request, "Approved") !== undefined
    return request === undefined || !isOurs(request) || conditionOf(request, "Denied") !== undefined
      || conditionOf(request, "Failed") !== undefined || (isApproved && isPresent(request.status?.certificate))
  })
  const request = Option.getOrUndefined(
    yield* Wait.untilState(client, name, decided).pipe(
      // There is no timeout of its own.
      Effect.catchTag("WaitTimeout", Effect.die),
      Effect.tapError((error) => {
        lastFailure = error
        return Effect.logWarning("a certificate signing request cannot be watched", error.message).pipe(
          Effect.annotateLogs({ request: name })
        )
      }),
      Effect.retry(rewatching),
      // The schedule has no end.
      Effect.orDie,
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () =>
          Effect.fail(
            new CertificateError({
              reason: new NotIssued({
                request: name,
                duration: Duration.format(Duration.fromInputUnsafe(timeout)),
                isApproved,
                ...(lastFailure === undefined ? {} : { cause: lastFailure })
              })
            })
          )
      })
    )
  )
  if (request === undefined || !isOurs(request)) {
    return yield* new CertificateError({ reason: new Deleted({ request: name }) })
  }
  for (const [type, Reason] of [["Denied", Denied], ["Failed", Failed]] as const) {
    const condition = conditionOf(request, type)
    if (condition !== undefined) {
      return yield* new CertificateError({
        reason: new Reason({
          request: name,
          ...(condition.reason === undefined ? {} : { conditionReason: condition.reason }),
          ...(condition.message === undefined ? {} : { conditionMessage: condition.message })
        })
      })
    }
  }
  return yield* Effect.fromResult(pemOf(request.status?.certificate ?? ""))
})

/**
 * Says why a request was approved or denied.
 *
 * @category models
 * @since 0.1.0
 */
export interface Decision {
  /** One word, for programs. */
  readonly reason: string
  /** A sentence, for people. */
  readonly message: string
}

const decide = (type: "Approved" | "Denied") =>
(
  client: Approver,
  name: string,
  { message, reason }: Decision
): Effect.Effect<Persisted<CertificateSigningRequest, "Cluster">, ApiError | RequestError> =>
  Retry.onConflict(Effect.gen(function*() {
    const request = yield* client.get(name)
    if (conditionOf(request, type) !== undefined) return request
    const now = DateTime.formatIso(yield* DateTime.now).replace(/\.\d+/, "")
    yield* client.subresource("approval").update(name, {
      ...request,
      status: {
        ...request.status,
        conditions: [
          ...(request.status?.conditions ?? []),
          { type, status: "True", reason, message, lastUpdateTime: now }
        ]
      }
    })
    return yield* client.get(name)
  }))

/**
 * Approves a request, as `kubectl certificate approve`. One that is approved stays as it is; one that is denied makes
 * the server refuse with Invalid.
 *
 * @category combinators
 * @since 0.1.0
 */
export const approve = decide("Approved")

/**
 * Denies a request, as `kubectl certificate deny`. One that is denied stays as it is; one that is approved makes the
 * server refuse with Invalid.
 *
 * @category combinators
 * @since 0.1.0
 */
export const deny = decide("Denied")
