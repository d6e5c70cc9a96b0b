/**
 * What the server serves: the built-in resource types, and those that CustomResourceDefinitions add.
 *
 * @internal
 */
import { resources } from "../../Api/resources.ts"
import { kinds as schemas } from "../../Api/schemas.ts"
import type * as Json from "../../Machinery/Json.ts"
import * as ObjectSchema from "../../Machinery/ObjectSchema.ts"
import type { AnyResource, Subresource } from "../../Machinery/Resource.ts"
import type { Structure } from "../../Machinery/Structure.ts"
import * as Conversion from "./conversion.ts"
import * as Strategy from "./strategy.ts"

/** What only custom resources have. */
export interface Custom {
  readonly schema: ObjectSchema.ObjectSchema
  readonly columns: ReadonlyArray<Json.JsonObject>
  readonly scale: Json.JsonObject | undefined
  readonly warning: string | undefined
  /** Whether the names are accepted and the kind is not being taken away, so that objects may be created. */
  readonly isTerminating: boolean
}

/** One resource type in one version. */
export interface Served {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly listKind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: ReadonlyArray<string>
  readonly categories: ReadonlyArray<string>
  readonly isNamespaced: boolean
  readonly verbs: ReadonlyArray<string>
  readonly subresources: { readonly [name: string]: Subresource }
  /** Where its objects lie, whatever the version and the group they are asked for in. */
  readonly table: string
  /** The `apiVersion` that stored objects carry. */
  readonly storedAs: string
  readonly schema: ObjectSchema.ObjectSchema | undefined
  readonly structure: Structure | undefined
  readonly strategy: Strategy.Strategy
  readonly custom: Custom | undefined
}

/** `apps/v1`, or `v1` of the core group. */
export const apiVersion = (of: { readonly group: string; readonly version: string }): string =>
  of.group === "" ? of.version : `${of.group}/${of.version}`

/** The key of a resource type in one version. */
export const keyOf = (group: string, version: string, plural: string): string => `${group}/${version}/${plural}`

/** Which of the built-in versions are served: those on by default in a real server, or all of them. */
export type Apis = "default" | "all"

const isStable = (version: string): boolean => /^v[0-9]+$/.test(version)

const rank = (version: string): number => {
  const [, major = "0", stage = "", minor = "0"] = /^v([0-9]+)(?:(alpha|beta)([0-9]+))?$/.exec(version) ?? []
  const step = stage === "" ? 2 : stage === "beta" ? 1 : 0
  return step * 1_000_000 + Number(major) * 1000 + Number(minor)
}

/** Versions from the preferred one down: stable before beta before alpha, newer before older. */
export const byPriority = (left: string, right: string): number =>
  rank(right) - rank(left) || (left < right ? -1 : left > right ? 1 : 0)

const builtIn = (resource: AnyResource, storedAs: string): Served => {
  const { group, kind, listKind, plural, version } = resource
  const table = Conversion.tableOf(group, plural)
  return {
    group,
    version,
    kind,
    listKind,
    plural,
    singular: resource.singular,
    shortNames: resource.shortNames,
    categories: resource.categories,
    isNamespaced: resource.scope === "Namespaced",
    verbs: resource.verbs,
    subresources: resource.subresources,
    table,
    storedAs,
    schema: ObjectSchema.lookup(schemas, resource),
    structure: resource.structure,
    strategy: Strategy.builtIn(table, resource),
    custom: undefined
  }
}

/** The built-in resource types by `group/version/plural`. */
export const builtIns = (apis: Apis): ReadonlyMap<string, Served> => {
  const served = resources.filter(({ version }) => apis === "all" || isStable(version))
  const storage = new Map<string, string>()
  for (const resource of [...served].sort((left, right) => byPriority(left.version, right.version))) {
    const table = Conversion.tableOf(resource.group, resource.plural)
    if (!storage.has(table)) storage.set(table, Conversion.storedAs(table) ?? apiVersion(resource))
  }
  return new Map(served.map((resource) => {
    const table = Conversion.tableOf(resource.group, resource.plural)
    return [
      keyOf(resource.group, resource.version, resource.plural),
      builtIn(resource, storage.get(table) ?? apiVersion(resource))
    ]
  }))
}

/** The object as it is stored. */
export const toStorage = (served: Served, object: Json.JsonObject): Json.JsonObject =>
  Conversion.convert(served.table, object, served.storedAs, served.kind)

/** A stored object in the version that was asked for. */
export const fromStorage = (served: Served, object: Json.JsonObject): Json.JsonObject =>
  Conversion.convert(served.table, object, apiVersion(served), served.kind)
