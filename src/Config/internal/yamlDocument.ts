/**
 * YAML as client-go reads it, with the position of every member.
 *
 * Shared by Kubeconfig, which decodes documents, and KubeconfigLoader, which changes them in place. The scalar rules
 * are those of YAML 1.1 (`yes` is a boolean) without dates and base 60, the last of two equal keys counts, and only the
 * first document of a file is read: all as in client-go. Messages never quote the text, as it may hold secrets.
 */
import * as Result from "effect/Result"
import * as YAML from "yaml"

/** What is wrong with a text, and where (from 1). */
export interface SyntaxError {
  readonly line: number
  readonly column: number
  readonly description: string
}

export interface YamlDocument {
  readonly document: YAML.Document
  /** Where a member stands; the nearest enclosing one that exists for a path that does not. */
  readonly locate: (path: ReadonlyArray<PropertyKey>) => { readonly line: number; readonly column: number }
  /** What stands there, in words of YAML. */
  readonly kindAt: (path: ReadonlyArray<PropertyKey>) => string
  readonly value: unknown
}

const options = {
  schema: "yaml-1.1",
  // Implicit dates and base 60 numbers are text for client-go.
  customTags: (tags: YAML.Tags): YAML.Tags =>
    tags.filter((tag) =>
      typeof tag === "string" || (tag.format !== "TIME" && tag.tag !== "tag:yaml.org,2002:timestamp")
    ),
  merge: true,
  uniqueKeys: false,
  prettyErrors: false,
  // Quotes on printing what either version of YAML would take for something else than text.
  compat: "core",
  logLevel: "silent"
} as const satisfies YAML.ParseOptions & YAML.DocumentOptions & YAML.SchemaOptions

const printing = {
  lineWidth: 0,
  aliasDuplicateObjects: false
} as const satisfies YAML.ToStringOptions & YAML.CreateNodeOptions

const descriptions: { readonly [code in YAML.ErrorCode]: string } = {
  ALIAS_PROPS: "an alias cannot have a tag or an anchor",
  BAD_ALIAS: "an alias without its anchor",
  BAD_COLLECTION_TYPE: "a tag that does not fit what it stands before",
  BAD_DIRECTIVE: "a malformed directive",
  BAD_DQ_ESCAPE: "an unknown escape in a double-quoted text",
  BAD_INDENT: "wrong indentation, or a bracket or brace that is not closed",
  BAD_PROP_ORDER: "a tag or an anchor in the wrong place",
  BAD_SCALAR_START: "a text that starts with a reserved character has to be quoted",
  BLOCK_AS_IMPLICIT_KEY: "a nested mapping on the line of its key",
  BLOCK_IN_FLOW: "a block inside of braces or brackets",
  DUPLICATE_KEY: "a key is given twice",
  IMPOSSIBLE: "the text cannot be understood",
  KEY_OVER_1024_CHARS: "a key of over 1024 characters",
  MISSING_CHAR: "a missing quote, comma, colon, brace or bracket",
  MULTILINE_IMPLICIT_KEY: "a key on more than one line",
  MULTIPLE_ANCHORS: "more than one anchor",
  MULTIPLE_DOCS: "more than one document",
  MULTIPLE_TAGS: "more than one tag",
  NON_STRING_KEY: "a key that is not a text",
  RESOURCE_EXHAUSTION: "too deeply nested",
  TAB_AS_INDENT: "tabs cannot indent",
  TAG_RESOLVE_FAILED: "a tag that is unknown or does not fit",
  UNEXPECTED_TOKEN: "unexpected text"
}

const kind = (node: unknown): string => {
  if (YAML.isMap(node)) return "a mapping"
  if (YAML.isSeq(node)) return "a list"
  const value = YAML.isScalar(node) ? node.value : node
  if (value === null || value === undefined) return "nothing"
  switch (typeof value) {
    case "string":
      return "a text"
    case "boolean":
      return "a boolean"
    default:
      return "a number"
  }
}

export const parse = (text: string): Result.Result<YamlDocument, SyntaxError> => {
  const lines = new YAML.LineCounter()
  const parsed = YAML.parseAllDocuments(text, { ...options, lineCounter: lines })
  const document: YAML.Document = Array.isArray(parsed) && parsed[0] !== undefined
    ? parsed[0]
    : new YAML.Document(undefined, options)
  const position = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const [error] = document.errors
  if (error !== undefined) return Result.fail({ ...position(error.pos[0]), description: descriptions[error.code] })
  let lost: number | undefined
  YAML.visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document) !== undefined) return
      lost = alias.range?.[0] ?? 0
      return YAML.visit.BREAK
    }
  })
  if (lost !== undefined) return Result.fail({ ...position(lost), description: descriptions.BAD_ALIAS })
  const resolve = (node: unknown): unknown => YAML.isAlias(node) ? node.resolve(document) : node
  const nearest = (path: ReadonlyArray<PropertyKey>): { readonly node: unknown; readonly whole: boolean } => {
    let node: unknown = resolve(document.contents)
    for (const key of path) {
      if (!YAML.isCollection(node)) return { node, whole: false }
      const child: unknown = resolve(node.get(key, true))
      if (!YAML.isNode(child)) return { node, whole: false }
      node = child
    }
    return { node, whole: true }
  }
  return Result.map(
    Result.try({
      try: (): unknown => document.toJS({ maxAliasCount: 100 }),
      catch: () => ({ line: 1, column: 1, description: "aliases that refer to themselves or multiply without end" })
    }),
    (value) => ({
      document,
      value,
      locate: (path) => {
        const { node } = nearest(path)
        return position(YAML.isNode(node) ? node.range?.[0] ?? 0 : 0)
      },
      kindAt: (path) => {
        const { node, whole } = nearest(path)
        return whole ? kind(node) : "nothing"
      }
    })
  )
}

/** A new text from plain data, laid out as kubectl does it. */
export const print = (value: unknown): string =>
  quoted(new YAML.Document(value, { ...options, ...printing })).toString({ ...printing, indentSeq: false })

/**
 * Quotes what begins with a blank line of blanks: the library writes it as a block without the indentation indicator,
 * which reads back without the blanks.
 */
const quoted = (document: YAML.Document): YAML.Document => {
  YAML.visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === "string" && /^[ \t]+\n/.test(node.value)) node.type = "QUOTE_DOUBLE"
    }
  })
  return document
}

/** The text of a document that was changed in place; comments stay, and what layout can be told to. */
export const printDocument = (document: YAML.Document, before: string): string =>
  quoted(document).toString({
    lineWidth: 0,
    indentSeq: !/^[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n-/m.test(before),
    flowCollectionPadding: !/[{[][^\s\]}]/.test(before)
  })
