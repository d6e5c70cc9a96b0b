/**
 * Which files a change of the merged kubeconfig concerns, and how their texts change. Pure.
 */
import type * as Path from "effect/Path"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as YAML from "yaml"
import * as Kubeconfig from "../Kubeconfig.ts"
import * as KubeconfigLoader from "../KubeconfigLoader.ts"
import * as FilePaths from "./filePaths.ts"
import * as YamlDocument from "./yamlDocument.ts"

type Plain = { readonly [key: string]: unknown }

/** Changes the document of one file. */
type Edit = (document: YAML.Document) => void

const kinds = { clusters: "cluster", users: "user", contexts: "context" } as const

const isPlain = (value: unknown): value is Plain => Predicate.isObject(value) && !Array.isArray(value)

const isEqual = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isEqual(item, b[index]))
  }
  if (!isPlain(a) || !isPlain(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]))
}

const mapAt = (document: YAML.Document, path: ReadonlyArray<unknown>): YAML.YAMLMap | undefined => {
  const node: unknown = path.length === 0 ? document.contents : document.getIn(path, true)
  return YAML.isMap(node) ? node : undefined
}

/** Sets what differs, so that the rest of a mapping keeps its comments and order. */
const editMap = (document: YAML.Document, path: ReadonlyArray<unknown>, before: unknown, after: Plain): void => {
  const map = mapAt(document, path)
  // What is not a mapping of its own (nothing, an alias) or takes from another one is written whole.
  if (map === undefined || !isPlain(before) || map.items.some((item) => isMergeKey(item.key))) {
    if (path.length === 0) document.contents = document.createNode(after)
    else document.setIn(path, document.createNode(after))
    return
  }
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) document.deleteIn([...path, key])
  }
  for (const [key, value] of Object.entries(after)) {
    if (isEqual(before[key], value)) continue
    if (isPlain(value) && isPlain(before[key])) editMap(document, [...path, key], before[key], value)
    else if (isPlain(value) || Array.isArray(value)) document.setIn([...path, key], document.createNode(value))
    else setScalar(document, [...path, key], value)
  }
}

/** A bare scalar goes into the node that is there, with its comment. */
const setScalar = (document: YAML.Document, path: ReadonlyArray<unknown>, value: unknown): void => {
  document.setIn(path, value)
  const node: unknown = document.getIn(path, true)
  // The style of a block may not hold the new text, as one that begins with a blank.
  if (YAML.isScalar(node) && (node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED")) delete node.type
}

const isMergeKey = (key: unknown): boolean =>
  YAML.isScalar(key) && (key.value === "<<" || typeof key.value === "symbol")

const indexOf = (document: YAML.Document, section: string, name: string): number => {
  const list: unknown = document.get(section, true)
  if (!YAML.isSeq(list)) return -1
  return list.items.findIndex((item) => YAML.isMap(item) && (item.get("name") ?? "") === name)
}

const setEntry =
  (section: KubeconfigLoader.Section, name: string, before: Plain | undefined, after: Plain): Edit => (document) => {
    const index = indexOf(document, section, name)
    const kind = kinds[section]
    if (index >= 0) return editMap(document, [section, index, kind], before?.[kind], toPlain(after[kind]))
    if (YAML.isSeq(document.get(section, true))) document.addIn([section], document.createNode(after))
    else document.set(section, document.createNode([after]))
  }

const toPlain = (value: unknown): Plain => isPlain(value) ? value : {}

const removeEntry = (section: KubeconfigLoader.Section, name: string): Edit => (document) => {
  const index = indexOf(document, section, name)
  if (index >= 0) document.deleteIn([section, index])
}

const entriesOf = (kubeconfig: Plain, section: KubeconfigLoader.Section): ReadonlyMap<string, Plain> => {
  const list = kubeconfig[section]
  const entries = new Map<string, Plain>()
  for (const entry of Array.isArray(list) ? list : []) {
    if (isPlain(entry)) entries.set(String(entry["name"]), entry)
  }
  return entries
}

/** The members of a file besides its lists and the current context. */
const others = (plain: Plain): Plain => {
  const { clusters: _clusters, contexts: _contexts, "current-context": _current, users: _users, ...rest } = plain
  return rest
}

const setOthers = (before: Plain, after: Plain): Edit => (document) => {
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) document.delete(key)
  }
  for (const [key, value] of Object.entries(after)) {
    if (isEqual(before[key], value)) continue
    if (isPlain(value)) editMap(document, [key], before[key], value)
    else document.set(key, document.createNode(value))
  }
}

const apply = (text: string, changes: ReadonlyArray<Edit>): Result.Result<string, YamlDocument.SyntaxError> =>
  Result.map(YamlDocument.parse(text), ({ document }) => {
    if (!YAML.isMap(document.contents)) document.contents = document.createNode({ apiVersion: "v1", kind: "Config" })
    for (const change of changes) change(document)
    return YamlDocument.printDocument(document, text)
  })

/** By file, how its text changes. Files that do not change are absent. */
export const edits = (
  loaded: KubeconfigLoader.Loaded,
  next: Kubeconfig.Kubeconfig,
  defaultFile: string,
  path: Path.Path
): ReadonlyMap<string, (text: string) => Result.Result<string, YamlDocument.SyntaxError>> => {
  const byFile = new Map<string, Array<Edit>>()
  const add = (file: string, edit: Edit) => {
    byFile.set(file, [...byFile.get(file) ?? [], edit])
  }
  const before = Kubeconfig.toJson(loaded.kubeconfig)
  const after = Kubeconfig.toJson(next)
  // An entry in the words of the file it stands in.
  const inFile = (kubeconfig: Kubeconfig.Kubeconfig, section: KubeconfigLoader.Section, name: string, file: string) =>
    entriesOf(Kubeconfig.toJson(FilePaths.relativize(kubeconfig, path.dirname(file), path)), section).get(name)
  for (const section of ["clusters", "contexts", "users"] as const) {
    const old = entriesOf(before, section)
    const own = entriesOf(after, section)
    for (const [name, entry] of own) {
      if (isEqual(old.get(name), entry)) continue
      const file = KubeconfigLoader.originOf(loaded, section, name) ?? defaultFile
      const written = inFile(next, section, name, file)
      if (written !== undefined) {
        add(file, setEntry(section, name, inFile(loaded.kubeconfig, section, name, file), written))
      }
    }
    for (const name of old.keys()) {
      if (own.has(name)) continue
      for (const file of loaded.files) {
        if (file.kubeconfig[section].some((entry) => entry.name === name)) add(file.path, removeEntry(section, name))
      }
    }
  }
  const context = next["current-context"]
  if (context !== loaded.kubeconfig["current-context"]) {
    const set: Edit = (document) => document.set("current-context", context)
    if (context !== "") add(defaultFile, set)
    else {
      for (const file of loaded.files) {
        if (file.kubeconfig["current-context"] !== "") add(file.path, set)
      }
    }
  }
  if (!isEqual(others(before), others(after))) add(defaultFile, setOthers(others(before), others(after)))
  return new Map(Array.from(byFile, ([file, changes]) => [file, (text: string) => apply(text, changes)]))
}
