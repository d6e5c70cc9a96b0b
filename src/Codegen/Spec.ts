/**
 * An OpenAPI v3 description of a Kubernetes API, read and normalised: the schemas by name, and the operations.
 *
 * The description comes in many documents, one per group and version, which repeat the schemas they share; here each
 * stands once. Prose is left behind at the door (of a description only the fact that something is deprecated is kept),
 * so nothing downstream can print it. `ResourceModel` gives the rest a shape.
 *
 * @see https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import * as GoDefinitions from "./GoDefinitions.ts"

/**
 * The type of an object, as `x-kubernetes-group-version-kind` writes it.
 *
 * @category models
 * @since 0.1.0
 */
export interface GroupVersionKind extends Schema.Schema.Type<typeof GroupVersionKind> {}

/**
 * @category schemas
 * @since 0.1.0
 */
export const GroupVersionKind = Schema.Struct({ group: Schema.String, version: Schema.String, kind: Schema.String })

/**
 * The part of an OpenAPI schema that carries facts. Member names are those of the document.
 *
 * @category models
 * @since 0.1.0
 */
export interface SchemaNode {
  readonly type?: string
  readonly format?: string
  readonly description?: string
  readonly $ref?: string
  readonly allOf?: ReadonlyArray<SchemaNode>
  readonly items?: SchemaNode
  readonly properties?: { readonly [name: string]: SchemaNode }
  readonly additionalProperties?: SchemaNode
  readonly required?: ReadonlyArray<string>
  readonly default?: unknown
  readonly enum?: ReadonlyArray<string>
  /** Whether the document says so, in whatever words. */
  readonly deprecated?: boolean
  readonly "x-kubernetes-group-version-kind"?: ReadonlyArray<GroupVersionKind>
  readonly "x-kubernetes-list-type"?: "atomic" | "map" | "set"
  readonly "x-kubernetes-list-map-keys"?: ReadonlyArray<string>
  readonly "x-kubernetes-map-type"?: "atomic" | "granular"
  readonly "x-kubernetes-patch-strategy"?: string
  readonly "x-kubernetes-patch-merge-key"?: string
}

/**
 * @category schemas
 * @since 0.1.0
 */
export const SchemaNode: Schema.Codec<SchemaNode> = Schema.Struct({
  type: Schema.optionalKey(Schema.String),
  format: Schema.optionalKey(Schema.String),
  description: Schema.optionalKey(Schema.String),
  $ref: Schema.optionalKey(Schema.String),
  allOf: Schema.optionalKey(Schema.Array(Schema.suspend(() => SchemaNode))),
  items: Schema.optionalKey(Schema.suspend(() => SchemaNode)),
  properties: Schema.optionalKey(Schema.Record(Schema.String, Schema.suspend(() => SchemaNode))),
  additionalProperties: Schema.optionalKey(Schema.suspend(() => SchemaNode)),
  required: Schema.optionalKey(Schema.Array(Schema.String)),
  default: Schema.optionalKey(Schema.Unknown),
  enum: Schema.optionalKey(Schema.Array(Schema.String)),
  deprecated: Schema.optionalKey(Schema.Boolean),
  "x-kubernetes-group-version-kind": Schema.optionalKey(Schema.Array(GroupVersionKind)),
  "x-kubernetes-list-type": Schema.optionalKey(Schema.Literals(["atomic", "map", "set"])),
  "x-kubernetes-list-map-keys": Schema.optionalKey(Schema.Array(Schema.String)),
  "x-kubernetes-map-type": Schema.optionalKey(Schema.Literals(["atomic", "granular"])),
  "x-kubernetes-patch-strategy": Schema.optionalKey(Schema.String),
  "x-kubernetes-patch-merge-key": Schema.optionalKey(Schema.String)
})

const Parameter = Schema.Struct({
  name: Schema.String,
  in: Schema.String,
  schema: Schema.optionalKey(SchemaNode)
})

const Response = Schema.Struct({
  content: Schema.optionalKey(Schema.Record(
    Schema.String,
    Schema.Struct({ schema: Schema.optionalKey(SchemaNode) })
  ))
})

const PathOperation = Schema.Struct({
  parameters: Schema.optionalKey(Schema.Array(Parameter)),
  responses: Schema.optionalKey(Schema.Record(Schema.String, Response)),
  "x-kubernetes-action": Schema.optionalKey(Schema.String),
  "x-kubernetes-group-version-kind": Schema.optionalKey(GroupVersionKind)
})

const methods = ["delete", "get", "head", "options", "patch", "post", "put"] as const

const PathItem = Schema.Struct({
  parameters: Schema.optionalKey(Schema.Array(Parameter)),
  delete: Schema.optionalKey(PathOperation),
  get: Schema.optionalKey(PathOperation),
  head: Schema.optionalKey(PathOperation),
  options: Schema.optionalKey(PathOperation),
  patch: Schema.optionalKey(PathOperation),
  post: Schema.optionalKey(PathOperation),
  put: Schema.optionalKey(PathOperation)
})

const Document = Schema.Struct({
  paths: Schema.optionalKey(Schema.Record(Schema.String, PathItem)),
  components: Schema.optionalKey(Schema.Struct({
    schemas: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
  }))
})

/**
 * One operation on one path, as far as it says what a resource can do.
 *
 * @category models
 * @since 0.1.0
 */
export interface Operation {
  readonly path: string
  readonly method: typeof methods[number]
  /** `list`, `get`, `post`, `put`, `patch`, `delete`, `deletecollection`, `watch`, `watchlist` or `connect`. */
  readonly action: string
  readonly kind: GroupVersionKind
  /** The query parameters of the operation and of its path. */
  readonly query: ReadonlyArray<{ readonly name: string; readonly schema: SchemaNode }>
  /** The name of the schema of a successful answer; `undefined` where the answer is not an object. */
  readonly answer: string | undefined
}

/**
 * A whole description. Schemas are in the order of their names, operations in that of their paths, whatever the order
 * of the documents.
 *
 * @category models
 * @since 0.1.0
 */
export interface Spec {
  readonly schemas: ReadonlyMap<string, SchemaNode>
  readonly operations: ReadonlyArray<Operation>
}

/**
 * The description cannot be had, or is not one.
 *
 * @category errors
 * @since 0.1.0
 */
export class SpecError extends Schema.TaggedError<SpecError>("effect-kubernetes/Codegen/SpecError")("SpecError", {
  /** The document, or the folder of documents. */
  source: Schema.String,
  description: Schema.String,
  /** Whether there is nothing to read at all, as on a machine without the Go module. */
  isAbsent: Schema.Boolean
}) {
  override get message(): string {
    return `${this.source}: ${this.description}`
  }
}

/**
 * The name a `$ref` points to.
 *
 * @category accessors
 * @since 0.1.0
 */
export const referenceName = (reference: string): string => reference.slice(reference.lastIndexOf("/") + 1)

// The ways in which the documents say it. "(Deprecated)" in the middle of a list of values is not one of them.
const deprecation =
  /(^|\s)(Deprecated|DEPRECATED)[:.]\s|(This (API|field)|now) is deprecated|is the deprecated field|is a deprecated alias/

const normalise = (node: SchemaNode): SchemaNode => {
  const { allOf, description, items, properties, additionalProperties, ...facts } = node
  const only = allOf?.length === 1 ? allOf[0] : undefined
  return {
    ...facts,
    // A reference that has siblings is wrapped in an `allOf` of one: OpenAPI 3.0 knows no other way.
    ...(only?.$ref === undefined ? {} : { $ref: only.$ref }),
    ...(items === undefined ? {} : { items: normalise(items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: normalise(additionalProperties) }),
    ...(properties === undefined ? {} : {
      properties: Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, normalise(value)]))
    }),
    ...(description !== undefined && deprecation.test(description) ? { deprecated: true } : {})
  }
}

const ordered = <A>(entries: Iterable<readonly [string, A]>): ReadonlyMap<string, A> =>
  new Map([...entries].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0))

const decodeDocument = Schema.decodeUnknownEffect(Document)
const decodeNode = Schema.decodeUnknownEffect(SchemaNode)

/**
 * Joins documents into one description. `name` is what errors call a document.
 *
 * A schema that several documents hold is taken from the first; their lists of group, version and kind are joined,
 * because each document names only those of its own group.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromDocuments = Effect.fnUntraced(function*(
  documents: ReadonlyArray<{ readonly name: string; readonly content: unknown }>
) {
  const schemas = new Map<string, SchemaNode>()
  const kinds = new Map<string, Map<string, GroupVersionKind>>()
  const operations: Array<Operation> = []
  for (const { name: source, content } of documents) {
    const malformed = (error: Schema.SchemaError) =>
      new SpecError({ source, description: String(error.message), isAbsent: false })
    const document = yield* Effect.mapError(decodeDocument(content), malformed)
    for (const [name, content] of Object.entries(document.components?.schemas ?? {})) {
      const isKnown = schemas.has(name)
      if (isKnown && !hasKinds(content)) continue
      const node = yield* Effect.mapError(decodeNode(content), malformed)
      if (!isKnown) schemas.set(name, normalise(node))
      const its = kinds.get(name) ?? new Map<string, GroupVersionKind>()
      kinds.set(name, its)
      for (const kind of node["x-kubernetes-group-version-kind"] ?? []) its.set(kindKey(kind), kind)
    }
    operations.push(...operationsOf(document))
  }
  const withKinds = [...schemas].map(([name, node]): readonly [string, SchemaNode] => {
    const its = [...ordered(kinds.get(name) ?? [])].map(([, kind]) => kind)
    return [name, its.length === 0 ? node : { ...node, "x-kubernetes-group-version-kind": its }]
  })
  return {
    schemas: ordered(withKinds),
    operations: operations.sort((a, b) => {
      const [one, other] = [`${a.path} ${a.method}`, `${b.path} ${b.method}`]
      return one < other ? -1 : one > other ? 1 : 0
    })
  } satisfies Spec
})

const kindKey = ({ group, version, kind }: GroupVersionKind): string => `${group}/${version}/${kind}`

const hasKinds = (content: unknown): boolean =>
  typeof content === "object" && content !== null && "x-kubernetes-group-version-kind" in content

const operationsOf = (document: typeof Document.Type): ReadonlyArray<Operation> =>
  Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method]
      const action = operation?.["x-kubernetes-action"]
      const kind = operation?.["x-kubernetes-group-version-kind"]
      if (operation === undefined || action === undefined || kind === undefined) return []
      const answers = Object.entries(operation.responses ?? {})
        .filter(([status]) => status.startsWith("2"))
        .flatMap(([, response]) => Object.values(response.content ?? {}))
        .flatMap(({ schema }) => schema?.$ref === undefined ? [] : [referenceName(schema.$ref)])
      const query = [...item.parameters ?? [], ...operation.parameters ?? []]
        .filter((parameter) => parameter.in === "query")
        .map(({ name, schema }) => ({ name, schema: normalise(schema ?? {}) }))
      return [{ path, method, action, kind, query, answer: answers[0] }]
    })
  )

/**
 * Reads all documents of a folder, and beside them the enumerations, which the committed documents leave out: they
 * stand in the Go definitions that the documents are made from.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const absent = () => new SpecError({ source: folder, description: "cannot be read", isAbsent: true })
  const names = (yield* Effect.mapError(fs.readDirectory(folder), absent))
    .filter((name) => name.endsWith(".json"))
    .sort()
  if (names.length === 0) {
    return yield* new SpecError({ source: folder, description: "holds no JSON document", isAbsent: true })
  }
  const documents = yield* Effect.forEach(names, (name) =>
    fs.readFileString(path.join(folder, name)).pipe(
      Effect.mapError(absent),
      Effect.flatMap((text) =>
        Effect.mapError(
          decodeJson(text),
          () => new SpecError({ source: name, description: "is not JSON", isAbsent: false })
        )
      ),
      Effect.map((content) => ({ name, content }))
    ))
  const spec = yield* fromDocuments(documents)
  const definitions = path.join(folder, "../../../pkg/generated/openapi/zz_generated.openapi.go")
  return (yield* Effect.orElseSucceed(fs.exists(definitions), () => false))
    ? withEnums(spec, GoDefinitions.enums(yield* Effect.mapError(fs.readFileString(definitions), absent)))
    : spec
})

const decodeJson = Schema.decodeEffect(Schema.fromJsonString(Schema.Unknown))

/**
 * Adds enumerations to the fields of a description.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withEnums = (spec: Spec, enums: GoDefinitions.Enums): Spec => ({
  ...spec,
  schemas: ordered([...spec.schemas].map(([name, node]): readonly [string, SchemaNode] => {
    const fields = enums.get(GoDefinitions.key(name))
    if (fields === undefined || node.properties === undefined) return [name, node]
    const properties = Object.entries(node.properties).map(([field, property]) => {
      const values = fields.get(field)
      if (values === undefined) return [field, property]
      return [
        field,
        property.items === undefined
          ? { ...property, enum: values }
          : { ...property, items: { ...property.items, enum: values } }
      ]
    })
    return [name, { ...node, properties: Object.fromEntries(properties) }]
  }))
})
