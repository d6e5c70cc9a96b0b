/**
 * `EventRecorder`: tells people what a program did to an object, as Events that `kubectl describe` shows.
 *
 * Recording never waits and never fails: an Event is a help for people, and no reconcile should break for want of one.
 * Behind it `EventBroadcaster` writes to the server; similar and repeated events become few.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Name from "../Machinery/Name.ts"
import * as ObjectReference from "../Machinery/ObjectReference.ts"
import type { KubeObject } from "../Machinery/Resource.ts"
import type { RestClient } from "../Rest/RestClient.ts"
import * as EventBroadcaster from "./EventBroadcaster.ts"
import type * as EventCorrelator from "./EventCorrelator.ts"
import * as EventSink from "./EventSink.ts"
import type { EventType } from "./RecordedEvent.ts"

/**
 * What an event is about: an object that names its type, as every one does that a server returned, or a reference.
 *
 * @category models
 * @since 0.1.0
 */
export type Subject =
  | (KubeObject & { readonly apiVersion: string; readonly kind: string; readonly metadata: object })
  | (ObjectReference.ObjectReference & { readonly kind: string; readonly name: string; readonly metadata?: never })

/**
 * What happened.
 *
 * @category models
 * @since 0.1.0
 */
export interface Occurrence {
  /** `Normal` unless given. */
  readonly type?: EventType | undefined
  /** Why, for programs: short, CamelCase, one of few. */
  readonly reason: string
  /** What happened, for people. Of a longer one `events.k8s.io/v1` gets the first 1024 bytes. */
  readonly message: string
  /** What was done or failed, for programs: CamelCase. `events.k8s.io/v1` wants one; the reason unless given. */
  readonly action?: string | undefined
  /** A second object that takes part. */
  readonly related?: Subject | undefined
  /** The part of the object that is meant: `spec.containers{web}`. */
  readonly fieldPath?: string | undefined
  readonly annotations?: { readonly [name: string]: string } | undefined
}

/**
 * Records events.
 *
 * ```ts
 * yield* recorder.record(website, { type: "Warning", reason: "NoImage", message: "the image does not exist" })
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class EventRecorder extends Context.Service<EventRecorder, {
  /** Records an event about an object. Never waits; an event that finds the queue full is dropped and counted. */
  readonly record: (subject: Subject, occurrence: Occurrence) => Effect.Effect<void>
}>()("effect-kubernetes/Events/EventRecorder") {}

/**
 * Who tells.
 *
 * @category models
 * @since 0.1.0
 */
export interface Source {
  /** The controller: `web-controller`. For `events.k8s.io/v1` a qualified name. */
  readonly controller: string
  /** Where it runs, for people. The variable `HOSTNAME`, which is the pod's name, unless given. */
  readonly host?: string | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Options extends Source, EventBroadcaster.Options {
  /**
   * Which of the two APIs is written. `core/v1` unless given: it aggregates and silences floods; `events.k8s.io/v1`
   * counts repetitions in series.
   */
  readonly api?: "core/v1" | "events.k8s.io/v1" | undefined
  /** The limits of aggregation and of the spam filter, for `core/v1`. */
  readonly correlation?: EventCorrelator.Options | undefined
}

/**
 * Makes a recorder; it writes until the scope closes, which waits a little for what is left.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<EventRecorder["Service"], never, RestClient | Scope.Scope> {
  const sink = yield* options.api === "events.k8s.io/v1"
    ? EventSink.eventsV1({ capacity: options.correlation?.capacity })
    : EventSink.coreV1(options.correlation)
  return yield* fromBroadcaster(yield* EventBroadcaster.make(sink, options), options)
})

/**
 * A recorder of one source over a broadcaster that others share.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromBroadcaster = Effect.fnUntraced(function*(
  broadcaster: EventBroadcaster.EventBroadcaster,
  { controller, host }: Source
): Effect.fn.Return<EventRecorder["Service"]> {
  const where = host ?? (yield* Effect.orElseSucceed(Config.String("HOSTNAME"), () => ""))
  let latest = 0n

  const record = Effect.fnUntraced(function*(subject: Subject, occurrence: Occurrence): Effect.fn.Return<void> {
    const at = yield* Clock.currentTimeNanos
    // Names hold the time: two events of one moment need two.
    latest = at > latest ? at : latest + 1n
    const stamp = latest
    const regarding = referenceTo(subject, occurrence.fieldPath)
    const name = `${regarding.name ?? ""}.${stamp.toString(16)}`
    yield* broadcaster.publish({
      name: Name.dns1123Subdomain(name).length === 0 ? name : yield* uuid,
      namespace: regarding.namespace === undefined || regarding.namespace === "" ? "default" : regarding.namespace,
      regarding,
      related: occurrence.related === undefined ? undefined : referenceTo(occurrence.related),
      type: occurrence.type ?? "Normal",
      reason: occurrence.reason,
      action: occurrence.action,
      message: occurrence.message,
      annotations: occurrence.annotations,
      controller,
      host: where,
      at
    })
  })

  return EventRecorder.of({ record })
})

/** For objects whose names no Event can have. */
const uuid = Effect.map(
  Effect.forEach([0, 1, 2, 3], () => Random.nextIntBetween(0, 0xffffffff)),
  (parts) => {
    const hex = parts.map((part) => part.toString(16).padStart(8, "0")).join("")
    return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20)].join(
      "-"
    )
  }
)

/**
 * The reference to what an event is about.
 *
 * @category accessors
 * @since 0.1.0
 */
export const referenceTo = (
  subject: Subject | ObjectReference.ObjectReference,
  fieldPath?: string
): ObjectReference.ObjectReference => {
  const reference = isObject(subject) ? ObjectReference.fromObject(subject) : subject
  return fieldPath === undefined ? reference : { ...reference, fieldPath }
}

const isObject = (
  subject: Subject | ObjectReference.ObjectReference
): subject is Extract<Subject, { readonly metadata: object }> => "metadata" in subject && subject.metadata !== undefined

/**
 * A recorder that records nothing, for programs and tests that do not care.
 *
 * @category constructors
 * @since 0.1.0
 */
export const none: EventRecorder["Service"] = EventRecorder.of({ record: () => Effect.void })

/**
 * What was recorded in memory, for tests: client-go's `FakeRecorder`.
 *
 * @category testing
 * @since 0.1.0
 */
export interface Memory {
  readonly recorder: EventRecorder["Service"]
  /** In the order of recording. */
  readonly recorded: Effect.Effect<ReadonlyArray<Occurrence & { readonly subject: Subject }>>
}

/**
 * Makes a recorder that keeps what is recorded instead of writing it.
 *
 * @category testing
 * @since 0.1.0
 */
export const makeMemory: Effect.Effect<Memory> = Effect.sync(() => {
  const all: Array<Occurrence & { readonly subject: Subject }> = []
  return {
    recorder: EventRecorder.of({
      record: (subject, occurrence) => Effect.sync(() => void all.push({ ...occurrence, subject }))
    }),
    recorded: Effect.sync(() => [...all])
  }
})

/**
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<EventRecorder, never, RestClient> =>
  Layer.effect(EventRecorder, make(options))
