/**
 * What the server says it serves: aggregated and legacy discovery, its version, its health.
 *
 * @internal
 */
import * as Json from "../../Machinery/Json.ts"
import * as Registry from "./registry.ts"
import * as Server from "./server.ts"

/** The version of Kubernetes that this server follows. */
export const version: Json.JsonObject = {
  major: "1",
  minor: "36",
  emulationMajor: "1",
  emulationMinor: "36",
  minCompatibilityMajor: "1",
  minCompatibilityMinor: "35",
  gitVersion: "v1.36.3",
  gitCommit: "effect-kubernetes",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "none",
  compiler: "none",
  platform: "linux/amd64"
}

// The order in which a real server names its groups, by priority.
const groupOrder = [
  "",
  "apiregistration.k8s.io",
  "apps",
  "events.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "networking.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "storage.k8s.io",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "scheduling.k8s.io",
  "coordination.k8s.io",
  "node.k8s.io",
  "discovery.k8s.io",
  "resource.k8s.io",
  "flowcontrol.apiserver.k8s.io"
]

interface Group {
  readonly name: string
  /** The preferred one first. */
  readonly versions: ReadonlyArray<{ readonly version: string; readonly resources: ReadonlyArray<Registry.Served> }>
}

/** An API that another server serves. No other server can be reached from here, so it is down. */
export interface Aggregated {
  readonly group: string
  readonly version: string
}

/** The APIs that APIService objects delegate to other servers. */
export const aggregatedApis = (server: Server.Server): ReadonlyArray<Aggregated> =>
  [...(server.store.tables.get("apiregistration.k8s.io/apiservices")?.objects.values() ?? [])]
    .filter((object) => Json.isObject(Json.at(object, "spec", "service")))
    .map((object) => ({
      group: Json.textOf(Json.at(object, "spec", "group")),
      version: Json.textOf(Json.at(object, "spec", "version"))
    }))

/** Whether a group version is served by another server. */
export const isAggregated = (server: Server.Server, group: string, version: string): boolean =>
  aggregatedApis(server).some((api) => api.group === group && (version === "" || api.version === version))

const groupsOf = (server: Server.Server): ReadonlyArray<Group> => {
  const groups = new Map<string, Map<string, Array<Registry.Served>>>()
  for (const { group, version } of aggregatedApis(server)) {
    const versions = groups.get(group) ?? new Map<string, Array<Registry.Served>>()
    groups.set(group, versions.set(version, versions.get(version) ?? []))
  }
  for (const served of Server.all(server)) {
    const versions = groups.get(served.group) ?? new Map<string, Array<Registry.Served>>()
    groups.set(served.group, versions)
    versions.set(served.version, [...(versions.get(served.version) ?? []), served])
  }
  const rank = (name: string) => {
    const place = groupOrder.indexOf(name)
    return place === -1 ? groupOrder.length : place
  }
  return [...groups].map(([name, versions]): Group => ({
    name,
    versions: [...versions].sort(([left], [right]) => Registry.byPriority(left, right)).map(([version, resources]) => ({
      version,
      resources: resources.toSorted((left, right) => left.plural < right.plural ? -1 : 1)
    }))
  })).sort((left, right) => rank(left.name) - rank(right.name) || (left.name < right.name ? -1 : 1))
}

const some = (key: string, list: ReadonlyArray<string>): Json.JsonObject => list.length === 0 ? {} : { [key]: list }

const aggregatedResource = (served: Registry.Served): Json.JsonObject => {
  const kindOf = (of: { readonly group: string; readonly version: string; readonly kind: string }) =>
    of.group === served.group && of.version === served.version && served.custom === undefined
      ? { group: "", version: "", kind: of.kind }
      : { group: of.group, version: of.version, kind: of.kind }
  const subresources = Object.entries(served.subresources)
  return {
    resource: served.plural,
    responseKind: kindOf(served),
    scope: served.isNamespaced ? "Namespaced" : "Cluster",
    singularResource: served.singular,
    verbs: served.verbs,
    ...some("shortNames", served.shortNames),
    ...some("categories", served.categories),
    ...(subresources.length === 0 ? {} : {
      subresources: subresources.map(([subresource, facts]) => ({
        subresource,
        responseKind: kindOf(facts),
        verbs: facts.verbs
      }))
    })
  }
}

/** The aggregated discovery of the core group, or of all others. */
export const aggregated = (server: Server.Server, isCore: boolean, apiVersion: string): Json.JsonObject => ({
  kind: "APIGroupDiscoveryList",
  apiVersion: `apidiscovery.k8s.io/${apiVersion}`,
  metadata: {},
  items: groupsOf(server).filter(({ name }) => (name === "") === isCore).map(({ name, versions }) => ({
    metadata: name === "" ? {} : { name },
    versions: versions.map(({ resources, version }) => ({
      version,
      ...(isAggregated(server, name, version)
        ? { freshness: "Stale" }
        : { resources: resources.map(aggregatedResource), freshness: "Current" })
    }))
  }))
})

const groupVersion = (group: string, version: string) => ({
  groupVersion: Registry.apiVersion({ group, version }),
  version
})

const legacyGroup = ({ name, versions }: Group): Json.JsonObject => ({
  name,
  versions: versions.map(({ version }) => groupVersion(name, version)),
  preferredVersion: groupVersion(name, versions[0]?.version ?? "")
})

/** `/api`. */
export const coreVersions = (address: string): Json.JsonObject => ({
  kind: "APIVersions",
  versions: ["v1"],
  serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: address }]
})

/** `/apis`. */
export const groupList = (server: Server.Server): Json.JsonObject => ({
  kind: "APIGroupList",
  apiVersion: "v1",
  groups: groupsOf(server).filter(({ name }) => name !== "").map(legacyGroup)
})

/** `/apis/GROUP`; `undefined` where there is no such group. */
export const group = (server: Server.Server, name: string): Json.JsonObject | undefined => {
  const found = groupsOf(server).find((each) => each.name === name)
  return found === undefined ? undefined : { kind: "APIGroup", apiVersion: "v1", ...legacyGroup(found) }
}

const legacyResources = (served: Registry.Served): ReadonlyArray<Json.JsonObject> => [
  {
    name: served.plural,
    singularName: served.singular,
    namespaced: served.isNamespaced,
    kind: served.kind,
    verbs: served.verbs,
    ...some("shortNames", served.shortNames),
    ...some("categories", served.categories)
  },
  ...Object.entries(served.subresources).map(([name, facts]) => ({
    name: `${served.plural}/${name}`,
    singularName: "",
    namespaced: served.isNamespaced,
    ...(facts.group === served.group && facts.version === served.version
      ? {}
      : { group: facts.group, version: facts.version }),
    kind: facts.kind,
    verbs: facts.verbs
  }))
]

/** `/apis/GROUP/VERSION`; `undefined` where there is no such version. */
export const resourceList = (server: Server.Server, group: string, version: string): Json.JsonObject | undefined => {
  const found = groupsOf(server).find((each) => each.name === group)?.versions.find((each) => each.version === version)
  return found === undefined ? undefined : {
    kind: "APIResourceList",
    ...(group === "" ? {} : { apiVersion: "v1" }),
    groupVersion: Registry.apiVersion({ group, version }),
    resources: found.resources.flatMap(legacyResources)
  }
}

/** Whether anything is served under a group and version. */
export const hasVersion = (server: Server.Server, group: string, version: string): boolean =>
  Server.all(server).some((served) => served.group === group && served.version === version)

/** Whether anything is served under a group. */
export const hasGroup = (server: Server.Server, group: string): boolean =>
  Server.all(server).some((served) => served.group === group)

/** The paths that `/` lists. */
export const rootPaths = (server: Server.Server): Json.JsonObject => ({
  paths: [
    "/api",
    "/api/v1",
    "/apis",
    ...groupsOf(server).filter(({ name }) => name !== "").flatMap(({ name, versions }) => [
      `/apis/${name}`,
      ...versions.map(({ version }) => `/apis/${name}/${version}`)
    ]),
    "/healthz",
    "/livez",
    "/openapi/v3",
    "/readyz",
    "/version"
  ].sort()
})
