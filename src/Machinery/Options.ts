/**
 * The options of each verb, under the names the API gives them.
 *
 * All of them travel as query parameters, except those of a delete, which travel in its body. Durations are whole
 * seconds because that is what the wire takes; versions are opaque strings that an earlier answer gave.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/
 * @since 0.1.0
 */
import type * as FieldSelector from "./FieldSelector.ts"
import type * as LabelSelector from "./LabelSelector.ts"

/**
 * How a `resourceVersion` given to a list is meant.
 *
 * @category models
 * @since 0.1.0
 */
export type ResourceVersionMatch = "NotOlderThan" | "Exact"

/**
 * What the server does with fields it does not know, or that stand twice: refuse, warn (its default), or nothing.
 *
 * @category models
 * @since 0.1.0
 */
export type FieldValidation = "Strict" | "Warn" | "Ignore"

/**
 * What happens to the objects that the deleted one owns.
 *
 * @category models
 * @since 0.1.0
 */
export type PropagationPolicy = "Background" | "Foreground" | "Orphan"

/**
 * @category models
 * @since 0.1.0
 */
export interface GetOptions {
  /** Unset: the newest; `"0"`: whatever the server has cached; else: at least as new as this. */
  readonly resourceVersion?: string | undefined
}

/**
 * Which objects of a kind.
 *
 * @category models
 * @since 0.1.0
 */
export interface Selection {
  /** All objects unless given. */
  readonly labelSelector?: LabelSelector.Input | undefined
  /** All objects unless given; each kind supports its own few fields, `metadata.name` and `metadata.namespace` always. */
  readonly fieldSelector?: FieldSelector.Input | undefined
  /**
   * Only the objects whose hash falls into a range: `shardRange(object.metadata.uid, '0x0000000000000000',
   * '0x8000000000000000')`. Needs the server's feature `ShardedListAndWatch`, alpha in 1.36 and off by default.
   */
  readonly shardSelector?: string | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface ListOptions extends Selection {
  /** Unset: consistent with the newest write; `"0"`: any cached state; else as `resourceVersionMatch` says. */
  readonly resourceVersion?: string | undefined
  readonly resourceVersionMatch?: ResourceVersionMatch | undefined
  /** The most items of one page. No limit unless given. */
  readonly limit?: number | undefined
  /** The token of the page before; valid for about five minutes. */
  readonly continue?: string | undefined
  /** Seconds until the server gives up. */
  readonly timeoutSeconds?: number | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface WatchOptions extends Selection {
  /** The version after which events are wanted. Unset or `"0"`: first an ADDED for each object there is. */
  readonly resourceVersion?: string | undefined
  /** Only `NotOlderThan`, and only with `sendInitialEvents`. */
  readonly resourceVersionMatch?: ResourceVersionMatch | undefined
  /** Seconds until the server ends the stream; the server chooses 30 to 60 minutes unless given. */
  readonly timeoutSeconds?: number | undefined
  /** Whether BOOKMARK events are wanted. Off unless given. */
  readonly allowWatchBookmarks?: boolean | undefined
  /** Streams the objects there are, then a bookmark annotated `k8s.io/initial-events-end` (KEP-3157). */
  readonly sendInitialEvents?: boolean | undefined
}

/**
 * What every write takes.
 *
 * @category models
 * @since 0.1.0
 */
export interface WriteOptions {
  /** Runs everything and stores nothing. */
  readonly dryRun?: "All" | undefined
  /** Who owns the fields this write sets; the server derives it from the User-Agent unless given. At most 128 characters. */
  readonly fieldManager?: string | undefined
  readonly fieldValidation?: FieldValidation | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface CreateOptions extends WriteOptions {}

/**
 * @category models
 * @since 0.1.0
 */
export interface UpdateOptions extends WriteOptions {}

/**
 * @category models
 * @since 0.1.0
 */
export interface PatchOptions extends WriteOptions {}

/**
 * @category models
 * @since 0.1.0
 */
export interface ApplyOptions {
  /** Who applies. Required: the server keeps what each manager applied. */
  readonly fieldManager: string
  /** Takes over fields that other managers own instead of failing with Conflict. */
  readonly force?: boolean | undefined
  readonly dryRun?: "All" | undefined
  readonly fieldValidation?: FieldValidation | undefined
}

/**
 * What must hold for a delete to happen, else Conflict.
 *
 * @category models
 * @since 0.1.0
 */
export interface Preconditions {
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface DeleteOptions {
  /** Seconds; the kind's own default (30 for pods) unless given; 0 deletes at once. */
  readonly gracePeriodSeconds?: number | undefined
  readonly preconditions?: Preconditions | undefined
  /** The kind's own default unless given, `Background` for nearly all. */
  readonly propagationPolicy?: PropagationPolicy | undefined
  readonly dryRun?: "All" | undefined
  /**
   * Deletes an object that the store cannot decode, without finalizers or preconditions. Dangerous: what the object
   * ran may go on. Needs the verb `unsafe-delete-ignore-read-errors`.
   */
  readonly ignoreStoreReadErrorWithClusterBreakingPotential?: boolean | undefined
}
