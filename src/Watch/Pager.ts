/**
 * `Pager`: a list in pages, so that neither the server nor this process holds more of it than needed.
 *
 * It drives the `list` of a `ListWatch` (or of a client) by `limit` and `continue`. `Reflector` lists through it, and
 * so may anyone with a large collection. It does not retry, except that an expired continue token may be answered by
 * one full list.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type ApiError, isApiError } from "../Machinery/ApiError.ts"
import type { ListOptions } from "../Machinery/Options.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import type { KubeList } from "../Machinery/Resource.ts"

/**
 * One page of a collection.
 *
 * @category models
 * @since 0.1.0
 */
export type ListPage<A, E, R> = (options: ListOptions) => Effect.Effect<KubeList<A>, E, R>

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The `limit` of each request, 500 unless given, as client-go's `defaultPageSize`. 0 asks for everything at once. */
  readonly pageSize?: number | undefined
  /** Versions, selectors and a `continue` to begin with. `limit` is the pager's. */
  readonly listOptions?: ListOptions | undefined
}

const defaultPageSize = 500

const firstRequest = (options: Options | undefined): ListOptions => {
  const pageSize = options?.pageSize ?? defaultPageSize
  return { ...options?.listOptions, limit: pageSize === 0 ? undefined : pageSize }
}

// The token carries the version, so a request that continues must not name one.
const nextRequest = (request: ListOptions, token: string): ListOptions => ({
  ...request,
  continue: token,
  resourceVersion: undefined,
  resourceVersionMatch: undefined
})

const tokenOf = (page: KubeList<unknown>): string | undefined => {
  const token = page.metadata.continue
  return token === undefined || token === "" ? undefined : token
}

/**
 * What a stream of pages does.
 *
 * @category models
 * @since 0.1.0
 */
export interface StreamOptions extends Options {
  /**
   * What happens when the continue token expires in mid-list, as it does a few minutes after the first page. Pages were
   * given out by then, so they cannot be read again. `Fail`, as client-go: the stream fails with Expired. `Continue`: it
   * goes on behind the last key in the state of now, with the token that the server offers for that; each object comes at
   * most once, but what comes is of no single version. `Fail` unless given.
   */
  readonly onExpired?: "Fail" | "Continue" | undefined
}

/**
 * The pages of a collection, each asked for when it is pulled. Fails where the list fails.
 *
 * @category constructors
 * @since 0.1.0
 */
export const pages = <A, E, R>(list: ListPage<A, E, R>, options?: StreamOptions): Stream.Stream<KubeList<A>, E, R> => {
  const ask = (request: ListOptions): Effect.Effect<KubeList<A>, E, R> => {
    if (options?.onExpired !== "Continue" || request.continue === undefined) return list(request)
    return Effect.catch(list(request), (error) => {
      const offered = offeredToken(error)
      return offered === undefined ? Effect.fail(error) : list(nextRequest(request, offered))
    })
  }
  return Stream.paginate(firstRequest(options), (request) =>
    Effect.map(ask(request), (page) => {
      const token = tokenOf(page)
      return [[page], token === undefined ? Option.none() : Option.some(nextRequest(request, token))]
    }))
}

/** The token of an Expired error with which the list can be gone on, inconsistently. */
const offeredToken = (error: unknown): string | undefined => {
  if (!isApiError(error) || !isExpired(error)) return undefined
  const token = error.reason.status.metadata?.continue
  return token === "" ? undefined : token
}

/**
 * The items of a collection, page by page. One page is read ahead while the one before is handled, unless
 * `pagesAhead` says otherwise.
 *
 * @category constructors
 * @since 0.1.0
 */
export const items = <A, E, R>(
  list: ListPage<A, E, R>,
  options?: StreamOptions & {
    /** How many pages may wait in memory, 1 unless given. */
    readonly pagesAhead?: number | undefined
  }
): Stream.Stream<A, E, R> =>
  pages(list, options).pipe(
    Stream.buffer({ capacity: options?.pagesAhead ?? 1 }),
    Stream.flatMap((page) => Stream.fromIterable(page.items))
  )

/**
 * A whole collection.
 *
 * @category models
 * @since 0.1.0
 */
export interface Whole<out B> {
  readonly items: ReadonlyArray<B>
  /** That of the first page: where a watch may begin. */
  readonly resourceVersion: string
  /** Whether the server answered in more than one page. */
  readonly isPaged: boolean
}

/**
 * Reads a whole collection, mapping each page at once so that no page is kept.
 *
 * When the continue token expires in mid-list, the pages so far are dropped and the collection is read again in one
 * piece, unless `isFullListOnExpired` is false.
 *
 * @category constructors
 * @since 0.1.0
 */
export const collect = Effect.fnUntraced(function*<A, B, R>(
  list: ListPage<A, ApiError | RequestError, R>,
  options: Options & {
    /** What is kept of a page. */
    readonly map: (page: ReadonlyArray<A>) => ReadonlyArray<B>
    /** True unless given. */
    readonly isFullListOnExpired?: boolean | undefined
  }
): Effect.fn.Return<Whole<B>, ApiError | RequestError, R> {
  const isFullListOnExpired = options.isFullListOnExpired ?? true
  let request = firstRequest(options)
  let kept: Array<B> = []
  let resourceVersion: string | undefined
  let isPaged = false
  while (true) {
    const page: Option.Option<KubeList<A>> = yield* list(request).pipe(
      Effect.asSome,
      Effect.catchIf(
        (error) => isFullListOnExpired && request.continue !== undefined && isExpired(error),
        () => Effect.succeedNone
      )
    )
    if (page._tag === "None") {
      kept = []
      resourceVersion = undefined
      request = { ...options.listOptions, limit: undefined, continue: undefined }
      continue
    }
    resourceVersion ??= page.value.metadata.resourceVersion ?? ""
    for (const item of options.map(page.value.items)) kept.push(item)
    const token = tokenOf(page.value)
    if (token === undefined) return { items: kept, resourceVersion, isPaged }
    isPaged = true
    request = nextRequest(request, token)
  }
})

/**
 * Reads a whole collection as it is.
 *
 * @category constructors
 * @since 0.1.0
 */
export const all = <A, R>(
  list: ListPage<A, ApiError | RequestError, R>,
  options?: Options
): Effect.Effect<Whole<A>, ApiError | RequestError, R> => collect(list, { ...options, map: (page) => page })

const isExpired = (error: ApiError | RequestError): boolean =>
  error._tag === "ApiError" && (error.reason._tag === "Expired" || error.reason._tag === "Gone")
