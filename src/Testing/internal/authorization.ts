/**
 * Who may do what, by the Roles and ClusterRoles in the store and their bindings.
 *
 * @internal
 */
import * as Json from "../../Machinery/Json.ts"
import * as Metadata from "./metadata.ts"
import type * as Server from "./server.ts"
import * as StatusError from "./statusError.ts"
import * as Store from "./store.ts"

/** What is asked for. */
export interface Attributes {
  readonly verb: string
  readonly group: string
  readonly plural: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
}

const rbac = "rbac.authorization.k8s.io"

const objectsOf = (server: Server.Server, table: string): Iterable<Json.JsonObject> =>
  server.store.tables.get(table)?.objects.values() ?? []

const includes = (list: unknown, value: string): boolean => {
  const items = Json.itemsOf(list)
  return items.includes("*") || items.includes(value)
}

const isSubject = (subject: unknown, user: Server.User, namespace: string): boolean => {
  const name = Json.at(subject, "name")
  switch (Json.at(subject, "kind")) {
    case "User":
      return name === "*" || name === user.name
    case "Group":
      return typeof name === "string" && user.groups.includes(name)
    case "ServiceAccount":
      return user.name ===
        `system:serviceaccount:${Json.textOf(Json.at(subject, "namespace")) || namespace}:${Json.textOf(name)}`
    default:
      return false
  }
}

const allows = (rule: unknown, { group, name, plural, subresource, verb }: Attributes): boolean => {
  const resource = subresource === "" ? plural : `${plural}/${subresource}`
  const names = Json.itemsOf(Json.at(rule, "resourceNames"))
  return includes(Json.at(rule, "verbs"), verb) && includes(Json.at(rule, "apiGroups"), group) &&
    (includes(Json.at(rule, "resources"), resource) ||
      (subresource !== "" && Json.itemsOf(Json.at(rule, "resources")).includes(`*/${subresource}`))) &&
    (names.length === 0 || names.includes(name))
}

/** The rules that hold for a user in a namespace; those for the whole cluster where it is empty. */
export const rulesFor = (server: Server.Server, user: Server.User, namespace: string): ReadonlyArray<unknown> => {
  if (user.groups.includes("system:masters")) {
    return [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }, { verbs: ["*"], nonResourceURLs: ["*"] }]
  }
  const rules: Array<unknown> = []
  const collect = (table: string, home: string) => {
    for (const binding of objectsOf(server, table)) {
      if (Metadata.namespaceOf(binding) !== home) continue
      if (!Json.itemsOf(binding["subjects"]).some((subject) => isSubject(subject, user, home))) continue
      const name = Json.textOf(Json.at(binding, "roleRef", "name"))
      const role = Json.at(binding, "roleRef", "kind") === "Role"
        ? Store.get(server.store, `${rbac}/roles`, Store.keyOf(home, name))
        : Store.get(server.store, `${rbac}/clusterroles`, name)
      rules.push(...Json.itemsOf(role?.["rules"]))
    }
  }
  collect(`${rbac}/clusterrolebindings`, "")
  if (namespace !== "") collect(`${rbac}/rolebindings`, namespace)
  return rules
}

/** Whether a user may do something. */
export const isAllowed = (server: Server.Server, user: Server.User, attributes: Attributes): boolean =>
  rulesFor(server, user, attributes.namespace).some((rule) => allows(rule, attributes))

/** Whether a user may read a path that is no resource. */
export const isPathAllowed = (server: Server.Server, user: Server.User, path: string): boolean =>
  // What every user may read, by the default roles `system:discovery` and `system:public-info-viewer`.
  /^\/(?:api|apis|openapi|version|healthz|livez|readyz)(?:\/|$)/.test(path) ||
  rulesFor(server, user, "").some((rule) => includes(Json.at(rule, "nonResourceURLs"), path))

/** The refusal. */
export const refusal = (user: Server.User, attributes: Attributes): StatusError.StatusError => {
  const { group, name, namespace, plural, subresource, verb } = attributes
  const resource = subresource === "" ? plural : `${plural}/${subresource}`
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`
  return StatusError.forbidden(
    { group, plural },
    name,
    `User ${JSON.stringify(user.name)} cannot ${verb} resource ${JSON.stringify(resource)} in API group ${
      JSON.stringify(group)
    } ${where}`
  )
}
