/**
 * Prints the modules of an API: an interface for each type and a descriptor for each resource.
 *
 * `ResourceModel` gives what is printed; the text goes to `src/Api` or wherever a user keeps the modules of his custom
 * resources. Documentation holds facts alone: where a type is used, defaults, formats, how lists merge.
 * `StructurePrinter` and `SchemaPrinter` print the data beside them.
 *
 * @since 0.1.0
 */
import type { Expression, Member, Module, Resource, ResourceModel, Subresource, Type } from "./ResourceModel.ts"
import { identifyingKeys } from "./ResourceModel.ts"
import { comment, fill, header, key, literal, machinery, type Options, relative, width } from "./SourceText.ts"
import * as StructurePrinter from "./StructurePrinter.ts"

/** The imports of one file, collected while it is printed. */
interface Scope {
  readonly name: (id: string) => string
  readonly use: (name: string, from: string) => string
  readonly imports: () => string
}

const scopeOf = (model: ResourceModel, module: Module, options: Options): Scope => {
  const file = `${module.path}.ts`
  const own = new Set(module.types.filter(({ provided }) => provided === undefined).map(({ name }) => name))
  const byName = new Map<string, string>()
  const byFile = new Map<string, Set<string>>()
  const use = (name: string, from: string): string => {
    const folder = (from.split("/").at(-2) ?? "").replace(/^./, (letter) => letter.toUpperCase())
    const local = own.has(name) || (byName.get(name) ?? from) !== from ? `${folder}${name}` : name
    byName.set(local, from)
    const names = byFile.get(from) ?? new Set<string>()
    byFile.set(from, names.add(local === name ? name : `${name} as ${local}`))
    return local
  }
  return {
    use,
    name: (id) => {
      const found = model.types.get(id)
      if (found === undefined) return "unknown"
      const { type, module: home } = found
      if (type.provided !== undefined) return use(type.name, machinery(options, file, type.provided))
      return home === module.path ? type.name : use(type.name, relative(file, `${home}.ts`))
    },
    imports: () =>
      [...byFile].sort(([a], [b]) => a < b ? -1 : 1)
        .map(([from, names]) => `import type { ${[...names].sort().join(", ")} } from "${from}"\n`)
        .join("")
  }
}

/**
 * Prints one module.
 *
 * @category constructors
 * @since 0.1.0
 */
export const print = (model: ResourceModel, module: Module, options: Options): string => {
  const scope = scopeOf(model, module, options)
  const file = `${module.path}.ts`
  const resources = new Map(module.resources.map((resource) => [resource.type, resource]))
  const body = module.types
    .filter((type) => type.provided === undefined)
    .map((type) => {
      const resource = resources.get(type.id)
      const reference = resource === undefined ? undefined : options.reference(module, resource)
      const text = printType(type, resource, reference, model, module, scope, options)
      return resource === undefined ? text : `${text}\n${printResource(resource, type, model, scope)}`
    })
    .join("\n")
  const provided = [...Map.groupBy(module.types, (type) => type.provided)].flatMap(([home, types]) =>
    home === undefined
      ? []
      : [`export type { ${types.map(({ name }) => name).join(", ")} } from "${machinery(options, file, home)}"\n`]
  ).sort()
  const hasStructure = module.resources.some((resource) => StructurePrinter.hasStructure(model, resource.type))
  const values = [
    ...(module.resources.length === 0 ? [] : [`import * as Resource from "${machinery(options, file, "Resource")}"\n`]),
    ...(hasStructure
      ? [`import * as structure from "${relative(file, StructurePrinter.file(module.path))}"\n`]
      : [])
  ]
  const head = [...values, scope.imports(), ...provided].join("")
  return `${header(options, `The types and resources of \`${module.path}\`.`)}${head}${head === "" ? "" : "\n"}${body}`
}

const quoted = (names: ReadonlyArray<string>): string => names.map((name) => `\`${name}\``).join(", ")

const apiVersion = ({ group, version }: { readonly group: string; readonly version: string }): string =>
  group === "" ? version : `${group}/${version}`

const typeDoc = (type: Type, resource: Resource | undefined, reference: string | undefined): ReadonlyArray<string> => {
  const [kind] = type.kinds.length === 1 ? type.kinds : []
  const users = type.usedBy.slice(0, 3)
  const more = type.usedBy.length - users.length
  const use = users.length === 0 ? "" : `${quoted(users)}${more === 0 ? "" : ` and ${more} more`}`
  const sentence = type.body._tag === "Alias"
    ? type.body.alias.doc
    : resource !== undefined
    ? `\`${resource.kind}\` of \`${apiVersion(resource)}\`: ${
      resource.scope === "Namespaced" ? "namespaced" : "cluster-scoped"
    }, served as \`${resource.plural}\`${resource.shortNames.length === 0 ? "" : ` (${quoted(resource.shortNames)})`}.`
    : type.isOptions
    ? `The query parameters of ${use}.`
    : kind !== undefined
    ? `\`${kind.kind}\` of \`${apiVersion(kind)}\`.`
    : use === ""
    ? `The type \`${type.name}\`.`
    : `The type of ${use}.`
  return [
    sentence,
    ...(type.isAtomic ? ["Apply replaces it whole."] : []),
    "",
    ...(reference === undefined ? [] : [`@see ${reference}`]),
    ...(type.isDeprecated ? ["@deprecated"] : []),
    "@category models",
    "@since 0.1.0"
  ]
}

const printType = (
  type: Type,
  resource: Resource | undefined,
  reference: string | undefined,
  model: ResourceModel,
  module: Module,
  scope: Scope,
  options: Options
): string => {
  const head = comment(typeDoc(type, resource, reference))
  if (type.body._tag === "Alias") return `${head}export type ${type.name} = ${type.body.alias.text}\n`
  const members = type.body.members
  if (members.length === 0) return `${head}export interface ${type.name} {\n  readonly [field: string]: never\n}\n`
  const lines = members.map((member) => {
    const facts = memberDoc(member)
    const text = expression(member.type, scope, listMapOf(model, member, module, scope, options))
    const optional = member.isRequired && member.type._tag !== "Literal" ? "" : "?"
    return `${facts.length === 0 ? "" : comment(facts, "  ")}${
      broken(`  readonly ${key(member.name)}${optional}:`, text)
    }\n`
  })
  return `${head}export interface ${type.name} {\n${lines.join("")}}\n`
}

/** A long union goes on in lines of its own. */
const broken = (head: string, text: string): string => {
  if (head.length + 1 + text.length <= width) return `${head} ${text}`
  const list = /^ReadonlyArray<(.*)>$/.exec(text)?.[1]
  const lines = fill((list ?? text).split(" | "), " | ", width - 6).map((line) => `    | ${line}\n`).join("")
  return list === undefined ? `${head}\n${lines}`.trimEnd() : `${head} ReadonlyArray<\n${lines}  >`
}

/** The name of `ListMap` with its keys, where a list has them. */
const listMapOf = (
  model: ResourceModel,
  member: Member,
  module: Module,
  scope: Scope,
  options: Options
): ((item: string) => string) | undefined => {
  const keys = identifyingKeys(model, member)
  if (keys.length === 0) return undefined
  const name = scope.use("ListMap", machinery(options, `${module.path}.ts`, "ListMap"))
  return (item) => `${name}<${item}, ${keys.map((key) => JSON.stringify(key)).join(" | ")}>`
}

const formats: { readonly [format: string]: string } = {
  byte: "Base64.",
  double: "Format: double.",
  int32: "Format: int32.",
  int64: "Format: int64."
}

const memberDoc = (member: Member): ReadonlyArray<string> => {
  const leaf = member.type._tag === "List"
    ? member.type.item
    : member.type._tag === "Map"
    ? member.type.value
    : member.type
  const format = leaf._tag === "String" || leaf._tag === "Number" ? leaf.format : undefined
  const strategy = member.patchStrategy.join(", ")
  const facts = [
    format === undefined ? undefined : formats[format] ?? `Format: ${format}.`,
    member.default === undefined ? undefined : `Default: \`${JSON.stringify(member.default)}\`.`,
    member.listType === undefined
      ? undefined
      : `List type: ${member.listType}${member.listMapKeys.length === 0 ? "" : ` by ${quoted(member.listMapKeys)}`}.`,
    member.mapType === undefined ? undefined : `Map type: ${member.mapType}.`,
    strategy === ""
      ? undefined
      : `Strategic merge: ${strategy}${member.patchMergeKey === undefined ? "" : ` by \`${member.patchMergeKey}\``}.`
  ].filter((fact) => fact !== undefined).join(" ")
  if (!member.isDeprecated) return facts === "" ? [] : [facts]
  return facts === "" ? ["@deprecated"] : [facts, "", "@deprecated"]
}

const expression = (type: Expression, scope: Scope, listMap?: (item: string) => string): string => {
  switch (type._tag) {
    case "String":
      // A server may know more values than this version does: `string & {}` admits them and keeps the completions.
      return type.values.length === 0
        ? "string"
        : `${type.values.map((value) => JSON.stringify(value)).join(" | ")} | (string & {})`
    case "Number":
      return "number"
    case "Boolean":
      return "boolean"
    case "Literal":
      return JSON.stringify(type.value)
    case "Reference":
      return scope.name(type.id)
    case "List": {
      const item = expression(type.item, scope)
      return listMap === undefined ? `ReadonlyArray<${item}>` : listMap(item)
    }
    case "Map":
      return `{ readonly [key: string]: ${expression(type.value, scope)} }`
    case "Object":
      return type.members.length === 0 ?
        "{ readonly [field: string]: never }" :
        `{ ${
          type.members.map((member) =>
            `readonly ${key(member.name)}${member.isRequired ? "" : "?"}: ${expression(member.type, scope)}`
          ).join("; ")
        } }`
    case "Unknown":
      return "unknown"
  }
}

const allVerbs = "create delete deletecollection get list patch update watch"

const printResource = (resource: Resource, type: Type, model: ResourceModel, scope: Scope): string => {
  const bodies = resource.subresources.map(({ name, body, verbs }) => {
    const text = scope.name(body.id)
    if (body._tag === "Connect") return `${key(name)}: Resource.Connect<${text}>`
    return `${key(name)}: ${
      verbs.join(" ") === objectVerbs ? text : `Resource.Only<${verbs.map(literal).join(" | ")}, ${text}>`
    }`
  })
  const inline = `${type.name}, { ${bodies.join("; ")} }`
  const parameters = bodies.length === 0
    ? type.name
    : inline.length + type.name.length + 50 <= width
    ? inline
    : `${type.name}, {\n  ${bodies.join("\n  ")}\n}`
  const isPlain = resource.subresources.every((subresource) => isDefault(subresource, resource))
  const members = [
    `group: ${literal(resource.group)}`,
    `version: ${literal(resource.version)}`,
    `kind: ${literal(resource.kind)}`,
    resource.listKind === `${resource.kind}List` ? undefined : `listKind: ${literal(resource.listKind)}`,
    `plural: ${literal(resource.plural)}`,
    resource.singular === resource.kind.toLowerCase() ? undefined : `singular: ${literal(resource.singular)}`,
    resource.shortNames.length === 0 ? undefined : `shortNames: ${literal(resource.shortNames)}`,
    resource.categories.length === 0 ? undefined : `categories: ${literal(resource.categories)}`,
    `scope: ${literal(resource.scope)}`,
    resource.verbs.join(" ") === allVerbs ? undefined : `verbs: ${literal(resource.verbs)}`,
    resource.subresources.length === 0
      ? undefined
      : isPlain
      ? `subresources: ${literal(resource.subresources.map(({ name }) => name))}`
      : `subresources: {\n${
        resource.subresources.map(({ name, verbs, kind: { group, version, kind } }) =>
          `    ${key(name)}: ${literal({ verbs, group, version, kind })}`
        ).join(",\n")
      }\n  }`,
    StructurePrinter.hasStructure(model, resource.type) ? `structure: structure.${type.name}` : undefined
  ].filter((member) => member !== undefined)
  const head = comment([
    `The descriptor of {@link ${type.name}}.`,
    "",
    ...(type.isDeprecated ? ["@deprecated"] : []),
    "@category resources",
    "@since 0.1.0"
  ])
  return `${head}export const ${type.name} = /*#__PURE__*/ Resource.make<${parameters}>()({\n  ${
    members.join(",\n  ")
  }\n})\n`
}

const objectVerbs = "get patch update"

const isDefault = (subresource: Subresource, { group, version, kind }: Resource): boolean =>
  subresource.body._tag === "Object" && subresource.verbs.join(" ") === objectVerbs &&
  subresource.kind.group === group && subresource.kind.version === version && subresource.kind.kind === kind
