/**
 * Deletes: at once, gracefully, or as far as finalizers allow.
 *
 * Source: `registry/rest/delete.go` and `registry/generic/registry/store.go` of apiserver.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as Json from "../../Machinery/Json.ts"
import type * as Status from "../../Machinery/Status.ts"
import * as Metadata from "./metadata.ts"
import type { DeleteOptions } from "./query.ts"
import * as Registry from "./registry.ts"
import * as Server from "./server.ts"
import * as StatusError from "./statusError.ts"
import * as Store from "./store.ts"

type Outcome<A> = Result.Result<A, StatusError.StatusError>

const orphan = "orphan"
const foreground = "foregroundDeletion"

/** Kinds whose deletion answers with the object instead of a Status. */
const returnsObject = new Set([
  "/namespaces",
  "/persistentvolumeclaims",
  "/persistentvolumes",
  "/pods",
  "/podtemplates",
  "/resourcequotas",
  "/serviceaccounts",
  "/services",
  "resource.k8s.io/deviceclasses",
  "resource.k8s.io/devicetaintrules",
  "resource.k8s.io/resourceclaims",
  "resource.k8s.io/resourceclaimtemplates",
  "resource.k8s.io/resourceslices",
  "storage.k8s.io/csidrivers",
  "storage.k8s.io/csinodes",
  "storage.k8s.io/storageclasses",
  "storage.k8s.io/volumeattachments",
  "storage.k8s.io/volumeattributesclasses"
])

const definitions = "apiextensions.k8s.io/customresourcedefinitions"

const terminating = (status: Json.JsonObject, time: string): Json.JsonObject => ({
  ...status,
  conditions: [...Json.itemsOf(status["conditions"]), {
    type: "Terminating",
    status: "True",
    lastTransitionTime: time,
    reason: "InstanceDeletionPending",
    message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
  }]
})

/** Holds a definition until its objects are gone. */
export const definitionCleanup = "customresourcecleanup.apiextensions.k8s.io"

const protectedNamespaces = new Set(["default", "kube-system", "kube-public"])

const finalizersOf = (object: Json.JsonObject): ReadonlyArray<unknown> =>
  Json.itemsOf(Metadata.of(object)["finalizers"])

/** Whether an object's deletion has begun and nothing holds it any more. */
export const isFinished = ({ table }: { readonly table: string }, object: Json.JsonObject): boolean => {
  const metadata = Metadata.of(object)
  if (metadata["deletionTimestamp"] === undefined || finalizersOf(object).length > 0) return false
  if (table === "/namespaces") return Json.itemsOf(Json.at(object, "spec", "finalizers")).length === 0
  return Json.numberOf(metadata["deletionGracePeriodSeconds"], 0) === 0
}

/** What a deletion answers. */
export type Answer = Status.Status | Json.JsonObject

/** One deletion. */
export interface Deletion {
  readonly server: Server.Server
  readonly call: Pick<Server.Call, "now">
  readonly served: Registry.Served
  readonly namespace: string
  readonly name: string
  readonly options: DeleteOptions
}

const preconditions = ({ name, options, served }: Deletion, object: Json.JsonObject): Outcome<void> => {
  const { resourceVersion, uid } = Metadata.of(object)
  const resource = { group: served.group, plural: served.kind }
  if (options.uid !== undefined && options.uid !== uid) {
    return Result.fail(StatusError.conflict(
      resource,
      name,
      `the UID in the precondition (${options.uid}) does not match the UID in record (${
        Json.textOf(uid)
      }). The object might have been deleted and then recreated`
    ))
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    return Result.fail(StatusError.conflict(
      resource,
      name,
      `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${
        Json.textOf(resourceVersion)
      }). The object might have been modified`
    ))
  }
  return Result.void
}

const propagated = (options: DeleteOptions, finalizers: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  const policy = options.propagationPolicy
  if (policy === undefined) return finalizers
  const others = finalizers.filter((finalizer) => finalizer !== orphan && finalizer !== foreground)
  return policy === "Orphan" ? [...others, orphan] : policy === "Foreground" ? [...others, foreground] : others
}

/** How long a pod is given; `undefined` where there is no grace. */
const graceOf = ({ options, served }: Deletion, object: Json.JsonObject): number | undefined => {
  if (served.table !== "/pods") return undefined
  const phase = Json.at(object, "status", "phase")
  const asked = options.gracePeriodSeconds ??
    Json.numberOf(Json.at(object, "spec", "terminationGracePeriodSeconds"), 30)
  const isIdle = Json.textOf(Json.at(object, "spec", "nodeName")) === "" || phase === "Failed" || phase === "Succeeded"
  return isIdle ? 0 : asked < 0 ? 1 : asked
}

const raised = (metadata: Json.JsonObject): Json.JsonObject =>
  typeof metadata["generation"] === "number" ? { generation: metadata["generation"] + 1 } : {}

/** The object marked for deletion; `undefined` where it is to go at once. */
const marked = (deletion: Deletion, object: Json.JsonObject): Json.JsonObject | undefined => {
  const { call, options, served } = deletion
  const metadata = Metadata.of(object)
  const isDeleting = metadata["deletionTimestamp"] !== undefined
  const asked = propagated(options, finalizersOf(object))
  const finalizers = served.table === definitions && !isDeleting
    ? [...asked, definitionCleanup]
    : asked
  const withFinalizers = (change: Json.JsonObject): Json.JsonObject => ({
    ...object,
    metadata: Json.without(
      { ...metadata, finalizers, ...change },
      ...(finalizers.length === 0 ? ["finalizers"] : [])
    )
  })
  if (served.table === definitions) {
    return isDeleting ? object : {
      ...withFinalizers({ deletionTimestamp: Server.timestamp(call.now) }),
      status: terminating(Json.objectOf(object["status"]), Server.timestamp(call.now))
    }
  }
  const grace = graceOf(deletion, object)
  if (grace !== undefined && grace > 0) {
    const before = Json.numberOf(metadata["deletionGracePeriodSeconds"], Infinity)
    if (isDeleting && (options.gracePeriodSeconds === undefined || grace >= before)) return object
    return withFinalizers({
      deletionTimestamp: Server.timestamp(call.now + grace * 1000),
      deletionGracePeriodSeconds: grace,
      ...(isDeleting ? {} : raised(metadata))
    })
  }
  if (served.table === "/namespaces" && Json.itemsOf(Json.at(object, "spec", "finalizers")).length > 0) {
    return isDeleting ? object : {
      ...withFinalizers({ deletionTimestamp: Server.timestamp(call.now) }),
      status: { ...Json.objectOf(object["status"]), phase: "Terminating" }
    }
  }
  if (finalizers.length === 0) return undefined
  return withFinalizers({
    ...(isDeleting && grace === undefined ? {} : { deletionTimestamp: Server.timestamp(call.now) }),
    deletionGracePeriodSeconds: 0,
    ...(metadata["deletionGracePeriodSeconds"] === undefined ? raised(metadata) : {})
  })
}

/** Deletes one object. */
export const remove = (deletion: Deletion): Outcome<Answer> =>
  Result.gen(function*() {
    const { name, namespace, options, served, server } = deletion
    const key = Store.keyOf(namespace, name)
    const object = Store.get(server.store, served.table, key)
    if (served.table === "/namespaces" && protectedNamespaces.has(name)) {
      return yield* Result.fail(StatusError.forbidden(served, name, "this namespace may not be deleted"))
    }
    if (object === undefined) return yield* Result.fail(StatusError.notFound(served, name))
    yield* preconditions(deletion, object)
    const pending = marked(deletion, object)
    if (pending === undefined) {
      const last = options.isDryRun ? object : Store.remove(server.store, served.table, key) ?? object
      if (!returnsObject.has(served.table)) {
        return StatusError.deleted(served, name, Json.textOf(Metadata.of(object)["uid"]))
      }
      return Registry.fromStorage(served, last)
    }
    if (Json.equal(pending, object)) return Registry.fromStorage(served, object)
    if (options.isDryRun) return Registry.fromStorage(served, pending)
    return Registry.fromStorage(served, Store.put(server.store, served.table, key, pending))
  })
