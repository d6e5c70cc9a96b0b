/**
 * Writes at random, the same to two servers, and where their answers differ.
 *
 * Objects of many kinds are created, updated, patched in four ways and applied, with values that a schema allows most of
 * the time. What is compared: whether a write is taken, and the object after it with its managers, less what each server
 * gives of its own.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { kinds } from "../../src/Api/schemas.ts"
import type { Kubernetes } from "../../src/Kubernetes.ts"
import * as ObjectSchema from "../../src/Machinery/ObjectSchema.ts"
import * as Resource from "../../src/Machinery/Resource.ts"
import type { Request } from "../../src/Rest/Request.ts"
import { RestClient } from "../../src/Rest/RestClient.ts"
import { type Manifest, manifests } from "../conformance/manifests.ts"

type Random = () => number

/** Numbers from 0 to 1 that a seed repeats (mulberry32). */
export const randomOf = (seed: number): Random => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const below = (random: Random, count: number): number => Math.floor(random() * count)

const pick = <A>(random: Random, items: ReadonlyArray<A>): A | undefined => items[below(random, items.length)]

const texts = ["", "a", "web", "x y", "A", "80", "TCP", "Always", "a.example.com", "-1", "1Gi", "50%", "192.0.2.7"]
const numbers = [0, 1, -1, 2, 80, 443, 70000, 1.5]

/** A value that the schema allows by its type, most of the time. */
const valueOf = (random: Random, given: ObjectSchema.ObjectSchema | undefined, depth: number): unknown => {
  if (given === undefined || random() < 0.06) {
    return pick<unknown>(random, [null, "x", 5, true, {}, [], [null], { a: "b" }])
  }
  const schema = ObjectSchema.resolve(given)
  if (random() < 0.06) return null
  if (schema.enum !== undefined && random() < 0.9) return pick(random, schema.enum)
  if (schema.format === "int-or-string" || schema["x-kubernetes-int-or-string"] === true) {
    return random() < 0.5 ? pick(random, numbers) : pick(random, texts)
  }
  if (schema.format === "quantity") return pick<unknown>(random, ["1", "100m", "1Gi", 2, "bad", ""])
  if (schema.format === "date-time") return pick(random, ["2026-01-02T03:04:05Z", "bad", null])
  switch (schema.type) {
    case "integer":
    case "number":
      return pick(random, numbers)
    case "boolean":
      return random() < 0.5
    case "array":
      return Array.from({ length: below(random, depth > 3 ? 1 : 3) }, () => valueOf(random, schema.items, depth + 1))
    case "object": {
      const names = Object.keys(schema.properties ?? {})
      const required = (schema.required ?? []).filter(() => random() < 0.9)
      const some = names.filter(() => random() < (depth > 2 ? 0.1 : 1.5 / names.length))
      if (names.length > 0) {
        return Object.fromEntries(
          [...new Set([...required, ...some])].map((name) => [
            name,
            valueOf(random, schema.properties?.[name], depth + 1)
          ])
        )
      }
      const values = typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined
      return Object.fromEntries(
        Array.from(
          { length: below(random, 3) },
          () => [pick(random, ["a", "b", "app", "cpu"]), valueOf(random, values, depth + 1)]
        )
      )
    }
    default:
      return pick(random, texts)
  }
}

type Path = ReadonlyArray<string | number>

/** A place somewhere under a value, of a member that is there or that the schema has. */
const placeIn = (
  random: Random,
  value: unknown,
  given: ObjectSchema.ObjectSchema | undefined,
  path: Path
): { readonly path: Path; readonly schema: ObjectSchema.ObjectSchema | undefined; readonly present: boolean } => {
  const schema = given === undefined ? undefined : ObjectSchema.resolve(given)
  const here = { path, schema, present: value !== undefined }
  if (path.length > 0 && path.at(-1) !== "metadata" && random() < 0.15) return here
  if (Array.isArray(value)) {
    if (value.length === 0) return here
    const index = below(random, value.length)
    return placeIn(random, value[index], schema?.items, [...path, index])
  }
  if (!isObject(value)) return here
  const known = Object.keys(schema?.properties ?? {})
  const names = [...Object.keys(value), ...Object.keys(value), ...Object.keys(value), ...known]
    .filter((name) => path.length > 0 || !["apiVersion", "kind", "status"].includes(name))
    .filter((name) => path.at(-1) !== "metadata" || ["labels", "annotations", "finalizers"].includes(name))
    .filter((name) =>
      !["generation", "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "nodePort"].includes(name)
    )
  const name = pick(random, names)
  if (name === undefined) return here
  const inner = schema?.properties?.[name] ??
    (typeof schema?.additionalProperties === "object" ? schema.additionalProperties : undefined)
  return placeIn(random, value[name], inner, [...path, name])
}

const withValue = (value: unknown, path: Path, change: unknown): unknown => {
  const [key, ...rest] = path
  if (key === undefined) return change
  if (Array.isArray(value)) return value.map((item, index) => index === key ? withValue(item, rest, change) : item)
  const object = isObject(value) ? value : {}
  return { ...object, [key]: withValue(object[key], rest, change) }
}

const pointer = (path: Path): string =>
  path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("")

/** A merge patch of one place; of a list's item, the whole list. */
const mergeOf = (object: unknown, path: Path, value: unknown): unknown => {
  const [key, ...rest] = path
  if (key === undefined) return value
  if (Array.isArray(object)) return withValue(object, path, value)
  return { [key]: mergeOf(isObject(object) ? object[key] : undefined, rest, value) }
}

/** A strategic patch of one place: items are named by the keys that lists of objects commonly have. */
const strategicOf = (object: unknown, path: Path, value: unknown): unknown => {
  const [key, ...rest] = path
  if (key === undefined) return value
  if (Array.isArray(object) && typeof key === "number") {
    const item: unknown = object[key]
    const inner = strategicOf(item, rest, value)
    return [
      isObject(item) && isObject(inner)
        ? {
          ...Object.fromEntries(
            ["name", "port", "containerPort", "key", "type"].flatMap((id) => id in item ? [[id, item[id]]] : [])
          ),
          ...inner
        }
        : inner
    ]
  }
  return { [key]: strategicOf(isObject(object) ? object[key] : undefined, rest, value) }
}

/** The answer of a server to one request. */
export type Answer = Result.Result<unknown, string>

export interface Difference {
  readonly kind: string
  readonly request: { readonly method: string; readonly contentType: string | undefined; readonly body: unknown }
  readonly before: unknown
  readonly memory: unknown
  readonly real: unknown
}

export interface Report {
  readonly steps: number
  /** Both accept, with different results. */
  readonly results: ReadonlyArray<Difference>
  /** Refused in memory alone. */
  readonly tooStrict: ReadonlyArray<Difference>
  /** Refused by the real server alone. */
  readonly tooLax: ReadonlyArray<Difference>
  /** Both refuse, in different words. */
  readonly words: ReadonlyArray<Difference>
}

const metadataOf = (object: unknown): { readonly [key: string]: unknown } =>
  isObject(object) && isObject(object["metadata"]) ? object["metadata"] : {}

/** What controllers and the admission plugins beside them write. */
const ofControllers = new Set<unknown>(["deployment.kubernetes.io/revision", "kubernetes.io/pvc-protection"])

const managers = new Set(["writer", "applier"])

/** What must be the same in both: no identities, no times, no status, and only our own managers. */
const normal = (object: unknown): unknown => {
  if (!isObject(object)) return object
  const metadata = metadataOf(object)
  const { creationTimestamp: _c, managedFields, resourceVersion: _r, uid, ...rest } = metadata
  const { status: _s, ...body } = object
  const own = Array.isArray(managedFields)
    ? managedFields.filter((entry: { readonly manager: string; readonly subresource?: string }) =>
      managers.has(entry.manager) && entry.subresource === undefined
    ).map((entry) => ({ ...entry, time: undefined }))
    : managedFields
  const annotations = isObject(rest["annotations"])
    ? Object.fromEntries(Object.entries(rest["annotations"]).filter(([key]) => !ofControllers.has(key)))
    : rest["annotations"]
  const finalizers = Array.isArray(rest["finalizers"])
    ? rest["finalizers"].filter((name) => !ofControllers.has(name))
    : rest["finalizers"]
  const printed = JSON.stringify({
    ...body,
    metadata: {
      ...rest,
      annotations: isObject(annotations) && Object.keys(annotations).length === 0 ? undefined : annotations,
      finalizers: Array.isArray(finalizers) && finalizers.length === 0 ? undefined : finalizers,
      managedFields: Array.isArray(own) && own.length === 0 ? undefined : own,
      ...(object["kind"] === "Deployment" ? { generation: 0 } : {})
    }
  })
    .replaceAll(typeof uid === "string" ? uid : "\u0000", "UID")
    .replace(/"10\.\d+\.\d+\.\d+"/g, "\"ADDRESS\"")
    .replace(/"nodePort":\d+/g, "\"nodePort\":0")
  return JSON.parse(printed)
}

const canonical = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(canonical)
    : isObject(value)
    ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, canonical(value[key])]))
    : value

const print = (value: unknown): string => JSON.stringify(canonical(value))

const send = (context: Context.Context<Kubernetes>, request: Request): Effect.Effect<Answer> =>
  Context.get(context, RestClient).json(request).pipe(
    Effect.result,
    Effect.map(Result.mapError((error) =>
      error._tag === "ApiError"
        ? print({
          code: error.reason.status.code,
          reason: error.reason.status.reason,
          message: error.reason.status.message,
          causes: error.reason.status.details?.causes
        })
        : `${error._tag}: ${error.message}`
    ))
  )

export const namespace = "random-writes"

/** Compares two servers over random writes. */
export const compare = Effect.fnUntraced(function*(options: {
  readonly memory: Context.Context<Kubernetes>
  readonly real: Context.Context<Kubernetes>
  readonly seed: number
  readonly steps: number
  readonly only?: (manifest: Manifest) => boolean
}) {
  const rows = manifests.filter((row) => options.only?.(row) ?? true)
  const report = {
    steps: 0,
    results: [] as Array<Difference>,
    tooStrict: [] as Array<Difference>,
    tooLax: [] as Array<Difference>,
    words: [] as Array<Difference>
  }
  // The two servers give the object other names of their own: what stands in the request is the real one's.
  let uids: readonly [memory: string, real: string] = ["", ""]
  const translated = (request: Request): Request =>
    request.body === undefined || uids[1] === ""
      ? request
      : { ...request, body: JSON.parse(JSON.stringify(request.body).replaceAll(uids[1], uids[0])) }
  const both = (request: Request) =>
    Effect.all([send(options.memory, translated(request)), send(options.real, request)])
  const core = { _tag: "Resource", group: "", version: "v1", plural: "namespaces" } as const
  yield* both({ method: "POST", verb: "create", target: core, body: { metadata: { name: namespace } } })
  let count = 0
  while (report.steps < options.steps) {
    // Each object has a sequence of its own, so that what became of one does not change the next.
    const random = randomOf(options.seed * 65_537 + count)
    const row = pick(random, rows)
    if (row === undefined) break
    const { resource } = row
    const schema = ObjectSchema.lookup(kinds, resource)
    const name = `r${options.seed}-${count++}`
    const isNamespaced = resource.scope === "Namespaced"
    const target = {
      _tag: "Resource",
      group: resource.group,
      version: resource.version,
      plural: resource.plural,
      ...(isNamespaced ? { namespace } : {})
    } as const
    const base = {
      apiVersion: Resource.apiVersion(resource),
      kind: resource.kind,
      ...row.object(namespace),
      metadata: { name, ...(isNamespaced ? { namespace } : {}) }
    }
    const change = (object: unknown) => {
      const { path, present, schema: inner } = placeIn(random, object, schema, [])
      return { path, present, value: valueOf(random, inner, 0) }
    }
    const compareOne = Effect.fnUntraced(function*(request: Request, before: unknown) {
      report.steps++
      if (before === undefined) uids = ["", ""]
      const [memory, real] = yield* both(request)
      if (before === undefined && Result.isSuccess(memory) && Result.isSuccess(real)) {
        uids = [String(metadataOf(memory.success)["uid"]), String(metadataOf(real.success)["uid"])]
      }
      const shown = (answer: Answer) =>
        Result.isSuccess(answer)
          ? normal(answer.success)
          : uids.reduce((text, uid) => uid === "" ? text : text.replaceAll(uid, "UID"), answer.failure)
      const difference: Difference = {
        kind: resource.kind,
        request: { method: request.method, contentType: request.contentType, body: request.body },
        before: normal(before),
        memory: shown(memory),
        real: shown(real)
      }
      if (Result.isSuccess(memory) && Result.isSuccess(real)) {
        if (print(difference.memory) === print(difference.real)) return real.success
        report.results.push(difference)
      } else if (Result.isSuccess(real)) report.tooStrict.push(difference)
      else if (Result.isSuccess(memory)) report.tooLax.push(difference)
      else {
        if (difference.memory !== difference.real) report.words.push(difference)
        return before
      }
      return undefined
    })
    let first: unknown = base
    if (random() < 0.4) {
      const { path, value } = change(base)
      first = withValue(base, path, value)
    }
    const query = [["fieldManager", "writer"]] as const
    let live = yield* compareOne({ method: "POST", verb: "create", target, query, body: first }, undefined)
    const named = { ...target, name }
    for (let step = 0; step < 6 && live !== undefined && report.steps < options.steps; step++) {
      const { path, present, value } = change(live)
      const way = below(random, 5)
      const request: Request = way === 0
        ? {
          method: "PUT",
          verb: "update",
          target: named,
          query,
          body: withValue(
            {
              ...(live as object),
              metadata: {
                ...metadataOf(live),
                managedFields: undefined,
                resourceVersion: undefined,
                uid: undefined,
                creationTimestamp: undefined
              }
            },
            path,
            value
          )
        }
        : way === 1
        ? {
          method: "PATCH",
          verb: "patch",
          target: named,
          query,
          contentType: "application/merge-patch+json",
          body: mergeOf(live, path, value)
        }
        : way === 2
        ? {
          method: "PATCH",
          verb: "patch",
          target: named,
          query,
          contentType: "application/strategic-merge-patch+json",
          body: strategicOf(live, path, value)
        }
        : way === 3
        ? {
          method: "PATCH",
          verb: "patch",
          target: named,
          query,
          contentType: "application/json-patch+json",
          body: [
            present && random() < 0.4
              ? { op: "remove", path: pointer(path) }
              : { op: present ? "replace" : "add", path: pointer(path), value }
          ]
        }
        : {
          method: "PATCH",
          verb: "apply",
          target: named,
          query: [["fieldManager", "applier"], ["force", String(random() < 0.7)]],
          contentType: "application/apply-patch+yaml",
          body: {
            apiVersion: base.apiVersion,
            kind: base.kind,
            ...(strategicOf(live, path, value) as object),
            metadata: { ...metadataOf(strategicOf(live, path, value)), name }
          }
        }
      if (Array.isArray(request.body) ? request.body.some(({ path }) => path === "") : !isObject(request.body)) continue
      const after = yield* compareOne(request, live)
      if (after === undefined) break
      // The servers' own controllers write, too: what both answered is the base of what comes next only where they agree.
      live = after
    }
    live = undefined
    yield* both({
      method: "DELETE",
      verb: "delete",
      target: named,
      query: [["gracePeriodSeconds", "0"], ["propagationPolicy", "Background"]]
    })
    yield* both({
      method: "PATCH",
      verb: "patch",
      target: named,
      contentType: "application/merge-patch+json",
      body: { metadata: { finalizers: null } }
    })
  }
  return report as Report
})
