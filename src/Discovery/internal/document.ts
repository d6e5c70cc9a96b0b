/**
 * Reading of discovery documents: aggregated and not, from servers of every age and from files.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { APIGroup, APIResource, APIResourceList } from "../../Api/meta/v1.ts"
import type { ServerResources } from "../ServerResources.ts"

// Go writes an empty list as null.
const list = <S extends Schema.Constraint>(item: S) => Schema.optionalKey(Schema.NullOr(Schema.Array(item)))

const Version = Schema.Struct({ groupVersion: Schema.String, version: Schema.String })

const Group = Schema.Struct({
  name: Schema.optionalKey(Schema.String),
  versions: list(Version),
  preferredVersion: Schema.optionalKey(Version)
})

const GroupList = Schema.Struct({ groups: list(Group) })

const Versions = Schema.Struct({ versions: list(Schema.String) })

const Resource = Schema.Struct({
  name: Schema.String,
  kind: Schema.String,
  namespaced: Schema.optionalKey(Schema.Boolean),
  singularName: Schema.optionalKey(Schema.String),
  group: Schema.optionalKey(Schema.String),
  version: Schema.optionalKey(Schema.String),
  verbs: list(Schema.String),
  shortNames: list(Schema.String),
  categories: list(Schema.String),
  storageVersionHash: Schema.optionalKey(Schema.String)
})

const ResourceList = Schema.Struct({ groupVersion: Schema.String, resources: list(Resource) })

const Kind = Schema.Struct({
  group: Schema.optionalKey(Schema.String),
  version: Schema.optionalKey(Schema.String),
  kind: Schema.optionalKey(Schema.String)
})

const AggregatedSubresource = Schema.Struct({
  subresource: Schema.String,
  responseKind: Schema.optionalKey(Schema.NullOr(Kind)),
  verbs: list(Schema.String)
})

const AggregatedResource = Schema.Struct({
  resource: Schema.String,
  responseKind: Schema.optionalKey(Schema.NullOr(Kind)),
  scope: Schema.optionalKey(Schema.String),
  singularResource: Schema.optionalKey(Schema.String),
  verbs: list(Schema.String),
  shortNames: list(Schema.String),
  categories: list(Schema.String),
  subresources: list(AggregatedSubresource)
})

const AggregatedVersion = Schema.Struct({
  version: Schema.String,
  freshness: Schema.optionalKey(Schema.String),
  resources: list(AggregatedResource)
})

const AggregatedGroup = Schema.Struct({
  metadata: Schema.optionalKey(Schema.Struct({ name: Schema.optionalKey(Schema.String) })),
  versions: list(AggregatedVersion)
})

const Aggregated = Schema.Struct({ items: list(AggregatedGroup) })

type Read<A> = Effect.Effect<A, string>

const decoder = <A>(schema: Schema.Decoder<A>): (document: unknown) => Read<A> => {
  const decode = Schema.decodeUnknownEffect(schema)
  return (document) => Effect.mapError(decode(document), (error) => String(error))
}

const groupOf = (group: typeof Group.Type): APIGroup => {
  const versions = group.versions ?? []
  const preferredVersion = group.preferredVersion ?? versions[0]
  return { name: group.name ?? "", versions, ...(preferredVersion === undefined ? {} : { preferredVersion }) }
}

const resourceOf = (resource: typeof Resource.Type): APIResource => {
  const { categories, shortNames, ...rest } = resource
  return {
    ...rest,
    namespaced: resource.namespaced ?? false,
    singularName: resource.singularName ?? "",
    verbs: resource.verbs ?? [],
    ...(shortNames === undefined || shortNames === null ? {} : { shortNames }),
    ...(categories === undefined || categories === null ? {} : { categories })
  }
}

const decodeGroups = decoder(GroupList)

/** `APIGroupList`: the answer of `/apis`, and `servergroups.json`. */
export const groups = (document: unknown): Read<ReadonlyArray<APIGroup>> =>
  Effect.map(decodeGroups(document), ({ groups }) => (groups ?? []).map(groupOf))

const decodeVersions = decoder(Versions)

/** `APIVersions`: the answer of `/api`; the core group, none where it has no version. */
export const coreGroup = (document: unknown): Read<ReadonlyArray<APIGroup>> =>
  Effect.map(
    decodeVersions(document),
    ({ versions }) =>
      versions === undefined || versions === null || versions.length === 0
        ? []
        : [groupOf({ versions: versions.map((version) => ({ groupVersion: version, version })) })]
  )

const decodeResources = decoder(ResourceList)

/** `APIResourceList`: the answer of `/apis/GROUP/VERSION`, and `serverresources.json`. */
export const resources = (document: unknown): Read<APIResourceList> =>
  Effect.map(decodeResources(document), ({ groupVersion, resources }) => ({
    groupVersion,
    resources: (resources ?? []).map(resourceOf)
  }))

const decodeAggregated = decoder(Aggregated)

/** `APIGroupDiscoveryList` of `apidiscovery.k8s.io/v2` or `v2beta1`. */
export const aggregated = (document: unknown): Read<ServerResources> =>
  Effect.map(decodeAggregated(document), ({ items }) => {
    const all = (items ?? []).map(splitGroup)
    return {
      groups: all.map(({ group }) => group),
      lists: all.flatMap(({ lists }) => lists),
      failures: all.flatMap(({ failures }) => failures)
    }
  })

const splitGroup = (item: typeof AggregatedGroup.Type) => {
  const name = item.metadata?.name ?? ""
  const named = (version: string) => name === "" ? version : `${name}/${version}`
  const [stale, fresh] = partition(item.versions ?? [], ({ freshness }) => freshness !== "Stale")
  return {
    group: groupOf({ name, versions: fresh.map(({ version }) => ({ groupVersion: named(version), version })) }),
    lists: fresh.map(({ resources, version }): APIResourceList => ({
      groupVersion: named(version),
      resources: (resources ?? []).flatMap(splitResource)
    })),
    failures: stale.map(({ version }) => ({ groupVersion: named(version), reason: "Stale" as const }))
  }
}

const partition = <A>(items: ReadonlyArray<A>, predicate: (item: A) => boolean) =>
  [items.filter((item) => !predicate(item)), items.filter(predicate)] as const

// A resource without a kind only stands for its subresources.
const splitResource = (resource: typeof AggregatedResource.Type): ReadonlyArray<APIResource> => {
  const { categories, shortNames } = resource
  const shared = { namespaced: resource.scope === "Namespaced", singularName: resource.singularResource ?? "" }
  const own = typeOf(resource.responseKind)
  const subresources = (resource.subresources ?? []).flatMap((subresource): ReadonlyArray<APIResource> => {
    const type = typeOf(subresource.responseKind)
    return type === undefined ? [] : [{
      name: `${resource.resource}/${subresource.subresource}`,
      ...shared,
      ...type,
      verbs: subresource.verbs ?? []
    }]
  })
  return own === undefined ? subresources : [{
    name: resource.resource,
    ...shared,
    ...own,
    verbs: resource.verbs ?? [],
    ...(shortNames === undefined || shortNames === null ? {} : { shortNames }),
    ...(categories === undefined || categories === null ? {} : { categories })
  }, ...subresources]
}

const typeOf = (kind: typeof Kind.Type | null | undefined) =>
  kind?.kind === undefined || kind.kind === ""
    ? undefined
    : { group: kind.group ?? "", version: kind.version ?? "", kind: kind.kind }

/** Parses text that ought to be JSON. */
export const json = (text: string): Read<unknown> =>
  Effect.fromResult(Result.try({
    try: (): unknown => JSON.parse(text),
    catch: (cause) => cause instanceof Error ? cause.message : String(cause)
  }))
