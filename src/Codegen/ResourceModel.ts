/**
 * The middle form between a description and TypeScript: modules, their types, and the resources among them.
 *
 * It is what an API is, free of how OpenAPI writes it and of how TypeScript will: a description of Kubernetes becomes
 * one through `make`, custom resources may be brought into the same form, and `Printer`, `StructurePrinter` and
 * `SchemaPrinter` print any of them.
 *
 * @since 0.1.0
 */
import type { GroupVersionKind, Operation, SchemaNode, Spec } from "./Spec.ts"
import { referenceName } from "./Spec.ts"
import type { Alias, SpecPatches } from "./SpecPatches.ts"

/**
 * The type of a value.
 *
 * @category models
 * @since 0.1.0
 */
export type Expression =
  | { readonly _tag: "String"; readonly format: string | undefined; readonly values: ReadonlyArray<string> }
  | { readonly _tag: "Number"; readonly isInteger: boolean; readonly format: string | undefined }
  | { readonly _tag: "Boolean" }
  | { readonly _tag: "Literal"; readonly value: string }
  | { readonly _tag: "Reference"; readonly id: string }
  | { readonly _tag: "List"; readonly item: Expression }
  | { readonly _tag: "Map"; readonly value: Expression }
  | { readonly _tag: "Object"; readonly members: ReadonlyArray<Member> }
  | { readonly _tag: "Unknown" }

/**
 * One field of an object, with all that is known of it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Member {
  readonly name: string
  readonly type: Expression
  readonly isRequired: boolean
  readonly isDeprecated: boolean
  /** `undefined` where there is none, or where it is only Go's zero value. */
  readonly default: unknown
  readonly listType: "atomic" | "map" | "set" | undefined
  readonly listMapKeys: ReadonlyArray<string>
  readonly mapType: "atomic" | "granular" | undefined
  readonly patchStrategy: ReadonlyArray<string>
  readonly patchMergeKey: string | undefined
}

/**
 * A named type: an object with members, or another name for something.
 *
 * @category models
 * @since 0.1.0
 */
export interface Type {
  /** The name of the schema: `io.k8s.api.apps.v1.Deployment`. */
  readonly id: string
  readonly name: string
  readonly body: { readonly _tag: "Members"; readonly members: ReadonlyArray<Member> } | {
    readonly _tag: "Alias"
    readonly alias: Alias
  }
  /** The module of `Machinery` where it is written by hand. */
  readonly provided: string | undefined
  readonly isDeprecated: boolean
  readonly isAtomic: boolean
  readonly kinds: ReadonlyArray<GroupVersionKind>
  /** The fields that have this type: `Deployment.spec`. */
  readonly usedBy: ReadonlyArray<string>
  /** Whether it stands for query parameters and has no schema of its own. */
  readonly isOptions: boolean
}

/**
 * One subresource of a resource. `body` is the id of its type, `options` that of its query parameters where it is not
 * an object but bytes or a connection.
 *
 * @category models
 * @since 0.1.0
 */
export interface Subresource {
  readonly name: string
  readonly verbs: ReadonlyArray<string>
  readonly kind: GroupVersionKind
  readonly body: { readonly _tag: "Object"; readonly id: string } | { readonly _tag: "Connect"; readonly id: string }
}

/**
 * One resource: what a descriptor says.
 *
 * @category models
 * @since 0.1.0
 */
export interface Resource extends GroupVersionKind {
  /** The id of the type of its objects. */
  readonly type: string
  readonly plural: string
  readonly singular: string
  readonly listKind: string
  readonly scope: "Namespaced" | "Cluster"
  readonly shortNames: ReadonlyArray<string>
  readonly categories: ReadonlyArray<string>
  readonly verbs: ReadonlyArray<string>
  readonly subresources: ReadonlyArray<Subresource>
}

/**
 * The types and resources of one group and version.
 *
 * @category models
 * @since 0.1.0
 */
export interface Module {
  /** `apps/v1` */
  readonly path: string
  /** client-go's accessor: `appsV1`. */
  readonly accessor: string
  readonly types: ReadonlyArray<Type>
  readonly resources: ReadonlyArray<Resource>
}

/**
 * A whole API.
 *
 * @category models
 * @since 0.1.0
 */
export interface ResourceModel {
  readonly modules: ReadonlyArray<Module>
  readonly types: ReadonlyMap<string, { readonly type: Type; readonly module: string }>
}

/**
 * Brings a description into the middle form. What the description leaves out is taken from the patches.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (spec: Spec, patches: SpecPatches): ResourceModel => {
  const uses = usesOf(spec)
  const types = [...spec.schemas].map(([id, node]) => typeOf(id, node, patches, uses.get(id) ?? []))
  const located = types.map((type) => ({ type, module: patches.places[type.id] ?? placeOf(type.id) }))
  const idOfKind = new Map(types.flatMap((type) => type.kinds.map((kind) => [kindKey(kind), type.id] as const)))
  const { resources, options } = resourcesOf(spec, patches, idOfKind)
  const all = [...located, ...options.map((type) => ({ type, module: placeOf(type.id) }))]
  const byModule = Map.groupBy(all, ({ module }) => module)
  const modules = [...byModule.keys()].sort().map((path): Module => {
    const inside = byModule.get(path) ?? []
    const ids = new Set(inside.map(({ type }) => type.id))
    const its = resources.filter((resource) => ids.has(resource.type))
    return {
      path,
      accessor: accessorOf(path, its[0]?.group, patches),
      types: inside.map(({ type }) => type).sort((a, b) => compare(a.name, b.name)),
      resources: its
    }
  })
  return { modules, types: new Map(all.map((entry) => [entry.type.id, entry])) }
}

/**
 * The keys that an item of a list must have to be told apart: the map keys that are required and have no default. The
 * server does without the others.
 *
 * @category accessors
 * @since 0.1.0
 */
export const identifyingKeys = (model: ResourceModel, member: Member): ReadonlyArray<string> => {
  if (member.listType !== "map" || member.type._tag !== "List") return []
  const item = membersOf(model, member.type.item)
  return member.listMapKeys.filter((key) =>
    item.some(({ name, isRequired, default: value }) => name === key && isRequired && value === undefined)
  )
}

/**
 * The members of an object type; none for anything else.
 *
 * @category accessors
 * @since 0.1.0
 */
export const membersOf = (model: ResourceModel, type: Expression): ReadonlyArray<Member> => {
  if (type._tag === "Object") return type.members
  if (type._tag !== "Reference") return []
  const body = model.types.get(type.id)?.type.body
  return body?._tag === "Members" ? body.members : []
}

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

const kindKey = ({ group, version, kind }: GroupVersionKind): string => `${group}/${version}/${kind}`

/** `io.k8s.api.apps.v1.Deployment` and `….pkg.apis.meta.v1.Time` both end in folder, version and name. */
const placeOf = (id: string): string => id.split(".").slice(-3, -1).join("/")

const accessorOf = (path: string, group: string | undefined, patches: SpecPatches): string => {
  const [folder = "", version = ""] = path.split("/")
  const label = group === undefined ? folder : patches.accessors[group] ?? group.split(".")[0] ?? folder
  return `${label}${version.charAt(0).toUpperCase()}${version.slice(1)}`
}

const typeOf = (id: string, node: SchemaNode, patches: SpecPatches, usedBy: ReadonlyArray<string>): Type => {
  const alias = patches.aliases[id]
  const kinds = node["x-kubernetes-group-version-kind"] ?? []
  const [only] = kinds.length === 1 ? kinds : []
  return {
    id,
    name: id.slice(id.lastIndexOf(".") + 1),
    body: alias === undefined ? { _tag: "Members", members: membersOfNode(node, only) } : { _tag: "Alias", alias },
    provided: patches.provided[id],
    isDeprecated: node.deprecated === true,
    isAtomic: (alias?.schema ?? node)["x-kubernetes-map-type"] === "atomic",
    kinds,
    usedBy,
    isOptions: false
  }
}

const membersOfNode = (node: SchemaNode, kind: GroupVersionKind | undefined): ReadonlyArray<Member> => {
  const first = ["apiVersion", "kind", "metadata", "spec", "status"]
  const rank = (name: string) => kind === undefined || !first.includes(name) ? first.length : first.indexOf(name)
  return Object.entries(node.properties ?? {})
    .map(([name, property]): Member => ({
      name,
      type: literalOf(name, kind) ?? expressionOf(property),
      isRequired: node.required?.includes(name) === true,
      isDeprecated: property.deprecated === true,
      default: defaultOf(property),
      listType: property["x-kubernetes-list-type"],
      listMapKeys: property["x-kubernetes-list-map-keys"] ?? [],
      mapType: property["x-kubernetes-map-type"],
      patchStrategy: property["x-kubernetes-patch-strategy"]?.split(",") ?? [],
      patchMergeKey: property["x-kubernetes-patch-merge-key"]
    }))
    .sort((a, b) => rank(a.name) - rank(b.name) || compare(a.name, b.name))
}

const literalOf = (name: string, kind: GroupVersionKind | undefined): Expression | undefined => {
  if (kind === undefined) return undefined
  if (name === "kind") return { _tag: "Literal", value: kind.kind }
  if (name !== "apiVersion") return undefined
  return { _tag: "Literal", value: kind.group === "" ? kind.version : `${kind.group}/${kind.version}` }
}

/** A default that is Go's zero value says only that the field is not a pointer. */
const defaultOf = ({ default: value }: SchemaNode): unknown => {
  const isZero = value === "" || value === 0 || value === false ||
    typeof value === "object" && value !== null && Object.keys(value).length === 0
  return isZero ? undefined : value
}

const expressionOf = (node: SchemaNode): Expression => {
  if (node.$ref !== undefined) return { _tag: "Reference", id: referenceName(node.$ref) }
  switch (node.type) {
    case "string":
      return { _tag: "String", format: node.format, values: node.enum ?? [] }
    case "integer":
    case "number":
      return { _tag: "Number", isInteger: node.type === "integer", format: node.format }
    case "boolean":
      return { _tag: "Boolean" }
    case "array":
      return { _tag: "List", item: expressionOf(node.items ?? {}) }
    case "object":
      if (node.properties !== undefined) return { _tag: "Object", members: membersOfNode(node, undefined) }
      return { _tag: "Map", value: expressionOf(node.additionalProperties ?? {}) }
    default:
      return { _tag: "Unknown" }
  }
}

const usesOf = (spec: Spec): ReadonlyMap<string, ReadonlyArray<string>> => {
  const uses = new Map<string, Array<string>>()
  const visit = (node: SchemaNode, path: string): void => {
    if (node.$ref !== undefined) {
      const id = referenceName(node.$ref)
      uses.set(id, [...uses.get(id) ?? [], path])
    }
    if (node.items !== undefined) visit(node.items, path)
    if (node.additionalProperties !== undefined) visit(node.additionalProperties, path)
    for (const [name, property] of Object.entries(node.properties ?? {})) visit(property, `${path}.${name}`)
  }
  for (const [id, node] of spec.schemas) visit(node, id.slice(id.lastIndexOf(".") + 1))
  return uses
}

// "watch" stands for both: the paths that list watches are of one object or of all.
const verbs: { readonly [action: string]: string } = {
  delete: "delete",
  deletecollection: "deletecollection",
  get: "get",
  list: "list",
  patch: "patch",
  post: "create",
  put: "update",
  watch: "watch",
  watchlist: "watch"
}

/** The verbs that discovery reports for a connection, by HTTP method. HEAD and OPTIONS have none. */
const connectVerbs: { readonly [method: string]: string } = {
  delete: "delete",
  get: "get",
  patch: "patch",
  post: "create",
  put: "update"
}

const route =
  /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>v[^/]+)\/(?<watch>watch\/)?(?<namespaced>namespaces\/\{namespace\}\/)?(?<plural>[^/{]+)(?:\/\{name\}(?:\/(?<subresource>[^/{]+))?)?(?:\/\{path\})?$/

interface Routed {
  readonly operation: Operation
  readonly plural: string
  readonly isNamespaced: boolean
  readonly subresource: string | undefined
}

const resourcesOf = (spec: Spec, patches: SpecPatches, idOfKind: ReadonlyMap<string, string>) => {
  const routed = new Map<string, Array<Routed>>()
  for (const operation of spec.operations) {
    const found = route.exec(operation.path)?.groups
    if (found === undefined) continue
    const { group = "", version = "", plural = "", namespaced, subresource } = found
    const key = `${group}/${version}/${plural}`
    const its = routed.get(key) ?? []
    routed.set(key, its)
    its.push({ operation, plural, isNamespaced: namespaced !== undefined, subresource })
  }
  const options = new Map<string, Type>()
  const resources = [...routed.values()].flatMap((its): ReadonlyArray<Resource> => {
    const own = its.filter(({ subresource }) => subresource === undefined)
    const kind = own[0]?.operation.kind
    const type = kind === undefined ? undefined : idOfKind.get(kindKey(kind))
    if (kind === undefined || type === undefined) return []
    const plural = own[0]?.plural ?? ""
    const list = own.find(({ operation }) => operation.action === "list")?.operation.answer
    const place = type.slice(0, type.lastIndexOf("."))
    const subresources = [...Map.groupBy(its, ({ subresource }) => subresource)].flatMap(([name, routes]) => {
      if (name === undefined) return []
      const { subresource, optionsType } = subresourceOf(name, routes, kind, place, patches, idOfKind)
      if (optionsType !== undefined) options.set(optionsType.id, optionsType)
      return [subresource]
    })
    return [{
      ...kind,
      type,
      plural,
      singular: kind.kind.toLowerCase(),
      listKind: list === undefined ? `${kind.kind}List` : list.slice(list.lastIndexOf(".") + 1),
      scope: own.some(({ isNamespaced }) => isNamespaced) ? "Namespaced" : "Cluster",
      shortNames: patches.shortNames[plural] ?? [],
      categories: patches.categories[plural] ?? [],
      verbs: unique(own.map(({ operation }) => verbs[operation.action])),
      subresources: subresources.sort((a, b) => compare(a.name, b.name))
    }]
  })
  return {
    resources: resources.sort((a, b) => compare(a.kind, b.kind)),
    options: [...options.values()]
  }
}

const unique = (verbs: ReadonlyArray<string | undefined>): ReadonlyArray<string> =>
  [...new Set(verbs.filter((verb) => verb !== undefined))].sort()

const subresourceOf = (
  name: string,
  routes: ReadonlyArray<Routed>,
  owner: GroupVersionKind,
  place: string,
  patches: SpecPatches,
  idOfKind: ReadonlyMap<string, string>
): { readonly subresource: Subresource; readonly optionsType: Type | undefined } => {
  const operations = routes.map(({ operation }) => operation)
  const kind = operations[0]?.kind ?? owner
  const isConnection = operations.every(({ action }) => action === "connect")
  const isObject = operations.some(({ answer }) => answer !== undefined)
  const facts = {
    name,
    kind,
    verbs: unique(operations.map(({ action, method }) => isConnection ? connectVerbs[method] : verbs[action]))
  }
  const id = idOfKind.get(kindKey(kind))
  if (isObject && id !== undefined) {
    return { subresource: { ...facts, body: { _tag: "Object", id } }, optionsType: undefined }
  }
  const options = isConnection ? kind.kind : `${owner.kind}${name.charAt(0).toUpperCase()}${name.slice(1)}Options`
  const optionsType = optionsOf(`${place}.${options}`, operations, `${owner.kind}/${name}`, patches)
  return { subresource: { ...facts, body: { _tag: "Connect", id: optionsType.id } }, optionsType }
}

/** The query parameters of a subresource as a type; Go has a kind of that name. */
const optionsOf = (id: string, operations: ReadonlyArray<Operation>, user: string, patches: SpecPatches): Type => {
  const name = id.slice(id.lastIndexOf(".") + 1)
  const parameters = new Map(
    operations.flatMap(({ query }) => query).map((parameter) => [parameter.name, parameter.schema])
  )
  parameters.delete("pretty")
  const properties = Object.fromEntries(
    [...parameters].map(([parameter, schema]): [string, SchemaNode] =>
      patches.repeated.includes(`${name}.${parameter}`)
        ? [parameter, { type: "array", items: schema }]
        : [parameter, schema]
    )
  )
  return {
    id,
    name,
    body: { _tag: "Members", members: membersOfNode({ properties }, undefined) },
    provided: undefined,
    isDeprecated: false,
    isAtomic: false,
    kinds: [],
    usedBy: [user],
    isOptions: true
  }
}
