/**
 * Names to resources and kinds to resources, by what a cluster serves: the pure part of `RestMapper`.
 *
 * A resource may be named by its plural, singular or a short name, with all, some or nothing said of group and version.
 * Where several fit, the core group comes first, then the server's order of groups, and in a group the preferred
 * version. What is left over is an error that lists the matches.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { type GroupKind, parse as parseKind } from "../Machinery/GroupVersionKind.ts"
import * as GroupVersionResource from "../Machinery/GroupVersionResource.ts"
import type { GroupResource } from "../Machinery/GroupVersionResource.ts"
import * as Resource from "../Machinery/Resource.ts"
import {
  AmbiguousKind,
  AmbiguousResource,
  DiscoveryError,
  NoKindMatch,
  NoResourceMatch,
  type Reason
} from "./DiscoveryError.ts"
import * as DynamicResource from "./DynamicResource.ts"
import type { ServerResources } from "./ServerResources.ts"

/**
 * What is known of a resource type: its plural, singular or short name, and perhaps its group and version. A group may
 * be the beginning of one, as in `storageclasses.storage`, where none has exactly that name.
 *
 * @category models
 * @since 0.1.0
 */
export interface PartialResource {
  readonly resource: string
  /** Any unless given; empty for any, too, as the core group cannot be told from it. */
  readonly group?: string | undefined
  readonly version?: string | undefined
}

/**
 * What a cluster serves, in the order in which it is looked up.
 *
 * @category models
 * @since 0.1.0
 */
export interface RestMapping {
  /** By preference: the core group, then each group in the server's order with its preferred version first. */
  readonly resources: ReadonlyArray<DynamicResource.DynamicResource>
  /** The group versions that could not be asked. */
  readonly unavailable: ReadonlyArray<string>
}

/**
 * Puts what a cluster serves into the order of preference. A list of a malformed group version is left out.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (all: ServerResources): RestMapping => {
  const lists = new Map(
    all.lists.map((list) => [list.groupVersion, Result.getOrElse(DynamicResource.fromList(list), () => [])])
  )
  const groups = [...all.groups].sort((a, b) => Number(b.name === "") - Number(a.name === ""))
  return {
    resources: groups.flatMap(({ preferredVersion, versions }) => {
      const its = versions.map(({ groupVersion }) => groupVersion)
      const preferred = preferredVersion?.groupVersion
      const ordered = preferred === undefined ? its : [preferred, ...its.filter((version) => version !== preferred)]
      return ordered.flatMap((groupVersion) => lists.get(groupVersion) ?? [])
    }),
    unavailable: all.failures.map(({ groupVersion }) => groupVersion)
  }
}

const fail = (reason: Reason) => Result.fail(new DiscoveryError({ reason }))

const describe = ({ group, plural, version }: DynamicResource.DynamicResource): string =>
  GroupVersionResource.describe({ group, version, resource: plural })

const isOf = (resource: DynamicResource.DynamicResource, { group, version }: PartialResource): boolean =>
  (group === undefined || group === "" || resource.group === group) &&
  (version === undefined || version === "" || resource.version === version)

const isNamed = (resource: DynamicResource.DynamicResource, name: string): boolean =>
  resource.plural === name || resource.singular === name

/**
 * The resource types that a name may mean, the preferred one first. None is `NoResourceMatch`.
 *
 * @category accessors
 * @since 0.1.0
 */
export const resourcesFor = (
  { resources, unavailable }: RestMapping,
  partial: PartialResource
): Result.Result<ReadonlyArray<DynamicResource.DynamicResource>, DiscoveryError> => {
  const name = partial.resource.toLowerCase()
  const { group = "", version = "" } = partial
  const startsLike = (resource: DynamicResource.DynamicResource) =>
    group !== "" && resource.group.startsWith(group) && isOf(resource, { ...partial, group: undefined })
  const isShort = ({ shortNames }: DynamicResource.DynamicResource) => shortNames.includes(name)
  // A whole name beats a short one, and a group's whole name the beginning of another's.
  const attempts = [
    () => resources.filter((resource) => isOf(resource, partial) && isNamed(resource, name)),
    () => preferringFirst(resources.filter((resource) => isOf(resource, partial) && isShort(resource))),
    () => resources.filter((resource) => startsLike(resource) && isNamed(resource, name)),
    () => preferringFirst(resources.filter((resource) => startsLike(resource) && isShort(resource)))
  ]
  for (const attempt of attempts) {
    const found = attempt()
    if (found.length > 0) return Result.succeed(found)
  }
  return fail(
    new NoResourceMatch({
      resource: partial.resource,
      ...(group === "" ? {} : { group }),
      ...(version === "" ? {} : { version }),
      unavailable
    })
  )
}

// Several kinds may have the same short name. Only the first is meant.
const preferringFirst = (
  found: ReadonlyArray<DynamicResource.DynamicResource>
): ReadonlyArray<DynamicResource.DynamicResource> => {
  const [first] = found
  return found.filter(({ group, plural }) => group === first?.group && plural === first.plural)
}

/**
 * The resource type that a name means. Two in one group version that have the name are `AmbiguousResource`.
 *
 * @category accessors
 * @since 0.1.0
 */
export const resourceFor = (
  mapping: RestMapping,
  partial: PartialResource
): Result.Result<DynamicResource.DynamicResource, DiscoveryError> =>
  Result.flatMap(resourcesFor(mapping, partial), (found) => {
    const best = equallyGood(found)
    const [only] = best
    return only !== undefined && best.length === 1
      ? Result.succeed(only)
      : fail(new AmbiguousResource({ resource: partial.resource, matches: best.map(describe) }))
  })

// The order of groups and versions decides, so only what stands in the same one is as good as the first.
const equallyGood = (found: ReadonlyArray<DynamicResource.DynamicResource>) => {
  const [first] = found
  return found.filter(({ group, version }) => group === first?.group && version === first.version)
}

/**
 * The resource types that serve a kind, in the given versions and their order, or in any with the preferred one first.
 * None is `NoKindMatch`.
 *
 * @category accessors
 * @since 0.1.0
 */
export const mappings = (
  { resources, unavailable }: RestMapping,
  { group, kind }: GroupKind,
  versions: ReadonlyArray<string> = []
): Result.Result<ReadonlyArray<DynamicResource.DynamicResource>, DiscoveryError> => {
  const serving = resources.filter((resource) =>
    resource.group === group && (resource.kind === kind || resource.kind.toLowerCase() === kind)
  )
  const found = versions.length === 0
    ? serving
    : versions.flatMap((version) => serving.filter((resource) => resource.version === version))
  if (found.length > 0) return Result.succeed(found)
  const elsewhere = resources.filter((resource) => resource.kind === kind).map(Resource.apiVersion)
  return fail(new NoKindMatch({ group, kind, versions, elsewhere: [...new Set(elsewhere)], unavailable }))
}

/**
 * The resource type that serves a kind: in the first of the versions that has it, or in the preferred one. Two in one
 * version are `AmbiguousKind`.
 *
 * @category accessors
 * @since 0.1.0
 */
export const mapping = (
  served: RestMapping,
  of: GroupKind,
  versions: ReadonlyArray<string> = []
): Result.Result<DynamicResource.DynamicResource, DiscoveryError> =>
  Result.flatMap(mappings(served, of, versions), (found) => {
    const best = equallyGood(found)
    const [only] = best
    return only !== undefined && best.length === 1
      ? Result.succeed(only)
      : fail(new AmbiguousKind({ group: of.group, kind: of.kind, matches: best.map(describe) }))
  })

/**
 * What a user means who types a resource or a kind, as kubectl reads it: `deploy`, `deployments.apps`,
 * `deployments.v1.apps`, `Deployment`, `Deployment.v1.apps`.
 *
 * @category accessors
 * @since 0.1.0
 */
export const find = (
  served: RestMapping,
  text: string
): Result.Result<DynamicResource.DynamicResource, DiscoveryError> => {
  const resource = GroupVersionResource.parse(text)
  const kind = parseKind(text)
  const asResource = resourceFor(served, resource.unversioned)
  const attempts = [
    ...(resource.versioned._tag === "None" ? [] : [resourceFor(served, resource.versioned.value)]),
    asResource,
    ...(kind.versioned._tag === "None"
      ? []
      : [mapping(served, kind.versioned.value, [kind.versioned.value.version])]),
    kind.unversioned.group === "" ? anyGroup(served, kind.unversioned.kind) : mapping(served, kind.unversioned)
  ]
  return attempts.find((attempt) => Result.isSuccess(attempt) || isAmbiguous(attempt)) ?? asResource
}

const isAmbiguous = (result: Result.Result<unknown, DiscoveryError>): boolean =>
  Result.isFailure(result) && result.failure.reason._tag.startsWith("Ambiguous")

const anyGroup = (served: RestMapping, kind: string): Result.Result<DynamicResource.DynamicResource, DiscoveryError> =>
  mapping(served, { group: served.resources.find((resource) => resource.kind === kind)?.group ?? "", kind })

/**
 * The other resource types that have the same short name as the one that is meant by it, by `group/plural` once each.
 *
 * @category accessors
 * @since 0.1.0
 */
export const shadowed = (
  { resources }: RestMapping,
  shortName: string,
  meant: DynamicResource.DynamicResource
): ReadonlyArray<GroupResource> =>
  meant.shortNames.includes(shortName) && !isNamed(meant, shortName)
    ? unique(
      resources.filter(({ group, plural, shortNames }) =>
        shortNames.includes(shortName) && !(group === meant.group && plural === meant.plural)
      )
    )
    : []

/**
 * The resource types of a category such as `all`, by preference; empty for an unknown one.
 *
 * @category accessors
 * @since 0.1.0
 */
export const category = ({ resources }: RestMapping, name: string): ReadonlyArray<GroupResource> =>
  unique(resources.filter(({ categories }) => categories.includes(name)))

const unique = (resources: ReadonlyArray<DynamicResource.DynamicResource>): ReadonlyArray<GroupResource> =>
  Array.from(
    new Map(resources.map(({ group, plural }) => [`${plural}.${group}`, { group, resource: plural }])).values()
  )
