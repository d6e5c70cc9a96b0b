/**
 * `CertificateManager`: always has a valid certificate, client-go's util/certificate.
 *
 * It asks for the first certificate, and for the next one when 70 to 90 % of the lifetime of the one in use have
 * passed, at random, so that a thousand programs that started together do not renew together. Each gets a new key. New
 * pairs go to the `CertificateStore`, from where transports and servers take them. Runs in the scope of `make`.
 *
 * @see https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Signature from "effect/crypto/Signature"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { CertificateSigningRequest } from "../Api/certificates/v1.ts"
import * as ResourceClient from "../Clientset/ResourceClient.ts"
import type { ClientCertificate } from "../Config/Credential.ts"
import type { ApiError } from "../Machinery/ApiError.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import type { RestClient } from "../Rest/RestClient.ts"
import * as Certificate from "../X509/Certificate.ts"
import * as CertificateRequest from "../X509/CertificateRequest.ts"
import * as Identity from "../X509/Identity.ts"
import * as PrivateKey from "../X509/PrivateKey.ts"
import type { X509Error } from "../X509/X509Error.ts"
import type { CertificateError } from "./CertificateError.ts"
import * as CertificateMetrics from "./CertificateMetrics.ts"
import type { CertificatePair } from "./CertificatePair.ts"
import { CertificateStore } from "./CertificateStore.ts"
import * as SigningRequest from "./SigningRequest.ts"

/**
 * Why one attempt to get a certificate failed.
 *
 * @category models
 * @since 0.1.0
 */
export type Failure = ApiError | RequestError | CertificateError | X509Error

/**
 * What a manager does.
 *
 * - `Unasked`: nobody says what certificate is wanted.
 * - `Holding`: a certificate is in use, and the next one is asked for at `renewAt`.
 * - `Requesting`: a key was made and a certificate is asked for; `request` is the name of the signing request.
 * - `Retrying`: an attempt failed, and the next one follows.
 *
 * @category models
 * @since 0.1.0
 */
export type Phase =
  | { readonly _tag: "Unasked" }
  | { readonly _tag: "Holding"; readonly renewAt: DateTime.Utc }
  | { readonly _tag: "Requesting"; readonly request: string | undefined }
  | { readonly _tag: "Retrying"; readonly error: Failure }

/**
 * Where a manager stands.
 *
 * @category models
 * @since 0.1.0
 */
export interface State {
  readonly phase: Phase
  /**
   * Whether the last answer to a request came from an API server that works: it created the request, or refused it with
   * Unauthorized, Forbidden or NotFound in words of its own. False before the first. client-go's `ServerHealthy`.
   */
  readonly isServerHealthy: boolean
}

/**
 * @category services
 * @since 0.1.0
 */
export class CertificateManager extends Context.Service<CertificateManager, {
  /** The pair in use; nothing where there is none or it has expired. */
  readonly current: Effect.Effect<Option.Option<CertificatePair>>
  /** The pair in use as soon as there is one that has not expired. */
  readonly awaitCurrent: Effect.Effect<CertificatePair>
  readonly state: Effect.Effect<State>
  /** The present state, then each that follows. Never ends. */
  readonly states: Stream.Stream<State>
  /**
   * Gets another certificate now, as after a leak: once, with the failure of this attempt. One attempt runs at a time, so
   * it may first wait for another to end. It asks for what is wanted when its turn has come, and waits for that where
   * nobody has said it.
   */
  readonly rotate: Effect.Effect<CertificatePair, Failure>
}>()("effect-kubernetes/Certificates/CertificateManager") {}

/**
 * What certificate to have.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /**
   * Who it is for: an identity, or a stream of them where that changes, as the addresses of a node do. A new one that
   * the certificate in use does not satisfy is asked for at once; as long as the last one is undefined, nothing is.
   */
  readonly identity: Identity.Input | Stream.Stream<Identity.Input | undefined>
  readonly signerName: SigningRequest.SignerName
  /**
   * What it may be used for. `client` and `server` are what signers of Kubernetes ask for with the key's algorithm
   * (`SigningRequest.clientUsages`, `serverUsages`).
   */
  readonly usages: CertificateMetrics.Purpose | ReadonlyArray<SigningRequest.KeyUsage>
  /** How long it should live. The signer decides unless given, and may shorten it. */
  readonly lifetime?: Duration.Input | undefined
  /** Of the keys. ECDSA on P-256 unless given, as in client-go. */
  readonly algorithm?: PrivateKey.Algorithm | undefined
  /**
   * A pair to begin with where the store has none that is valid, as one for all programs of a kind. It is put in the
   * store, and replaced at once.
   */
  readonly bootstrap?: ClientCertificate | undefined
  /** How long one request is waited for before the next is made. 15 minutes unless given, as in client-go. */
  readonly timeout?: Duration.Input | undefined
  /** In logs, and the label of metrics. `signerName` unless given. */
  readonly name?: string | undefined
}

// 2, 4, 8 and 16 seconds with up to 10 % more, then every 32: client-go's backoff, and its poll after it.
const attempts = Schedule.exponential("2 seconds").pipe(
  Schedule.modifyDelay(({ duration }) =>
    Duration.isGreaterThan(duration, Duration.seconds(16))
      ? Effect.succeed(Duration.seconds(32))
      : Effect.map(Random.next, (random) => Duration.times(duration, 1 + 0.1 * random))
  )
)

/** Between two requests: a signer whose certificates are due when they are issued is not asked all the time. */
const leastPause = 1000

// A timer does not run while the machine sleeps.
const longestSleep = 3_600_000

const sleepUntil = (millis: number): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    millis <= now
      ? Effect.void
      : Effect.andThen(Effect.sleep(Math.min(millis - now, longestSleep)), sleepUntil(millis)))

/**
 * Starts a manager. Fails with X509Error where the bootstrap pair is none; failures to get a certificate are logged,
 * counted (`CertificateMetrics`), shown in the state and tried again for ever.
 *
 * Its user needs the verbs create, get, list and watch on `certificatesigningrequests`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<
  CertificateManager["Service"],
  X509Error,
  CertificateStore | RestClient | Signature.Signature | Scope.Scope
> {
  const store = yield* CertificateStore
  const client = yield* ResourceClient.make(CertificateSigningRequest)
  return yield* makeWith(store, client, options)
})

/**
 * As `make`, for who holds a store and a client already.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeWith = Effect.fnUntraced(function*(
  store: CertificateStore["Service"],
  client: SigningRequest.Client,
  options: Options
): Effect.fn.Return<CertificateManager["Service"], X509Error, Signature.Signature | Scope.Scope> {
  const signature = yield* Signature.Signature
  const { signerName } = options
  const name = options.name ?? signerName
  const algorithm = options.algorithm ?? Signature.ecdsaP256
  const usages = usagesOf(options.usages, algorithm)
  let inUse = Option.getOrUndefined(yield* store.current)
  const metrics = yield* CertificateMetrics.make({ name, purpose: purposeOf(usages), current: () => inUse })
  const wanted = yield* SubscriptionRef.make<Identity.Input | undefined>(
    Stream.isStream(options.identity) ? undefined : options.identity
  )
  const state = yield* SubscriptionRef.make<State>({ phase: { _tag: "Unasked" }, isServerHealthy: false })
  const turn = yield* Semaphore.make(1)
  /** What the last certificate was issued for. */
  let issuedFor: Identity.Input | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  /** Where the manager stands by itself, which shows whenever nothing is asked for. */
  let resting: Phase = { _tag: "Unasked" }
  /** What whoever has the turn asks for. */
  let asking: Phase | undefined
  let plan: { readonly pair: CertificatePair; readonly phase: Phase & { readonly _tag: "Holding" } } | undefined

  const show = SubscriptionRef.updateSome(state, (old) => {
    const phase = asking ?? resting
    return old.phase === phase ? Option.none() : Option.some({ ...old, phase })
  })
  const rest = (phase: Phase) =>
    Effect.suspend(() => {
      resting = phase
      return show
    })
  const ask = (request: Phase | undefined) =>
    Effect.suspend(() => {
      asking = request
      return show
    })
  const sawServer = (isServerHealthy: boolean) => SubscriptionRef.update(state, (old) => ({ ...old, isServerHealthy }))

  const valid = Effect.map(
    Clock.currentTimeMillis,
    (now) => (pair: CertificatePair) => !Certificate.hasExpired(pair.leaf, now)
  )
  const current = Effect.zipWith(store.current, valid, (pair, isValid) => Option.filter(pair, isValid))

  const bootstrap = Effect.gen(function*() {
    if (options.bootstrap === undefined || Option.isSome(yield* current)) return undefined
    const { certificate, key } = options.bootstrap
    return yield* store.update(certificate, key).pipe(
      Effect.catchTag(
        "CertificateError",
        (error) =>
          Effect.as(
            Effect.logError("the bootstrap certificate cannot be stored and is not used", error.message),
            undefined
          )
      )
    )
  })

  /** When a pair is renewed: drawn once for each. */
  const planOf = (pair: CertificatePair) =>
    Effect.map(Random.next, (random) => {
      if (plan?.pair !== pair) plan = { pair, phase: { _tag: "Holding", renewAt: deadline(pair.leaf, random) } }
      return plan.phase
    })

  /** Puts a certificate in use. Whoever no longer waits for it does not stop it half way. */
  const use = (
    identity: Identity.Input,
    request: string,
    certificate: string,
    key: Redacted.Redacted<string>
  ) =>
    Effect.uninterruptible(Effect.gen(function*() {
      const previous = yield* store.current
      const pair = yield* store.update(certificate, key)
      issuedFor = identity
      resting = yield* planOf(pair)
      yield* Effect.logInfo("a certificate was issued and is in use").pipe(
        Effect.annotateLogs({ request, notAfter: DateTime.formatIso(pair.leaf.notAfter) })
      )
      if (Option.isSome(previous)) yield* metrics.rotated(previous.value)
      const missing = Identity.missing(pair.leaf.identity, identity)
      if (missing.length > 0) {
        yield* Effect.logWarning("the signer issued a certificate that lacks what was asked for", missing.join(", "))
      }
      return pair
    }))

  const attempt = Effect.fnUntraced(
    function*(identity: Identity.Input) {
      askedAt = yield* Clock.currentTimeMillis
      yield* ask({ _tag: "Requesting", request: undefined })
      yield* Effect.logDebug("asking for a certificate")
      const keys = yield* PrivateKey.generate(algorithm)
      const request = yield* CertificateRequest.make(identity, keys)
      const created = yield* SigningRequest.create(client, { request, signerName, usages, lifetime: options.lifetime })
        .pipe(Effect.tapError((error) => error._tag === "ApiError" ? sawServer(isHealthy(error)) : sawServer(false)))
      yield* ask({ _tag: "Requesting", request: created.name })
      const certificate = yield* SigningRequest.awaitCertificate(client, created, { timeout: options.timeout })
      yield* sawServer(true)
      return yield* use(identity, created.name, certificate, yield* PrivateKey.toPem(keys.privateKey))
    },
    Effect.tapError((error) =>
      Effect.andThen(Effect.logError("getting a certificate failed", error.message), metrics.failed)
    )
  )

  const inTurn = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Semaphore.withPermit(turn)(Effect.ensuring(effect, ask(undefined)))

  const identityWanted = SubscriptionRef.changes(wanted).pipe(
    Stream.filter((identity) => identity !== undefined),
    Stream.runHead,
    // The changes of a SubscriptionRef never end.
    Effect.flatMap(Option.match({ onNone: () => Effect.never, onSome: Effect.succeed }))
  )

  /** Who was just asked for and did not get all of it would not get more by asking again. */
  const isUnmet = (identity: Identity.Input | undefined, pair: Option.Option<CertificatePair>): boolean =>
    identity !== undefined && !Equal.equals(identity, issuedFor)
    && !Option.exists(pair, ({ leaf }) => Identity.satisfies(leaf.identity, identity))

  const becomes = (isAwaited: (identity: Identity.Input | undefined) => Effect.Effect<boolean>) =>
    SubscriptionRef.changes(wanted).pipe(Stream.mapEffect(isAwaited), Stream.filter((isIt) => isIt), Stream.runHead)

  /** Waits until nothing is wanted, or something that the certificate in use does not satisfy. */
  const unmet = becomes((identity) =>
    identity === undefined ? Effect.succeed(true) : Effect.map(store.current, (pair) => isUnmet(identity, pair))
  )

  const otherWanted = (asked: Identity.Input) =>
    Effect.andThen(
      becomes((identity) => Effect.succeed(!Equal.equals(identity, asked))),
      Effect.logInfo("another certificate is wanted")
    )

  const otherInUse = (pair: CertificatePair | undefined) =>
    store.changes.pipe(Stream.filter((other) => Option.getOrUndefined(other) !== pair), Stream.runHead)

  const asked = Effect.flatMap(
    SubscriptionRef.get(wanted),
    (identity) => identity === undefined ? Effect.andThen(rest({ _tag: "Unasked" }), identityWanted) : identityWanted
  )

  /** Waits for what may call for another certificate; answers which one is to be replaced, if it does. */
  const due = Effect.gen(function*() {
    const identity = yield* asked
    const pair = Option.getOrUndefined(yield* store.current)
    const now = yield* Clock.currentTimeMillis
    // Where the clock was set back.
    askedAt = Math.min(askedAt, now)
    const pause = askedAt + leastPause - now
    if (pair === undefined || pair === bootstrapped || isUnmet(identity, Option.some(pair))) {
      if (pause <= 0) return Option.some(pair)
      // Another look afterwards at what is wanted and what is in use.
      yield* Effect.sleep(pause)
      return Option.none()
    }
    const phase = yield* planOf(pair)
    yield* rest(phase)
    yield* Effect.logDebug("waiting until the certificate is renewed").pipe(
      Effect.annotateLogs({ renewAt: DateTime.formatIso(phase.renewAt) })
    )
    return yield* Effect.sleep(Math.max(pause, 0)).pipe(
      Effect.andThen(sleepUntil(DateTime.toEpochMillis(phase.renewAt))),
      Effect.as(Option.some(pair)),
      Effect.raceFirst(Effect.as(unmet, Option.none())),
      Effect.raceFirst(Effect.as(otherInUse(pair), Option.none()))
    )
  })

  /** Asks until there is another pair than this one, whoever got it, or something else is wanted. */
  const renew = (pair: CertificatePair | undefined) =>
    Effect.flatMap(asked, (identity) =>
      Effect.flatMap(store.current, (inStore) =>
        // While this one waited for its turn, another had it.
        Option.getOrUndefined(inStore) !== pair
          ? Effect.void
          : Effect.tapError(attempt(identity), (error) => rest({ _tag: "Retrying", error }))).pipe(
          inTurn,
          Effect.retry(attempts),
          // The schedule has no end.
          Effect.orDie,
          Effect.raceFirst(otherWanted(identity)),
          Effect.raceFirst(otherInUse(pair))
        ))

  const annotated = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, Exclude<R, Signature.Signature>> =>
    Effect.annotateLogs(Effect.provideService(effect, Signature.Signature, signature), { certificateManager: name })

  if (Stream.isStream(options.identity)) {
    yield* options.identity.pipe(
      Stream.runForEach((identity) => SubscriptionRef.set(wanted, identity)),
      Effect.forkScoped
    )
  }
  yield* store.changes.pipe(
    Stream.runForEach((pair) =>
      Effect.sync(() => {
        inUse = Option.getOrUndefined(pair)
      })
    ),
    Effect.forkScoped
  )
  const bootstrapped = yield* annotated(bootstrap)
  yield* due.pipe(
    Effect.flatMap(Option.match({ onNone: () => Effect.void, onSome: renew })),
    Effect.forever,
    annotated,
    Effect.forkScoped
  )

  return CertificateManager.of({
    current,
    awaitCurrent: store.changes.pipe(
      Stream.mapEffect(() => current),
      Stream.filter(Option.isSome),
      Stream.runHead,
      Effect.flatMap(Option.match({ onNone: () => Effect.never, onSome: ({ value }) => Effect.succeed(value) }))
    ),
    state: SubscriptionRef.get(state),
    states: SubscriptionRef.changes(state),
    rotate: annotated(inTurn(Effect.flatMap(identityWanted, attempt)))
  })
})

/**
 * A manager that lives as long as the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<CertificateManager, X509Error, CertificateStore | RestClient> =>
  Layer.effect(CertificateManager, make(options)).pipe(Layer.provide(PrivateKey.layerWebCrypto))

/**
 * When to renew a certificate: after 70 % of its lifetime for a `random` of 0, up to 90 % for one of 1.
 *
 * @category accessors
 * @since 0.1.0
 */
export const deadline = (certificate: Certificate.Certificate, random: number): DateTime.Utc =>
  DateTime.addDuration(
    certificate.notBefore,
    // Clocks and timers count whole milliseconds.
    Math.floor(Duration.toMillis(Certificate.lifetime(certificate)) * (0.7 + 0.2 * random))
  )

const usagesOf = (usages: Options["usages"], algorithm: PrivateKey.Algorithm) =>
  usages === "client"
    ? SigningRequest.clientUsages(algorithm)
    : usages === "server"
    ? SigningRequest.serverUsages(algorithm)
    : usages

const purposeOf = (usages: ReadonlyArray<SigningRequest.KeyUsage>): CertificateMetrics.Purpose =>
  usages.includes("server auth") && !usages.includes("client auth") ? "server" : "client"

// A proxy in front of the server may answer 401 by itself, so that one counts whoever said it.
const isHealthy = ({ reason }: ApiError): boolean => {
  if (reason._tag === "Unauthorized") return true
  const isOfServer =
    reason.status.details?.causes?.some((cause) => cause.reason === "UnexpectedServerResponse") !== true
  return isOfServer && (reason._tag === "NotFound" || reason._tag === "Forbidden")
}
