/**
 * Prints all that is known of types as data: one `ObjectSchema` per type, and the registries to find them.
 *
 * They are for who must check, default or prune objects (the in-memory API server), so they stand apart and no module
 * of types imports them.
 *
 * @since 0.1.0
 */
import type { Expression, Member, Module, ResourceModel, Type } from "./ResourceModel.ts"
import { comment, header, key, literal, machinery, type Options, relative } from "./SourceText.ts"

/**
 * The file of the schemas of a module.
 *
 * @category accessors
 * @since 0.1.0
 */
export const file = (path: string): string => `schemas/${path}.ts`

const alias = (path: string): string => path.replaceAll(/\W+/g, "_")

/**
 * Prints the schemas of one module.
 *
 * @category constructors
 * @since 0.1.0
 */
export const print = (model: ResourceModel, module: Module, options: Options): string => {
  const from = file(module.path)
  const imports = new Map<string, string>()
  const name = (id: string): string | undefined => {
    const target = model.types.get(id)
    if (target === undefined || target.module === module.path) return target?.type.name
    imports.set(alias(target.module), relative(from, file(target.module)))
    return `${alias(target.module)}.${target.type.name}`
  }
  const body = module.types
    .filter(({ isOptions }) => !isOptions)
    .map((type) =>
      comment([`The schema of \`${type.id}\`.`, "", "@category schemas", "@since 0.1.0"]) +
      `export const ${type.name}: ObjectSchema = ${printType(type, name)}\n`
    )
    .join("\n")
  const head = [...imports].sort().map(([local, path]) => `import * as ${local} from "${path}"\n`).join("")
  return `${header(options, `The schemas of the types of \`${module.path}\`.`)}import type { ObjectSchema } from "${
    machinery(options, from, "ObjectSchema")
  }"\n${head}\n${body}`
}

const printType = (type: Type, name: (id: string) => string | undefined): string => {
  if (type.body._tag === "Alias") return literal(type.body.alias.schema ?? {})
  return object(type.body.members, name, type.isAtomic, true)
}

const object = (
  members: ReadonlyArray<Member>,
  name: (id: string) => string | undefined,
  isAtomic: boolean,
  isTop: boolean
): string => {
  const required = members.filter(({ isRequired }) => isRequired).map((member) => member.name)
  const properties = members.map((member) => `${key(member.name)}: { ${field(member, name).join(", ")} }`)
  const inner = isTop ? `{\n    ${properties.join(",\n    ")}\n  }` : `{ ${properties.join(", ")} }`
  const parts = [
    `type: "object"`,
    ...(isAtomic ? [`"x-kubernetes-map-type": "atomic"`] : []),
    ...(required.length === 0 ? [] : [`required: ${literal(required)}`]),
    `properties: ${members.length === 0 ? "{}" : inner}`
  ]
  return isTop ? `{\n  ${parts.join(",\n  ")}\n}` : `{ ${parts.join(", ")} }`
}

const field = (member: Member, name: (id: string) => string | undefined): ReadonlyArray<string> => [
  ...expression(member.type, name),
  ...facts({
    default: member.default,
    "x-kubernetes-list-type": member.listType,
    "x-kubernetes-list-map-keys": member.listMapKeys.length === 0 ? undefined : member.listMapKeys,
    "x-kubernetes-map-type": member.mapType,
    "x-kubernetes-patch-strategy": member.patchStrategy.length === 0 ? undefined : member.patchStrategy.join(","),
    "x-kubernetes-patch-merge-key": member.patchMergeKey
  })
]

const facts = (values: { readonly [name: string]: unknown }): ReadonlyArray<string> =>
  Object.entries(values).flatMap(([fact, value]) => value === undefined ? [] : [`${key(fact)}: ${literal(value)}`])

const expression = (type: Expression, name: (id: string) => string | undefined): ReadonlyArray<string> => {
  switch (type._tag) {
    case "String":
      return facts({ type: "string", format: type.format, enum: type.values.length === 0 ? undefined : type.values })
    case "Number":
      return facts({ type: type.isInteger ? "integer" : "number", format: type.format })
    case "Boolean":
      return facts({ type: "boolean" })
    case "Literal":
      // Any string fits the type: that it names this kind is checked before a schema is chosen.
      return facts({ type: "string" })
    case "Reference": {
      const target = name(type.id)
      return target === undefined ? facts({ "x-kubernetes-preserve-unknown-fields": true }) : [`ref: () => ${target}`]
    }
    case "List":
      return [`type: "array"`, `items: { ${expression(type.item, name).join(", ")} }`]
    case "Map":
      return [`type: "object"`, `additionalProperties: { ${expression(type.value, name).join(", ")} }`]
    case "Object":
      return [object(type.members, name, false, false).slice(2, -2)]
    case "Unknown":
      return facts({ "x-kubernetes-preserve-unknown-fields": true })
  }
}

/**
 * Prints the registries: schemas by kind, and by the names that OpenAPI documents give them.
 *
 * @category constructors
 * @since 0.1.0
 */
export const printRegistry = (model: ResourceModel, options: Options): string => {
  const entries = model.modules.flatMap((module) =>
    module.types.filter(({ isOptions }) => !isOptions).map((type) => ({
      type,
      thunk: `() => ${alias(module.path)}.${type.name}`
    }))
  )
  // One type may stand for several kinds: each group has its own DeleteOptions.
  const kinds = entries
    .flatMap(({ thunk, type }) =>
      type.kinds.map(({ group, kind, version }) => `  "${group === "" ? "" : `${group}/`}${version}/${kind}": ${thunk}`)
    )
    .sort()
  const definitions = entries.map(({ thunk, type }) => `  ${key(type.id)}: ${thunk}`).sort()
  const imports = model.modules
    .filter(({ types }) => types.some(({ isOptions }) => !isOptions))
    .map(({ path }) => `import * as ${alias(path)} from "./${file(path)}"\n`)
  return `${header(options, "The schemas of all built-in types, by kind and by name.")}import type { Registry } from "${
    machinery(options, "schemas.ts", "ObjectSchema")
  }"
${imports.join("")}
/**
 * The schemas of all built-in kinds, lists and options among them, by \`apiVersion/kind\`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const kinds: Registry = {
${kinds.join(",\n")}
}

/**
 * The schemas of all types by the names that OpenAPI documents give them: \`io.k8s.api.core.v1.Pod\`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const definitions: Registry = {
${definitions.join(",\n")}
}
`
}
