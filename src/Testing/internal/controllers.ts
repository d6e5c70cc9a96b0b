/**
 * What follows from a change without anybody asking: namespaces are emptied, definitions begin to be served and take
 * their objects with them, dependents go with their owners.
 *
 * A real cluster has controllers for this, which act a moment later. Here it happens in the step of the change, after
 * the answer was made, so a test never waits for it. Workload controllers there are none: a Deployment makes no pods.
 *
 * @internal
 */
import * as Json from "../../Machinery/Json.ts"
import * as Customs from "./customs.ts"
import * as Deletion from "./deletion.ts"
import * as Managed from "./managed.ts"
import * as Metadata from "./metadata.ts"
import type { DeleteOptions } from "./query.ts"
import * as Server from "./server.ts"
import * as Store from "./store.ts"
import * as Write from "./write.ts"

const background: DeleteOptions = {
  isDryRun: false,
  gracePeriodSeconds: undefined,
  uid: undefined,
  resourceVersion: undefined,
  propagationPolicy: undefined
}

type Call = Pick<Server.Call, "now">

const isDeleting = (object: Json.JsonObject): boolean => Metadata.of(object)["deletionTimestamp"] !== undefined

const finalizersOf = (object: Json.JsonObject): ReadonlyArray<unknown> =>
  Json.itemsOf(Metadata.of(object)["finalizers"])

const uidOf = (object: Json.JsonObject): string => Json.textOf(Metadata.of(object)["uid"])

const ownersOf = (object: Json.JsonObject): ReadonlyArray<unknown> =>
  Json.itemsOf(Metadata.of(object)["ownerReferences"])

const withoutFinalizer = (finalizer: string) => (object: Json.JsonObject): Json.JsonObject => {
  const rest = finalizersOf(object).filter((each) => each !== finalizer)
  return Json.setAt(object, ["metadata", "finalizers"], rest.length === 0 ? undefined : rest)
}

const deleteAt = (
  server: Server.Server,
  call: Call,
  { key, table }: Server.Reference,
  options: DeleteOptions = background
): void => {
  const object = Store.get(server.store, table, key)
  const served = Server.servedTable(server, table)
  if (object === undefined || served === undefined) return
  // It was there a moment ago, so the only refusal is that of a protected namespace.
  Deletion.remove({
    server,
    call,
    served,
    namespace: Metadata.namespaceOf(object),
    name: Metadata.nameOf(object),
    options
  })
}

const index = (server: Server.Server, table: string, change: Store.Change): void => {
  const reference = { table, key: change.key }
  const id = `${table} ${change.key}`
  const before = change.before === undefined ? [] : ownersOf(change.before)
  const after = change.after === undefined ? [] : ownersOf(change.after)
  for (const owner of before) server.dependents.get(Json.textOf(Json.at(owner, "uid")))?.delete(id)
  for (const owner of after) {
    const uid = Json.textOf(Json.at(owner, "uid"))
    const known = server.dependents.get(uid)
    if (known === undefined) server.dependents.set(uid, new Map([[id, reference]]))
    else known.set(id, reference)
  }
  if (change.after === undefined) {
    if (change.before !== undefined) server.uids.delete(uidOf(change.before))
  } else server.uids.set(uidOf(change.after), reference)
}

const dependentsOf = (server: Server.Server, uid: string): ReadonlyArray<Server.Reference> => [
  ...(server.dependents.get(uid)?.values() ?? [])
]

/** Deletes an object that has owners, none of whom exists. */
const collect = (server: Server.Server, call: Call, reference: Server.Reference): void => {
  const object = Store.get(server.store, reference.table, reference.key)
  if (object === undefined || isDeleting(object)) return
  const owners = ownersOf(object)
  const namespace = Metadata.namespaceOf(object)
  const isThere = (owner: unknown): boolean => {
    const known = server.uids.get(Json.textOf(Json.at(owner, "uid")))
    const found = known === undefined ? undefined : Store.get(server.store, known.table, known.key)
    if (found === undefined) return false
    const home = Metadata.namespaceOf(found)
    return home === "" || home === namespace
  }
  if (owners.length > 0 && !owners.some(isThere)) deleteAt(server, call, reference)
}

const collectGarbage = (server: Server.Server, call: Call, table: string, change: Store.Change): void => {
  const { after, before, key } = change
  if (after === undefined) {
    if (before === undefined) return
    for (const dependent of dependentsOf(server, uidOf(before))) collect(server, call, dependent)
    server.dependents.delete(uidOf(before))
    for (const owner of ownersOf(before)) {
      const known = server.uids.get(Json.textOf(Json.at(owner, "uid")))
      if (known !== undefined) finishForeground(server, call, known)
    }
    return
  }
  if (before === undefined || !Json.equal(ownersOf(before), ownersOf(after))) collect(server, call, { table, key })
  if (!isDeleting(after)) return
  const finalizers = finalizersOf(after)
  const uid = uidOf(after)
  if (finalizers.includes("orphan")) {
    for (const dependent of dependentsOf(server, uid)) {
      Write.replace(server, dependent.table, dependent.key, (object) => {
        const rest = ownersOf(object).filter((owner) => Json.at(owner, "uid") !== uid)
        return Json.setAt(object, ["metadata", "ownerReferences"], rest.length === 0 ? undefined : rest)
      })
    }
    Write.replace(server, table, key, withoutFinalizer("orphan"))
  }
  if (finalizers.includes("foregroundDeletion")) finishForeground(server, call, { table, key })
}

/** Deletes the dependents of an object that waits for them, and lets it go when none that blocks is left. */
const finishForeground = (server: Server.Server, call: Call, { key, table }: Server.Reference): void => {
  const owner = Store.get(server.store, table, key)
  if (owner === undefined || !isDeleting(owner) || !finalizersOf(owner).includes("foregroundDeletion")) return
  const uid = uidOf(owner)
  for (const dependent of dependentsOf(server, uid)) {
    const object = Store.get(server.store, dependent.table, dependent.key)
    if (object !== undefined && !isDeleting(object)) {
      deleteAt(server, call, dependent, { ...background, propagationPolicy: "Foreground" })
    }
  }
  const isBlocked = dependentsOf(server, uid).some((dependent) => {
    const object = Store.get(server.store, dependent.table, dependent.key)
    return object !== undefined &&
      ownersOf(object).some((each) => Json.at(each, "uid") === uid && Json.at(each, "blockOwnerDeletion") === true)
  })
  if (!isBlocked) Write.replace(server, table, key, withoutFinalizer("foregroundDeletion"))
}

/** Empties a namespace that is going away, and lets it go when nothing is left in it. */
const emptyNamespace = (server: Server.Server, call: Call, name: string): void => {
  const namespace = Store.get(server.store, "/namespaces", name)
  if (namespace === undefined || !isDeleting(namespace)) return
  const content = () =>
    [...server.store.tables].flatMap(([table, { objects }]) =>
      [...objects].filter(([, object]) => Metadata.namespaceOf(object) === name).map(([key]) => ({ table, key }))
    )
  for (const reference of content()) {
    const object = Store.get(server.store, reference.table, reference.key)
    if (object !== undefined && !isDeleting(object)) deleteAt(server, call, reference)
  }
  if (content().length > 0) return
  Write.replace(server, "/namespaces", name, (object) => {
    const rest = Json.itemsOf(Json.at(object, "spec", "finalizers")).filter((each) => each !== "kubernetes")
    return Json.setAt(object, ["spec", "finalizers"], rest.length === 0 ? undefined : rest)
  })
}

const definitions = (server: Server.Server): ReadonlyMap<string, Json.JsonObject> =>
  Store.table(server.store, Customs.definitions).objects

const serveDefinition = (server: Server.Server, call: Call, name: string): void => {
  const definition = definitions(server).get(name)
  if (definition !== undefined) {
    const time = Server.timestamp(call.now)
    const served = Server.servedTable(server, Customs.definitions)
    Write.replace(server, Customs.definitions, name, (object) => {
      const after = Customs.withStatus(object, definitions(server).values(), time)
      return served === undefined || Json.equal(after, object) ? after : Managed.update(
        { served, manager: "kube-apiserver", subresource: "status", time, reset: [["f:spec"]] },
        object,
        after
      )
    })
  }
  server.customs = Customs.servedBy(definitions(server).values())
  if (definition === undefined || !isDeleting(definition)) return
  const table = `${Json.textOf(Json.at(definition, "spec", "group"))}/${
    Json.textOf(Json.at(definition, "spec", "names", "plural"))
  }`
  const { objects } = Store.table(server.store, table)
  for (const [key, object] of objects) if (!isDeleting(object)) deleteAt(server, call, { table, key })
  if (objects.size > 0) return
  Write.replace(server, Customs.definitions, name, withoutFinalizer(Deletion.definitionCleanup))
  server.customs = Customs.servedBy(definitions(server).values())
}

/** Follows up the changes since the last time, until nothing more follows. */
export const settle = (server: Server.Server, call: Call): void => {
  const { pending } = server.store
  for (;;) {
    const next = pending.shift()
    if (next === undefined) return
    const { change, table } = next
    index(server, table, change)
    if (server.hasGarbageCollector) collectGarbage(server, call, table, change)
    if (table === "/namespaces") emptyNamespace(server, call, change.key)
    else if (change.after === undefined && change.before !== undefined) {
      emptyNamespace(server, call, Metadata.namespaceOf(change.before))
      const custom = Server.servedTable(server, table)?.custom
      if (custom?.isTerminating === true) serveDefinition(server, call, definitionName(table))
    }
    if (table === Customs.definitions) serveDefinition(server, call, change.key)
  }
}

const definitionName = (table: string): string => {
  const [group = "", plural = ""] = table.split("/")
  return `${plural}.${group}`
}
