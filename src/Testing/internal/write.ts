/**
 * Creates and updates: the generic part of every write.
 *
 * Source: `registry/generic/registry/store.go` and `registry/rest` of apiserver.
 *
 * @internal
 */
import * as Result from "effect/Result"
import type * as FieldSet from "../../Apply/FieldSet.ts"
import * as Json from "../../Machinery/Json.ts"
import type { ObjectSchema } from "../../Machinery/ObjectSchema.ts"
import * as CustomRules from "./customRules.ts"
import * as CustomSchema from "./customSchema.ts"
import * as Deletion from "./deletion.ts"
import * as FieldError from "./fieldError.ts"
import * as Managed from "./managed.ts"
import * as Metadata from "./metadata.ts"
import * as ObjectMeta from "./objectMeta.ts"
import * as Preparing from "./preparing.ts"
import type { WriteOptions } from "./query.ts"
import * as Registry from "./registry.ts"
import * as Server from "./server.ts"
import * as StatusError from "./statusError.ts"
import * as Store from "./store.ts"
import * as Typed from "./typed.ts"
import * as Validation from "./validation.ts"

type Outcome<A> = Result.Result<A, StatusError.StatusError>

/** One write. */
export interface Write {
  readonly server: Server.Server
  readonly call: Server.Call
  readonly served: Registry.Served
  readonly namespace: string
  /** Empty for a creation. */
  readonly name: string
  /** Empty for the object itself. */
  readonly subresource: string
  readonly options: WriteOptions
  /** Why the user may not create what an update or an apply finds missing; asked for when it does. */
  readonly createRefusal?: () => StatusError.StatusError | undefined
}

/** The object that a write is about, in the version that was asked for. */
export const live = ({ name, namespace, served, server }: Write): Json.JsonObject | undefined => {
  const stored = Store.get(server.store, served.table, Store.keyOf(namespace, name))
  return stored === undefined ? undefined : Registry.fromStorage(served, stored)
}

const resetBy = (served: Registry.Served, subresource: string): ReadonlyArray<FieldSet.Path> => {
  if (subresource === "") return Object.hasOwn(served.subresources, "status") ? [["f:status"]] : []
  if (subresource !== "status") return []
  return served.custom === undefined
    ? [["f:spec"], ...(served.table === "apps/deployments" ? [["f:metadata", "f:labels"]] : [])]
    : [["f:spec"], ["f:metadata"], ["f:apiVersion"], ["f:kind"]]
}

/** Who a write counts as. */
export const writerOf = ({ call, options, served, subresource }: Write): Managed.Writer => ({
  served,
  manager: options.fieldManager,
  subresource,
  time: Server.timestamp(call.now),
  reset: resetBy(served, subresource)
})

/** Refuses new objects where the namespace is missing or going away. */
export const admitNamespace = ({ namespace, served, server }: Write, name: string): Outcome<void> => {
  if (!served.isNamespaced) return Result.void
  const found = Store.get(server.store, "/namespaces", namespace)
  if (found === undefined) return Result.fail(StatusError.notFound({ group: "", plural: "namespaces" }, namespace))
  return Metadata.of(found)["deletionTimestamp"] === undefined ? Result.void : Result.fail(StatusError.forbidden(
    served,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    [{
      reason: "NamespaceTerminating",
      message: `namespace ${namespace} is being terminated`,
      field: "metadata.namespace"
    }]
  ))
}

const inNamespace = ({ namespace, served }: Write, object: Json.JsonObject): Outcome<Json.JsonObject> => {
  const given = Metadata.namespaceOf(object)
  if (!served.isNamespaced) {
    return Result.succeed(given === "" ? Json.setAt(object, ["metadata", "namespace"], undefined) : object)
  }
  return given === "" || given === namespace
    ? Result.succeed(Json.setAt(object, ["metadata", "namespace"], namespace))
    : Result.fail(StatusError.badRequest(
      "the namespace of the provided object does not match the namespace sent on the request"
    ))
}

const customErrors = (
  schema: ObjectSchema,
  object: Json.JsonObject,
  before: Json.JsonObject | undefined
): ReadonlyArray<FieldError.FieldError> => {
  const errors = CustomSchema.errors(schema, object)
  return errors.length > 0 ? errors : CustomRules.errors(schema, object, before)
}

const errorsOf = (
  served: Registry.Served,
  object: Json.JsonObject,
  before: Json.JsonObject | undefined
): ReadonlyArray<FieldError.FieldError> => [
  ...ObjectMeta.errors(served, object),
  ...(before === undefined ? [] : ObjectMeta.updateErrors(object, before)),
  ...(served.custom === undefined
    ? Validation.errors(served, object, before)
    : customErrors(served.custom.schema, object, before))
]

const check = (
  { served }: Write,
  object: Json.JsonObject,
  before: Json.JsonObject | undefined
): Outcome<void> => {
  const errors = errorsOf(served, object, before)
  return errors.length === 0 ? Result.void : Result.fail(StatusError.invalid(served, Metadata.nameOf(object), errors))
}

const longestBase = 63 - 5

const named = (write: Write, object: Json.JsonObject): Json.JsonObject => {
  const base = Json.textOf(Metadata.of(object)["generateName"])
  if (Metadata.nameOf(object) !== "" || base === "") return object
  const { call, namespace, served, server } = write
  let name = ""
  // The real server gives up after eight collisions.
  for (let attempt = 0; attempt < 8; attempt++) {
    name = `${base.slice(0, longestBase)}${Server.suffix(call.random)}`
    if (Store.get(server.store, served.table, Store.keyOf(namespace, name)) === undefined) break
  }
  return Json.setAt(object, ["metadata", "name"], name)
}

const systemFields = (write: Write, object: Json.JsonObject): Json.JsonObject => {
  const { call, served } = write
  const { deletionGracePeriodSeconds: _grace, deletionTimestamp: _deletion, selfLink: _link, ...metadata } = Metadata
    .of(object)
  return {
    ...object,
    metadata: {
      ...Json.without(metadata, "generation"),
      uid: Server.uuid(call.random),
      creationTimestamp: Server.timestamp(call.now),
      ...(served.strategy.hasGeneration ? { generation: 1 } : {})
    }
  }
}

const present = (served: Registry.Served, object: Json.JsonObject): Json.JsonObject => ({
  ...readBack(served, object),
  metadata: Store.orderedMetadata(Metadata.of(object)),
  kind: served.kind
})

/** What the store makes of an object of a built-in kind. */
const readBack = ({ custom, schema, table }: Registry.Served, object: Json.JsonObject): Json.JsonObject =>
  custom !== undefined || schema === undefined || table === "apiextensions.k8s.io/customresourcedefinitions"
    ? object
    : Typed.stored(schema, object)

const store = ({ served, server }: Write, key: string, object: Json.JsonObject): Json.JsonObject =>
  Registry.fromStorage(
    served,
    Store.put(server.store, served.table, key, Registry.toStorage(served, readBack(served, object)))
  )

/** Creates an object, refined before. `isMerged` says that its managers are already those it is to have. */
export const create = (write: Write, given: Json.JsonObject, isMerged = false): Outcome<Json.JsonObject> =>
  Result.gen(function*() {
    const { call, options, served, server } = write
    const object = yield* inNamespace(write, given)
    if (Json.textOf(Metadata.of(object)["resourceVersion"]) !== "") {
      return yield* Result.fail(StatusError.plain(500, "resourceVersion should not be set on objects to be created"))
    }
    yield* admitNamespace(write, Metadata.nameOf(object))
    if (served.custom?.isTerminating === true) {
      return yield* Result.fail(StatusError.plain(
        405,
        "create not allowed while custom resource definition is terminating"
      ))
    }
    const owned = isMerged ? object : Managed.update(writerOf(write), undefined, object)
    const prepared = Preparing.prepare(server, call, served, systemFields(write, named(write, owned)), undefined)
    yield* check(write, prepared, undefined)
    const key = Store.keyOf(write.namespace, Metadata.nameOf(prepared))
    if (Store.get(server.store, served.table, key) !== undefined) {
      return yield* Result.fail(StatusError.alreadyExists(served, Metadata.nameOf(prepared)))
    }
    return options.isDryRun ? present(served, prepared) : store(write, key, prepared)
  })

/** What an update did. */
export interface Updated {
  readonly object: Json.JsonObject
  readonly isCreated: boolean
}

const preconditions = (write: Write, object: Json.JsonObject, before: Json.JsonObject): Outcome<void> => {
  const { name, namespace, served } = write
  const uid = Json.textOf(Metadata.of(object)["uid"])
  const version = Json.textOf(Metadata.of(object)["resourceVersion"])
  const current = Metadata.of(before)
  if (uid !== "" && uid !== current["uid"]) {
    const key = `/registry/${served.group === "" ? "" : `${served.group}/`}${served.plural}/${
      Store.keyOf(namespace, name)
    }`
    return Result.fail(StatusError.conflict(
      served,
      name,
      `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${
        Json.textOf(current["uid"])
      }`
    ))
  }
  if (version === "" || version === "0") {
    return served.strategy.unconditionalUpdate || write.subresource !== "" ?
      Result.void :
      Result.fail(StatusError.invalid(
        { group: served.group, kind: served.plural },
        name,
        [FieldError.invalid("metadata.resourceVersion", 0, "must be specified for an update")]
      ))
  }
  return version === current["resourceVersion"]
    ? Result.void
    : Result.fail(StatusError.conflict(served, name, StatusError.modified))
}

const kept = ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"]

/** The new object with those parts of the live one that this way of writing cannot change. */
const merged = (write: Write, object: Json.JsonObject, before: Json.JsonObject): Json.JsonObject => {
  const { call, served, server, subresource } = write
  const old = Metadata.of(before)
  const { resourceVersion: _, selfLink: _link, ...given } = Metadata.of(object)
  const metadata: Json.Draft = { ...given }
  for (const key of kept) {
    if (old[key] === undefined) delete metadata[key]
    else if (metadata[key] === undefined || !["uid", "creationTimestamp"].includes(key)) metadata[key] = old[key]
  }
  if (subresource === "") return Preparing.prepare(server, call, served, { ...object, metadata }, before)
  if (subresource === "status") {
    const ownMetadata = served.custom === undefined
      ? served.table === "apps/deployments" ? { ...metadata, labels: old["labels"] } : metadata
      : { ...old, managedFields: metadata["managedFields"] }
    const status = object["status"]
    const base = Json.without(before, "status")
    return {
      ...(served.table === "certificates.k8s.io/certificatesigningrequests" ? { ...base, spec: before["spec"] } : base),
      metadata: Json.without(ownMetadata, "resourceVersion"),
      ...(status === undefined ? {} : { status })
    }
  }
  return { ...object, metadata }
}

/** What a change of counts as a new generation. */
const desired = (table: string, object: Json.JsonObject): unknown => [
  Json.without(object, "apiVersion", "kind", "metadata", "status"),
  table === "apps/deployments" ? Metadata.of(object)["annotations"] : undefined,
  table === "discovery.k8s.io/endpointslices" ? Metadata.of(object)["labels"] : undefined
]

const bumped = ({ served: { table } }: Write, object: Json.JsonObject, before: Json.JsonObject): Json.JsonObject => {
  // A CSIDriver counts from its first change on.
  const generation = Metadata.of(before)["generation"] ?? (table === "storage.k8s.io/csidrivers" ? 0 : undefined)
  if (typeof generation !== "number" || table === "scheduling.k8s.io/priorityclasses") return object
  return Json.equal(desired(table, object), desired(table, before))
    ? object
    : Json.setAt(object, ["metadata", "generation"], generation + 1)
}

const withoutTimes = (object: Json.JsonObject): Json.JsonObject => {
  const entries = Metadata.of(object)["managedFields"]
  const bare = Json.setAt(object, ["metadata", "resourceVersion"], undefined)
  return Json.isArray(entries)
    ? Json.setAt(
      bare,
      ["metadata", "managedFields"],
      entries.map((entry) => Json.without(Json.objectOf(entry), "time"))
    )
    : bare
}

/** Whether two objects are the same but for the times of their managers and their versions. */
export const isSame = (left: Json.JsonObject, right: Json.JsonObject): boolean =>
  Json.equal(withoutTimes(left), withoutTimes(right))

/** Stores a changed object; deletes it where the last finalizer of a deletion went. */
const commit = (write: Write, object: Json.JsonObject, before: Json.JsonObject): Json.JsonObject => {
  const { name, namespace, options, served, server } = write
  const key = Store.keyOf(namespace, name)
  const version = Metadata.of(before)["resourceVersion"]
  if (isSame(object, before)) return before
  const finished = Deletion.isFinished(served, object)
  if (options.isDryRun || finished) {
    if (finished && !options.isDryRun) {
      Store.remove(server.store, served.table, key, Registry.toStorage(served, object))
    }
    return present(served, Json.setAt(object, ["metadata", "resourceVersion"], version))
  }
  return store(write, key, object)
}

/**
 * Updates an object by what `change` makes of the live one. `isMerged` says that the fields' managers are already those
 * of the result, as after an apply.
 */
export const update = (
  write: Write,
  change: (live: Json.JsonObject | undefined) => Outcome<Json.JsonObject>,
  isMerged = false
): Outcome<Updated> =>
  Result.gen(function*() {
    const { name, served } = write
    const before = live(write)
    if (before === undefined) {
      if (write.subresource !== "" || !(served.strategy.createOnUpdate || isMerged)) {
        return yield* Result.fail(StatusError.notFound(served, name))
      }
      const object = yield* change(undefined)
      const refusal = write.createRefusal?.()
      if (refusal !== undefined) return yield* Result.fail(refusal)
      return { object: yield* create(write, object, isMerged), isCreated: true }
    }
    const object = yield* Result.flatMap(change(before), (changed) => inNamespace(write, changed))
    yield* preconditions(write, object, before)
    // What the server fills in from the live object is not what the writer left out.
    const owned = isMerged ? object : Managed.update(writerOf(write), before, object)
    const after = bumped(write, merged(write, owned, before), before)
    yield* check(write, after, before)
    return { object: commit(write, after, before), isCreated: false }
  })

/** Replaces an object as the server's own controllers do: no checks, no managers. */
export const replace = (
  server: Server.Server,
  table: string,
  key: string,
  change: (object: Json.JsonObject) => Json.JsonObject
): void => {
  const before = Store.get(server.store, table, key)
  if (before === undefined) return
  const after = change(before)
  if (Json.equal(after, before)) return
  if (Deletion.isFinished({ table }, after)) Store.remove(server.store, table, key, after)
  else Store.put(server.store, table, key, after)
}
