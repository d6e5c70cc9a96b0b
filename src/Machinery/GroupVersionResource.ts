/**
 * `GroupVersionResource`: a resource type, as paths and RBAC rules name it.
 *
 * What a dynamic client works with; `RestMapper` finds the one that serves a kind. `GroupResource` leaves the version
 * open.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"

/**
 * A resource type, whatever its version.
 *
 * @category models
 * @since 0.1.0
 */
export interface GroupResource {
  /** Empty for the core group. */
  readonly group: string
  /** The plural name: `deployments`. */
  readonly resource: string
}

/**
 * A resource type in one version.
 *
 * @category models
 * @since 0.1.0
 */
export interface GroupVersionResource extends GroupResource {
  readonly version: string
}

/**
 * The resource type of a descriptor.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromResource = (resource: {
  readonly group: string
  readonly version: string
  readonly plural: string
}): GroupVersionResource => ({ group: resource.group, version: resource.version, resource: resource.plural })

/**
 * Reads what a user typed in both ways that it can be meant: `deployments.v1.apps` is a resource in a version, or a
 * resource of the group `v1.apps`. Whoever knows which groups there are can tell.
 *
 * @category parsing
 * @since 0.1.0
 */
export const parse = (
  text: string
): { readonly versioned: Option.Option<GroupVersionResource>; readonly unversioned: GroupResource } => {
  const [resource = "", version = "", ...group] = text.split(".")
  return {
    versioned: group.length === 0 ? Option.none() : Option.some({ group: group.join("."), version, resource }),
    unversioned: parseGroupResource(text)
  }
}

/**
 * Parses `resource.group`, or `resource` of the core group.
 *
 * @category parsing
 * @since 0.1.0
 */
export const parseGroupResource = (text: string): GroupResource => {
  const dot = text.indexOf(".")
  return dot < 0 ? { group: "", resource: text } : { group: text.slice(dot + 1), resource: text.slice(0, dot) }
}

/**
 * The text that `parse` reads back: `deployments.v1.apps`; `deployments.apps` and `pods` where no version is given.
 *
 * @category printing
 * @since 0.1.0
 */
export const print = (resource: GroupResource | GroupVersionResource): string =>
  "version" in resource
    ? `${resource.resource}.${resource.version}.${resource.group}`
    : resource.group === ""
    ? resource.resource
    : `${resource.resource}.${resource.group}`

/**
 * The text of server and client-go messages: `apps/v1, Resource=deployments`.
 *
 * @category printing
 * @since 0.1.0
 */
export const describe = ({ group, resource, version }: GroupVersionResource): string =>
  `${group}/${version}, Resource=${resource}`

/**
 * Whether two resource types are the same.
 *
 * @category comparing
 * @since 0.1.0
 */
export const equals = (left: GroupVersionResource, right: GroupVersionResource): boolean =>
  left.resource === right.resource && left.version === right.version && left.group === right.group
