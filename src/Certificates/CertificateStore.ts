/**
 * `CertificateStore`: where the certificate in use is kept.
 *
 * `CertificateManager` puts each new one in, and whoever presents certificates (a transport through
 * `CertificateCredential`, a server) follows it. It stands apart from the manager so that the manager's own requests
 * can be made with the certificate that it renews. `CertificateDirectory` keeps the store in files that outlive the
 * process; `layerMemory` does not.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Signature from "effect/crypto/Signature"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { ClientCertificate } from "../Config/Credential.ts"
import * as PrivateKey from "../X509/PrivateKey.ts"
import type { X509Error } from "../X509/X509Error.ts"
import type { CertificateError } from "./CertificateError.ts"
import * as CertificatePair from "./CertificatePair.ts"

/**
 * @category services
 * @since 0.1.0
 */
export class CertificateStore extends Context.Service<CertificateStore, {
  /** The pair in use, expired or not; nothing as long as there was none. Costs nothing: files are read at the start. */
  readonly current: Effect.Effect<Option.Option<CertificatePair.CertificatePair>>
  /** The pair in use, then each that replaces it. Never ends. */
  readonly changes: Stream.Stream<Option.Option<CertificatePair.CertificatePair>>
  /**
   * Keeps a pair and puts it in use: both PEM, the certificate before its intermediates. Nothing changes where it fails,
   * with X509Error for what is no pair and with Store for what cannot be written.
   */
  readonly update: (
    certificate: string,
    key: Redacted.Redacted<string>
  ) => Effect.Effect<CertificatePair.CertificatePair, CertificateError | X509Error>
}>()("effect-kubernetes/Certificates/CertificateStore") {}

/**
 * What a store is made of.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The pair to begin with. None unless given. */
  readonly initial?: CertificatePair.CertificatePair | undefined
  /** Keeps a pair before it is in use. Nowhere but in memory unless given. */
  readonly persist?: ((pair: CertificatePair.CertificatePair) => Effect.Effect<void, CertificateError>) | undefined
}

/**
 * A store that keeps what it is given as the options say. Updates are made one after the other.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  { initial, persist }: Options = {}
): Effect.fn.Return<CertificateStore["Service"], never, Signature.Signature> {
  const services = yield* Effect.context<Signature.Signature>()
  const current = yield* SubscriptionRef.make(Option.fromUndefinedOr(initial))
  return CertificateStore.of({
    current: SubscriptionRef.get(current),
    changes: SubscriptionRef.changes(current),
    update: (certificate, key) =>
      SubscriptionRef.modifyEffect(current, () =>
        CertificatePair.make(certificate, key).pipe(
          // What is in the files is also in use, even for who is interrupted between the two.
          Effect.tap((pair) => persist === undefined ? Effect.void : persist(pair)),
          Effect.map((pair) => [pair, Option.some(pair)] as const),
          Effect.uninterruptible
        )).pipe(Effect.provideContext(services))
  })
})

/**
 * A store that ends with the process. What it begins with is PEM; fails with X509Error where that is no pair.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (initial?: ClientCertificate): Layer.Layer<CertificateStore, X509Error> =>
  Layer.effect(
    CertificateStore,
    initial === undefined
      ? make()
      : Effect.flatMap(CertificatePair.make(initial.certificate, initial.key), (pair) => make({ initial: pair }))
  ).pipe(Layer.provide(PrivateKey.layerWebCrypto))
