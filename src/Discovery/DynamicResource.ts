/**
 * The descriptor of a kind that is known only at run time: what discovery says of it, in the form every client takes.
 *
 * `RestMapper` makes them from what the server serves; `fromGroupVersionResource` makes one where the caller knows the
 * path and nothing else. `DynamicClient`, informers and everything else that takes a `Resource` take it.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { APIResource, APIResourceList } from "../Api/meta/v1.ts"
import * as GroupVersion from "../Machinery/GroupVersion.ts"
import type { GroupVersionResource } from "../Machinery/GroupVersionResource.ts"
import type { ParseError } from "../Machinery/ParseError.ts"
import * as Resource from "../Machinery/Resource.ts"
import type { Unstructured } from "../Machinery/Unstructured.ts"

/**
 * The subresources of a kind that is known only at run time: any may be asked for; what there is stands in the
 * descriptor's `subresources`.
 *
 * @category models
 * @since 0.1.0
 */
export interface DynamicSubresources {
  readonly [name: string]: Resource.Only<"get" | "create" | "update" | "patch", Unstructured>
}

/**
 * The descriptor of a kind that is known only at run time.
 *
 * @category models
 * @since 0.1.0
 */
export type DynamicResource<S extends Resource.Scope = Resource.Scope> = Resource.Resource<
  Unstructured,
  S,
  DynamicSubresources
>

const make = Resource.make<Unstructured, DynamicSubresources>()

const verbs: ReadonlySet<string> = new Set<Resource.Verb>([
  "get",
  "list",
  "watch",
  "create",
  "update",
  "patch",
  "delete",
  "deletecollection"
])

const isVerb = (verb: string): verb is Resource.Verb => verbs.has(verb)

/**
 * The descriptors of one group version. Fails for a `groupVersion` with two slashes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromList = (list: APIResourceList): Result.Result<ReadonlyArray<DynamicResource>, ParseError> =>
  Result.map(GroupVersion.parse(list.groupVersion), ({ group, version }) => {
    const subresources = new Map<string, Record<string, Resource.Subresource>>()
    for (const resource of list.resources) {
      const [parent = "", name] = resource.name.split("/", 2)
      if (name === undefined) continue
      const its = subresources.get(parent) ?? {}
      subresources.set(parent, its)
      its[name] = { verbs: resource.verbs.filter(isVerb), ...typeOf(resource, { group, version }) }
    }
    return list.resources.filter(({ name }) => !name.includes("/")).map((resource) =>
      make({
        group,
        version,
        kind: resource.kind,
        // Discovery does not tell it, and a CustomResourceDefinition may choose it.
        listKind: "",
        plural: resource.name,
        scope: resource.namespaced ? "Namespaced" : "Cluster",
        singular: singularOf(resource),
        shortNames: resource.shortNames ?? [],
        categories: resource.categories ?? [],
        verbs: resource.verbs.filter(isVerb),
        subresources: subresources.get(resource.name) ?? {}
      })
    )
  })

// A body of the group version itself need not say so.
const typeOf = ({ group, kind, version }: APIResource, own: GroupVersion.GroupVersion) => ({
  ...(version === undefined || version === "" ? own : { group: group ?? "", version }),
  kind
})

// Old servers do not say.
const singularOf = ({ kind, singularName }: APIResource): string =>
  singularName === "" ? kind.toLowerCase() : singularName

/**
 * The descriptor of a path, where nothing is known of the kind: `kind` is empty, so objects must bring their own.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromGroupVersionResource = <S extends Resource.Scope>(
  { group, resource, version }: GroupVersionResource,
  scope: S
): DynamicResource<S> => make({ group, version, kind: "", listKind: "", plural: resource, singular: "", scope })

/**
 * A descriptor with its types forgotten, so that its objects are plain JSON.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromResource = (resource: Resource.AnyResource): DynamicResource =>
  make({
    group: resource.group,
    version: resource.version,
    kind: resource.kind,
    listKind: resource.listKind,
    plural: resource.plural,
    singular: resource.singular,
    shortNames: resource.shortNames,
    categories: resource.categories,
    scope: resource.scope,
    verbs: resource.verbs,
    subresources: resource.subresources,
    ...(resource.structure === undefined ? {} : { structure: resource.structure })
  })
