/**
 * Writes `src/Testing/internal/protobufMessages.ts`: the numbers of the fields of Kubernetes' messages, from the Go
 * modules `k8s.io/api` and `k8s.io/apimachinery` in the module cache.
 *
 * `node --conditions=@effect-kubernetes/source scripts/protobuf.ts` writes; `--check` compares instead, and says so where
 * the modules are not there.
 */
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { definitions } from "../src/Api/schemas.ts"

const version = "v0.36.3"
const target = new URL("../src/Testing/internal/protobufMessages.ts", import.meta.url).pathname
const isCheck = process.argv.includes("--check")

const packages = [
  "admissionregistration/v1",
  "apps/v1",
  "authentication/v1",
  "authorization/v1",
  "autoscaling/v1",
  "autoscaling/v2",
  "batch/v1",
  "certificates/v1",
  "coordination/v1",
  "core/v1",
  "discovery/v1",
  "events/v1",
  "flowcontrol/v1",
  "networking/v1",
  "node/v1",
  "policy/v1",
  "rbac/v1",
  "resource/v1",
  "scheduling/v1",
  "storage/v1"
]

const cache = (): string | undefined => {
  try {
    return execFileSync("go", ["env", "GOMODCACHE"], { encoding: "utf8" }).trim()
  } catch {
    return undefined
  }
}

const scalars: { readonly [type: string]: string } = {
  string: "s",
  bool: "b",
  bytes: "y",
  int32: "i",
  int64: "i",
  uint32: "i",
  uint64: "i",
  double: "d"
}

/** `core.v1.PodSpec` of a type as a proto file names it. */
const shortName = (type: string, home: string): string => {
  const full = type.startsWith(".") ? type.slice(1) : type
  return full
    .replace(/^k8s\.io\.apimachinery\.pkg\.apis\.meta\./, "meta.")
    .replace(/^k8s\.io\.apimachinery\.pkg\.(?:api\.resource|util\.intstr|runtime)\./, "")
    .replace(/^k8s\.io\.api\./, "")
    .replace(/^([A-Z]\w*)$/, (name) => full === type && !type.includes(".") ? `${home}.${name}` : name)
}

interface GoField {
  /** Whether zero is not the same as nothing. */
  readonly isPointer: boolean
  /** Whether Go prints the field where it is zero: `omitempty` does not stand there, or it is a struct. */
  readonly isPrinted: boolean
}

/** Named types that are no structs: what `omitempty` leaves out. */
const plainTypesOf = (source: string): ReadonlySet<string> =>
  new Set([...source.matchAll(/^type (\w+) (?!struct\b)/gm)].map(([, name = ""]) => name))

const builtIns = new Set(["string", "bool", "int32", "int64", "uint32", "uint64", "float64", "byte", "types.UID"])

/** The fields of structs by JSON name. */
const fieldsOf = (source: string, plain: ReadonlySet<string>): ReadonlyMap<string, ReadonlyMap<string, GoField>> => {
  const structs = new Map<string, ReadonlyMap<string, GoField>>()
  for (const [, name = "", body = ""] of source.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
    const fields = [...body.matchAll(/^\t(?:\w+\s+)?(\S+)\s+`json:"([^",]+)([^"]*)"/gm)].map(
      ([, type = "", field = "", options = ""]): readonly [string, GoField] => {
        const isStruct = /^[\w.]+$/.test(type) && !builtIns.has(type) && !plain.has(type.replace(/^\w+\./, ""))
        return [field, {
          isPointer: type.startsWith("*"),
          isPrinted: !options.includes("omitzero") && (isStruct || !options.includes("omitempty"))
        }]
      }
    )
    structs.set(name, new Map(fields))
  }
  return structs
}

const openApiName = (home: string, message: string): string =>
  home === "meta.v1" ? `io.k8s.apimachinery.pkg.apis.meta.v1.${message}` : `io.k8s.api.${home}.${message}`

const messagesOf = (proto: string, types: string, home: string): ReadonlyArray<string> => {
  const structs = fieldsOf(types, plainTypes)
  return [...proto.matchAll(/^message (\w+) \{\n([\s\S]*?)^\}/gm)].flatMap(([, message = "", body = ""]) => {
    const schema = definitions[openApiName(home, message)]?.()
    const fields = [...body.matchAll(/^ {2}(optional|repeated|map<string, ([\w.]+)>) ?([\w.]+)? (\w+) = (\d+);/gm)]
      .map(([, label = "", mapped, type = "", field = "", number = ""]) => {
        const given = mapped ?? type
        const scalar = scalars[given]
        const isInline = schema?.properties !== undefined && label === "optional" && scalar === undefined &&
          !Object.hasOwn(schema.properties, field)
        const kind = mapped !== undefined ? "%" : label === "repeated" ? "*" : isInline ? "^" : ""
        const go = structs.get(message)?.get(field)
        const isPointer = label === "optional" && scalar !== undefined && go?.isPointer === true
        const mark = isPointer ? "?" : go?.isPrinted === true ? "!" : ""
        return `${field}=${number}:${kind}${scalar ?? shortName(given, home)}${mark}`
      })
    return fields.length === 0 || /(?:List|Options)$/.test(message) && message !== "DeleteOptions"
      ? []
      : [`${home}.${message} ${fields.join(" ")}`]
  })
}

const folder = cache()
const api = path.join(folder ?? "", `k8s.io/api@${version}`)
if (folder === undefined || !fs.existsSync(api)) {
  console.log(`protobuf: nothing to compare with, as k8s.io/api@${version} is not in the Go module cache`)
  process.exit(isCheck ? 0 : 1)
}
const read = (...parts: ReadonlyArray<string>): string => fs.readFileSync(path.join(...parts), "utf8")
const meta = path.join(folder, `k8s.io/apimachinery@${version}/pkg/apis/meta/v1`)
const sources = [read(meta, "types.go"), ...packages.map((each) => read(api, each, "types.go"))]
const plainTypes = new Set(sources.flatMap((source) => [...plainTypesOf(source)]))
const lines = [
  ...messagesOf(read(meta, "generated.proto"), read(meta, "types.go"), "meta.v1"),
  ...packages.flatMap((each) =>
    messagesOf(read(api, each, "generated.proto"), read(api, each, "types.go"), each.replace("/", "."))
  )
]
const text = `/**
 * The fields of Kubernetes' protobuf messages: \`package.Message field=number:type …\`, one message per line.
 *
 * Types: \`s\` string, \`b\` bool, \`y\` bytes, \`i\` varint, \`d\` double, or a message. Before it \`*\` is a list, \`%\` a map
 * from strings, \`^\` a message whose fields stand in the outer one. Behind it \`?\`: zero is a value; \`!\`:
 * zero is printed in JSON.
 *
 * Generated by \`scripts/protobuf.ts\` from k8s.io/api ${version}; do not edit.
 *
 * @internal
 */
export const messages = \`
${lines.join("\n")}
\`
`
if (!isCheck) fs.writeFileSync(target, text)
else if (!fs.existsSync(target) || fs.readFileSync(target, "utf8") !== text) {
  console.error("protobuf: src/Testing/internal/protobufMessages.ts differs from what the modules give")
  process.exit(1)
}
console.log(`protobuf: ${lines.length} messages`)
