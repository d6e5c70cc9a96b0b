/**
 * `RecordedEvent`: something that happened to an object, before it becomes an Event of one of the two APIs.
 *
 * `EventRecorder` makes it, `EventBroadcaster` hands it on, an `EventSink` decides what to write for it.
 *
 * @since 0.1.0
 */
import type { ObjectReference } from "../Machinery/ObjectReference.ts"

/**
 * Whether something went as it should.
 *
 * @category models
 * @since 0.1.0
 */
export type EventType = "Normal" | "Warning"

/**
 * @category models
 * @since 0.1.0
 */
export interface RecordedEvent {
  /** The name of the Event that tells of it: the object's with the time in hexadecimal, unique within its recorder. */
  readonly name: string
  /** The object's, `default` for objects without one. */
  readonly namespace: string
  readonly regarding: ObjectReference
  readonly related: ObjectReference | undefined
  readonly type: EventType
  readonly reason: string
  readonly action: string | undefined
  readonly message: string
  readonly annotations: { readonly [name: string]: string } | undefined
  /** Who tells: `web-controller`. */
  readonly controller: string
  /** Where it runs; empty where that is not known. */
  readonly host: string
  /** When, in nanoseconds since 1970. */
  readonly at: bigint
}

/**
 * A text that is the same for the same parts and differs for others, whatever characters they hold.
 *
 * @category accessors
 * @since 0.1.0
 */
export const key = (parts: ReadonlyArray<string | undefined>): string => JSON.stringify(parts)
