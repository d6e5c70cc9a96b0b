/**
 * Prints the tables of all resources: by group and version for a client of everything (`groups.ts`), and as one list
 * for what maps kinds to resources (`resources.ts`).
 *
 * @since 0.1.0
 */
import type { Module, ResourceModel } from "./ResourceModel.ts"
import { header, key, machinery, type Options } from "./SourceText.ts"

const alias = (path: string): string => path.replaceAll(/\W+/g, "_")

const withResources = (model: ResourceModel): ReadonlyArray<Module> =>
  model.modules.filter(({ resources }) => resources.length > 0)

const imports = (model: ResourceModel): string =>
  withResources(model).map(({ path }) => `import * as ${alias(path)} from "./${path}.ts"\n`).join("")

/**
 * client-go's name of a kind's client, as a member: `configMaps` for `ConfigMap` and `configmaps`, `csiDrivers` for
 * `CSIDriver`. The capitals are the kind's, the ending is the plural's.
 *
 * @category accessors
 * @since 0.1.0
 */
export const accessor = (kind: string, plural: string): string => {
  let shared = 0
  while (shared < kind.length && kind[shared]?.toLowerCase() === plural[shared]) shared++
  // A leading acronym is lowered whole: its last capital, if letters follow, begins the next word.
  const acronym = /^[A-Z]+(?=[A-Z][a-z])|^[A-Z]+/.exec(kind)?.[0] ?? ""
  return (acronym.toLowerCase() + kind.slice(acronym.length)).slice(0, shared) + plural.slice(shared)
}

/**
 * Prints one table per group and version, under client-go's names for it and for the clients of its kinds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const printGroups = (model: ResourceModel, options: Options): string => {
  const tables = withResources(model).map(({ accessor: group, path, resources }) => {
    const rows = [...resources].sort((a, b) => a.plural < b.plural ? -1 : 1)
      .map(({ plural, kind }) => `  ${key(accessor(kind, plural))}: ${alias(path)}.${kind}`)
    return `/**
 * The resources of \`${path}\`.
 *
 * @category resources
 * @since 0.1.0
 */
export const ${group} = {
${rows.join(",\n")}
} as const
`
  })
  return `${header(options, "The built-in resources by group and version, under the names of client-go.")}${
    imports(model)
  }\n${tables.join("\n")}`
}

/**
 * Prints the list of all resources, in the order of groups, versions and kinds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const printResources = (model: ResourceModel, options: Options): string => {
  const rows = withResources(model).flatMap(({ path, resources }) =>
    resources.map(({ kind }) => `  ${alias(path)}.${kind}`)
  )
  return `${header(options, "The built-in resources as one list.")}import type { AnyResource } from "${
    machinery(options, "resources.ts", "Resource")
  }"
${imports(model)}
/**
 * All ${rows.length} built-in resources. Importing it loads the descriptor of every kind.
 *
 * @category resources
 * @since 0.1.0
 */
export const resources: ReadonlyArray<AnyResource> = [
${rows.join(",\n")}
]
`
}
