/**
 * Reads: one object, or a list by selectors, version and page.
 *
 * @internal
 */
import * as Base64Url from "effect/encoding/Base64Url"
import * as Result from "effect/Result"
import * as FieldSelector from "../../Machinery/FieldSelector.ts"
import * as Json from "../../Machinery/Json.ts"
import * as LabelSelector from "../../Machinery/LabelSelector.ts"
import * as JsonText from "./jsonText.ts"
import * as Metadata from "./metadata.ts"
import * as Query from "./query.ts"
import * as Registry from "./registry.ts"
import type * as Server from "./server.ts"
import * as StatusError from "./statusError.ts"
import * as Store from "./store.ts"
import * as Strategy from "./strategy.ts"

type Outcome<A> = Result.Result<A, StatusError.StatusError>

/** Which objects of a type are meant. */
export interface Selection {
  readonly served: Registry.Served
  /** Empty: all. */
  readonly namespace: string
  readonly labels: LabelSelector.Selector
  readonly fields: FieldSelector.Selector
}

/** What the real server calls a label selector it cannot read: the reason alone. */
const labelsOf = (text: string): Outcome<LabelSelector.Selector> =>
  Result.mapError(LabelSelector.parse(text), ({ reason }) => StatusError.badRequest(reason))

const fieldsOf = (served: Registry.Served, text: string): Outcome<FieldSelector.Selector> =>
  Result.gen(function*() {
    const parsed = FieldSelector.parse(text)
    if (Result.isFailure(parsed)) return yield* Result.fail(StatusError.badRequest(parsed.failure.reason))
    const { selectable, selectorRefusal } = served.strategy
    for (const { field } of parsed.success.requirements) {
      if (!selectable.has(field)) return yield* Result.fail(StatusError.badRequest(selectorRefusal(field)))
    }
    return parsed.success
  })

/** The selection that the options of a list or watch make. */
export const selection = (
  served: Registry.Served,
  namespace: string,
  options: Pick<Query.ListOptions, "labelSelector" | "fieldSelector">
): Outcome<Selection> =>
  Result.gen(function*() {
    return {
      served,
      namespace,
      labels: yield* labelsOf(options.labelSelector),
      fields: yield* fieldsOf(served, options.fieldSelector)
    }
  })

/** Whether a stored object belongs to a selection. */
export const matches = ({ fields, labels, namespace, served }: Selection, object: Json.JsonObject): boolean =>
  (namespace === "" || Metadata.namespaceOf(object) === namespace) &&
  (LabelSelector.isEverything(labels) ||
    LabelSelector.matches(labels, Json.textMapOf(Metadata.of(object)["labels"]))) &&
  (FieldSelector.isEverything(fields) ||
    FieldSelector.matches(fields, Strategy.fieldsOf(served.table, served.strategy, object)))

/** One object. */
export const get = (
  server: Server.Server,
  served: Registry.Served,
  namespace: string,
  name: string,
  resourceVersion: string
): Outcome<Json.JsonObject> =>
  Result.gen(function*() {
    const version = yield* versionOf(resourceVersion)
    if (version !== undefined && version > server.store.revision) {
      return yield* Result.fail(StatusError.tooLargeResourceVersion(version, server.store.revision))
    }
    const object = Store.get(server.store, served.table, Store.keyOf(namespace, name))
    return object === undefined
      ? yield* Result.fail(StatusError.notFound(served, name))
      : Registry.fromStorage(served, object)
  })

const versionOf = (text: string): Outcome<number | undefined> =>
  Result.mapError(Query.resourceVersion(text), (why) => StatusError.badRequest(`invalid resource version: ${why}`))

interface Token {
  readonly revision: number
  /** The last key of the page before. */
  readonly after: string
}

const printToken = ({ after, revision }: Token): string =>
  Base64Url.encode(JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start: `${after}\u0000` }))

const parseToken = (text: string): Outcome<Token> => {
  const refuse = (why: string) =>
    Result.fail(StatusError.badRequest(`invalid continue token: continue key is not valid: ${why}`))
  const decoded = Base64Url.decodeString(text)
  if (Result.isFailure(decoded)) return refuse("illegal base64 data at input byte 0")
  const found = /^\{"v":"meta\.k8s\.io\/v1","rv":(-?[0-9]+),"start":("(?:[^"\\]|\\.)*")\}$/.exec(decoded.success)
  if (found === null) {
    const read = JsonText.read(decoded.success)
    return refuse(JsonText.isProblem(read) ? read.problem : "unknown token")
  }
  const start: unknown = JSON.parse(found[2] ?? `""`)
  return Result.succeed({ revision: Number(found[1]), after: Json.textOf(start).replace(/\u0000$/, "") })
}

/** A list or a page of one. Objects are in the version that was asked for. */
export interface Listed {
  readonly resourceVersion: string
  readonly continue: string
  readonly remainingItemCount: number | undefined
  readonly items: ReadonlyArray<Json.JsonObject>
}

/** Where a list begins and which state it sees. */
interface Start {
  readonly revision: number
  readonly after: string
  readonly limit: number
}

const gone =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list."

const start = (
  server: Server.Server,
  table: string,
  options: Query.ListOptions
): Outcome<Start> =>
  Result.gen(function*() {
    const { store } = server
    const oldest = Store.oldestReadable(store, Store.table(store, table))
    const version = yield* versionOf(options.resourceVersion)
    if (options.continue !== "") {
      if (version !== undefined && version !== 0) {
        return yield* Result.fail(StatusError.badRequest(
          "specifying resource version is not allowed when using continue"
        ))
      }
      const token = yield* parseToken(options.continue)
      // An inconsistent continue token reads what there is now.
      if (token.revision < 0) return { revision: store.revision, after: token.after, limit: options.limit }
      if (token.revision < oldest) {
        return yield* Result.fail(StatusError.expired(gone, {
          continue: printToken({ revision: -1, after: token.after })
        }))
      }
      return { ...token, limit: options.limit }
    }
    if (version !== undefined && version > store.revision) {
      return yield* Result.fail(StatusError.tooLargeResourceVersion(version, store.revision))
    }
    const { limit, resourceVersionMatch: match } = options
    const isExact = match === "Exact" || (match === "" && limit > 0 && version !== undefined && version > 0)
    if (!isExact || version === undefined) {
      return { revision: store.revision, after: "", limit: version === 0 && match === "" ? 0 : limit }
    }
    return version < oldest
      ? yield* Result.fail(StatusError.expired("The resourceVersion for the provided list is too old."))
      : { revision: version, after: "", limit }
  })

/** Lists the objects of a selection. */
export const list = (server: Server.Server, selected: Selection, options: Query.ListOptions): Outcome<Listed> =>
  Result.map(start(server, selected.served.table, options), ({ after, limit, revision }) => {
    const { served } = selected
    const { keys, objects } = Store.objectsAt(server.store, served.table, revision)
    const items: Array<Json.JsonObject> = []
    let last = ""
    let remaining = 0
    for (const key of keys) {
      if (after !== "" && key <= after) continue
      const object = objects.get(key)
      if (object === undefined || !matches(selected, object)) continue
      if (limit > 0 && items.length >= limit) {
        remaining++
        continue
      }
      items.push(Registry.fromStorage(served, object))
      last = key
    }
    const isFiltered = !LabelSelector.isEverything(selected.labels) || !FieldSelector.isEverything(selected.fields)
    return {
      resourceVersion: String(revision),
      continue: remaining > 0 ? printToken({ revision, after: last }) : "",
      remainingItemCount: remaining > 0 && !isFiltered ? remaining : undefined,
      items
    }
  })
