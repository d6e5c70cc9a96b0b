/**
 * What a cluster serves, as a value: its groups, the resources of each group version, and which of them did not answer.
 *
 * `DiscoveryClient.all` returns it, `RestMapper` maps by it. The shapes are those of the wire (`APIGroup`,
 * `APIResourceList`), in the server's order, which is its preference. Subresources stand in the lists as `pods/log`.
 *
 * @since 0.1.0
 */
import type { APIGroup, APIResource, APIResourceList } from "../Api/meta/v1.ts"
import type { ApiError } from "../Machinery/ApiError.ts"
import type { GroupVersionResource } from "../Machinery/GroupVersionResource.ts"
import type { RequestError } from "../Machinery/RequestError.ts"

/**
 * What a cluster serves.
 *
 * @category models
 * @since 0.1.0
 */
export interface ServerResources {
  /** The core group, whose name is empty, first. A version that failed may be missing from its group. */
  readonly groups: ReadonlyArray<APIGroup>
  /** One list per group version that answered. */
  readonly lists: ReadonlyArray<APIResourceList>
  /** The group versions that did not, as those of an aggregated API that is down. */
  readonly failures: ReadonlyArray<GroupFailure>
}

/**
 * A group version whose resources are not known.
 *
 * @category models
 * @since 0.1.0
 */
export interface GroupFailure {
  /** As `apiVersion` names it: `metrics.k8s.io/v1beta1`. */
  readonly groupVersion: string
  /** Why; `Stale` where the server itself knows only what was served before the API went down. */
  readonly reason: ApiError | RequestError | "Stale"
}

/**
 * Each resource once, in the version that the server prefers; where that version lacks it, in the first that has it.
 * Subresources are left out, empty lists stay.
 *
 * @category combinators
 * @since 0.1.0
 */
export const preferred = (all: ServerResources): ReadonlyArray<APIResourceList> => {
  const lists = new Map(all.lists.map((list) => [list.groupVersion, list]))
  return all.groups.flatMap((group) => {
    const chosen = new Map<string, string>()
    const known = group.versions.flatMap((version) => {
      const list = lists.get(version.groupVersion)
      return list === undefined ? [] : [{ version, list: withoutSubresources(list) }]
    })
    for (const { list, version } of known) {
      for (const { name } of list.resources) {
        if (!chosen.has(name) || version.version === group.preferredVersion?.version) chosen.set(name, version.version)
      }
    }
    return known.map(({ list, version }) => ({
      ...list,
      resources: list.resources.filter(({ name }) => chosen.get(name) === version.version)
    }))
  })
}

const withoutSubresources = (list: APIResourceList): APIResourceList => ({
  ...list,
  resources: list.resources.filter(({ name }) => !name.includes("/"))
})

/**
 * The resources that a predicate holds for; lists that become empty go.
 *
 * ```ts
 * ServerResources.filter(ServerResources.preferred(all), ServerResources.supports("list", "watch"))
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const filter = (
  lists: ReadonlyArray<APIResourceList>,
  predicate: (resource: APIResource, groupVersion: string) => boolean
): ReadonlyArray<APIResourceList> =>
  lists.flatMap((list) => {
    const resources = list.resources.filter((resource) => predicate(resource, list.groupVersion))
    return resources.length === 0 ? [] : [{ ...list, resources }]
  })

/**
 * Whether a resource serves all of the verbs; a predicate for `filter`.
 *
 * @category guards
 * @since 0.1.0
 */
export const supports = (...verbs: ReadonlyArray<string>) => (resource: APIResource): boolean =>
  verbs.every((verb) => resource.verbs.includes(verb))

/**
 * Whether a resource lives in namespaces; a predicate for `filter`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isNamespaced = (resource: APIResource): boolean => resource.namespaced

/**
 * Whether the cluster serves a resource type in this version. One whose group version failed counts as not served.
 *
 * @category guards
 * @since 0.1.0
 */
export const serves = (all: ServerResources, { group, resource, version }: GroupVersionResource): boolean =>
  all.lists.some((list) =>
    list.groupVersion === (group === "" ? version : `${group}/${version}`) &&
    list.resources.some(({ name }) => name === resource)
  )
