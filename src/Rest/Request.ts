/**
 * A request in Kubernetes terms: a verb on a resource, before it becomes a path and bytes.
 *
 * Clients make one, `RestClient` sends it. Paths are built here and nowhere else: `/api/v1` for the core group,
 * `/apis/GROUP/VERSION` for all others, `namespaces/NS` only for namespaced kinds, `RESOURCE/NAME/SUBRESOURCE`.
 *
 * @since 0.1.0
 */
import type { Header, Method } from "./Transport.ts"

/**
 * What is addressed: a collection, an object, a subresource; or, with `path`, anything else the server serves.
 *
 * @category models
 * @since 0.1.0
 */
export type Target =
  | {
    readonly _tag: "Resource"
    readonly group: string
    readonly version: string
    readonly plural: string
    readonly namespace?: string | undefined
    readonly name?: string | undefined
    readonly subresource?: string | undefined
    /** Further segments, as for `proxy`. */
    readonly suffix?: string | undefined
  }
  | { readonly _tag: "Path"; readonly path: string }

/**
 * @category models
 * @since 0.1.0
 */
export interface Request {
  readonly method: Method
  /** The Kubernetes verb: `get`, `list`, `watch`, `create`, `update`, `patch`, `apply`, `delete`, `deletecollection`. */
  readonly verb: string
  readonly target: Target
  /** Query parameters in order; a name may repeat. */
  readonly query?: ReadonlyArray<readonly [name: string, value: string]> | undefined
  /** Plain JSON, or text or bytes that are already encoded. Needs `contentType` unless it is JSON. */
  readonly body?: unknown
  readonly contentType?: string | undefined
  /** `application/json` unless given. */
  readonly accept?: string | undefined
  readonly headers?: ReadonlyArray<Header> | undefined
}
