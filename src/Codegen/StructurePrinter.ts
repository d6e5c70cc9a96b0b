/**
 * Prints what patches must know of types: one `Structure` per type that differs from the defaults.
 *
 * They stand apart from the modules of types, so that importing a kind loads the structures of its fields and no
 * descriptor beside its own. `Printer` refers to them.
 *
 * @since 0.1.0
 */
import type { Expression, Member, Module, ResourceModel, Type } from "./ResourceModel.ts"
import { header, key, literal, machinery, type Options, relative } from "./SourceText.ts"

/**
 * The file of the structures of a module.
 *
 * @category accessors
 * @since 0.1.0
 */
export const file = (path: string): string => `internal/structure/${path}.ts`

/**
 * Whether a type differs from the defaults, itself or in what it holds.
 *
 * @category accessors
 * @since 0.1.0
 */
export const hasStructure = (model: ResourceModel, id: string): boolean => structured(model).has(id)

const cache = new WeakMap<ResourceModel, ReadonlySet<string>>()

/** The least set of types that holds all that have facts of their own or a member whose type is in it. */
const structured = (model: ResourceModel): ReadonlySet<string> => {
  const known = cache.get(model)
  if (known !== undefined) return known
  const found = new Set<string>()
  for (let before = -1; before !== found.size;) {
    before = found.size
    for (const { type } of model.types.values()) {
      const isStructured = type.isAtomic ||
        (type.body._tag === "Members" &&
          type.body.members.some((member) => fieldOf(member, model, found) !== undefined))
      if (isStructured) found.add(type.id)
    }
  }
  cache.set(model, found)
  return found
}

interface Field {
  readonly facts: { readonly [name: string]: unknown }
  /** The type whose structure the field's value, its items or (with `isMap`) its values have. */
  readonly of: string | undefined
  readonly isMap: boolean
}

const fieldOf = (member: Member, model: ResourceModel, found: ReadonlySet<string>): Field | undefined => {
  const { listType, listMapKeys, mapType, patchMergeKey, patchStrategy, type } = member
  const facts = {
    ...(listType === undefined || listType === "atomic" ? {} : { listType }),
    ...(listMapKeys.length === 0 ? {} : { listMapKeys }),
    ...(patchStrategy.length === 0 ? {} : { patchStrategy }),
    ...(patchMergeKey === undefined ? {} : { patchMergeKey }),
    ...(mapType === "atomic" ? { atomic: true } : {})
  }
  const merges = type._tag !== "List" || listType === "map" || patchStrategy.includes("merge")
  const target = referenceOf(type)
  const hasOwn = target !== undefined && found.has(target) &&
    // A field may say "granular" of a type that is atomic elsewhere.
    !(mapType === "granular" && onlyAtomic(model, target, found))
  const of = merges && hasOwn ? target : undefined
  return of === undefined && Object.keys(facts).length === 0 ? undefined : { facts, of, isMap: type._tag === "Map" }
}

const onlyAtomic = (model: ResourceModel, id: string, found: ReadonlySet<string>): boolean => {
  const type = model.types.get(id)?.type
  return type?.isAtomic === true && type.body._tag === "Members" &&
    type.body.members.every((member) => fieldOf(member, model, found) === undefined)
}

const referenceOf = (type: Expression): string | undefined => {
  switch (type._tag) {
    case "Reference":
      return type.id
    case "List":
      return referenceOf(type.item)
    case "Map":
      return referenceOf(type.value)
    default:
      return undefined
  }
}

/**
 * Prints the structures of one module; `undefined` where there are none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const print = (model: ResourceModel, module: Module, options: Options): string | undefined => {
  const found = structured(model)
  const types = module.types.filter(({ id }) => found.has(id))
  if (types.length === 0) return undefined
  const from = file(module.path)
  const imports = new Map<string, string>()
  const name = (id: string): string => {
    const target = model.types.get(id)
    if (target === undefined || target.module === module.path) return target?.type.name ?? "undefined"
    const alias = target.module.replaceAll(/\W+/g, "_")
    imports.set(alias, relative(from, file(target.module)))
    return `${alias}.${target.type.name}`
  }
  const body = types.map((type) => printStructure(type, model, found, name)).join("\n")
  const head = [...imports].sort().map(([alias, path]) => `import * as ${alias} from "${path}"\n`).join("")
  return `${
    header(options, `What patches must know of the types of \`${module.path}\`.`)
  }import type { Structure } from "${machinery(options, from, "Structure")}"\n${head}\n${body}`
}

const printStructure = (
  type: Type,
  model: ResourceModel,
  found: ReadonlySet<string>,
  name: (id: string) => string
): string => {
  const members = type.body._tag === "Members" ? type.body.members : []
  const fields = members.flatMap((member) => {
    const field = fieldOf(member, model, found)
    if (field === undefined) return []
    const facts = Object.entries(field.facts).map(([fact, value]) => `${fact}: ${literal(value)}`)
    const of = field.of === undefined
      ? []
      : [field.isMap ? `of: () => ({ values: () => ${name(field.of)} })` : `of: () => ${name(field.of)}`]
    return [`    ${key(member.name)}: { ${[...facts, ...of].join(", ")} }`]
  })
  const parts = [
    ...(type.isAtomic ? ["  atomic: true"] : []),
    ...(fields.length === 0 ? [] : [`  fields: {\n${fields.join(",\n")}\n  }`])
  ]
  return `export const ${type.name}: Structure = {\n${parts.join(",\n")}\n}\n`
}
