/**
 * The OpenAPI v3 description of what is served, made from the schemas that the server itself goes by.
 *
 * @internal
 */
import { definitions } from "../../Api/schemas.ts"
import * as Json from "../../Machinery/Json.ts"
import type { ObjectSchema } from "../../Machinery/ObjectSchema.ts"
import type * as Registry from "./registry.ts"
import * as Reply from "./reply.ts"
import * as Server from "./server.ts"
import * as Typed from "./typed.ts"

const pathOf = (group: string, version: string): string => group === "" ? `api/${version}` : `apis/${group}/${version}`

const versionsOf = (server: Server.Server): ReadonlyMap<string, ReadonlyArray<Registry.Served>> => {
  const versions = new Map<string, Array<Registry.Served>>()
  for (const served of Server.all(server)) {
    const path = pathOf(served.group, served.version)
    versions.set(path, [...(versions.get(path) ?? []), served])
  }
  return versions
}

// A short, stable fingerprint: clients compare it for equality to know whether to fetch again.
const hash = (text: string): string => {
  let first = 0x811c9dc5
  let second = 0x01000193
  for (let index = 0; index < text.length; index++) {
    first = Math.imul(first ^ text.charCodeAt(index), 0x01000193)
    second = Math.imul(second ^ text.charCodeAt(index), 0x85ebca6b)
  }
  const hex = (value: number) => (value >>> 0).toString(16).padStart(8, "0").toUpperCase()
  return hex(first) + hex(second)
}

const wordOf = (served: Registry.Served): string =>
  `${served.plural} ${served.kind} ${Object.keys(served.subresources).join()} ${
    served.custom === undefined ? "" : JSON.stringify(served.custom.schema)
  }`

interface Collected {
  readonly schemas: Record<string, unknown>
}

const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` })

/** A schema in OpenAPI's words; named types are collected and referred to. */
const print = (given: ObjectSchema, collected: Collected): Json.JsonObject => {
  const target = Typed.targetOf(given)
  const name = Typed.definitionName(target)
  if (name !== undefined) {
    collect(name, target, collected)
    const facts = Object.entries(given).filter(([key]) => key.startsWith("x-kubernetes") && given.ref !== undefined)
    return { ...Object.fromEntries(facts), allOf: [reference(name)] }
  }
  return inline(target, collected)
}

const collect = (name: string, schema: ObjectSchema, collected: Collected): void => {
  if (Object.hasOwn(collected.schemas, name)) return
  collected.schemas[name] = {}
  collected.schemas[name] = inline(schema, collected)
}

const inline = (schema: ObjectSchema, collected: Collected): Json.JsonObject => {
  const { additionalProperties, items, properties, ref: _, ...facts } = schema
  const isQuantity = facts.format === "quantity"
  return {
    ...facts,
    ...(isQuantity ? { format: undefined, oneOf: [{ type: "string" }, { type: "number" }] } : {}),
    ...(facts["x-kubernetes-int-or-string"] === true
      ? { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] }
      : {}),
    ...(facts.format === "micro-time" ? { format: "date-time" } : {}),
    ...(properties === undefined ? {} : {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, property]) => [key, print(property, collected)])
      )
    }),
    ...(items === undefined ? {} : { items: print(items, collected) }),
    ...(additionalProperties === undefined ? {} : {
      additionalProperties: typeof additionalProperties === "boolean"
        ? additionalProperties
        : print(additionalProperties, collected)
    })
  }
}

const metaName = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

const schemaName = (served: Registry.Served): string =>
  served.custom === undefined && served.schema !== undefined
    ? Typed.definitionName(Typed.targetOf(served.schema)) ?? served.kind
    : [...served.group.split(".").reverse(), served.version, served.kind].join(".")

const kindOf = ({ group, kind, version }: Registry.Served) => [{ group, kind, version }]

const addSchema = (served: Registry.Served, collected: Collected): void => {
  const name = schemaName(served)
  const { schema } = served
  if (schema === undefined) return
  if (served.custom !== undefined) {
    const meta = definitions[metaName]
    if (meta !== undefined) collect(metaName, meta(), collected)
    const printed = inline(schema, collected)
    collected.schemas[name] = {
      ...printed,
      properties: {
        apiVersion: { type: "string" },
        kind: { type: "string" },
        metadata: { allOf: [reference(metaName)] },
        ...Json.objectOf(printed["properties"])
      },
      "x-kubernetes-group-version-kind": kindOf(served)
    }
    return
  }
  collect(name, Typed.targetOf(schema), collected)
  collected.schemas[name] = {
    ...Json.objectOf(collected.schemas[name]),
    "x-kubernetes-group-version-kind": kindOf(served)
  }
}

const operation = (served: Registry.Served, action: string, parameters: ReadonlyArray<string>): Json.JsonObject => ({
  parameters: parameters.map((name) => ({ name, in: "query", schema: { type: "string", uniqueItems: true } })),
  responses: {
    "200": { description: "OK", content: { "application/json": { schema: reference(schemaName(served)) } } }
  },
  "x-kubernetes-action": action,
  "x-kubernetes-group-version-kind": kindOf(served)[0]
})

const writes = ["dryRun", "fieldManager", "fieldValidation"]

const paths = (served: Registry.Served): Json.JsonObject => {
  const home = `/${pathOf(served.group, served.version)}${
    served.isNamespaced ? "/namespaces/{namespace}" : ""
  }/${served.plural}`
  const has = (verb: string) => served.verbs.includes(verb)
  return {
    [home]: {
      ...(has("list")
        ? { get: operation(served, "list", ["labelSelector", "fieldSelector", "limit", "continue"]) }
        : {}),
      ...(has("create") ? { post: operation(served, "post", writes) } : {})
    },
    ...(has("get")
      ? {
        [`${home}/{name}`]: {
          get: operation(served, "get", []),
          ...(has("update") ? { put: operation(served, "put", writes) } : {}),
          ...(has("patch") ? { patch: operation(served, "patch", [...writes, "force"]) } : {}),
          ...(has("delete") ? { delete: operation(served, "delete", ["dryRun"]) } : {})
        }
      }
      : {})
  }
}

const document = (resources: ReadonlyArray<Registry.Served>): Json.JsonObject => {
  const collected: Collected = { schemas: {} }
  for (const served of resources) addSchema(served, collected)
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1.36.3" },
    paths: Object.assign({}, ...resources.map(paths)),
    components: { schemas: collected.schemas }
  }
}

/** The index, or the document of one group version; `undefined` where there is none. */
export const answer = (server: Server.Server, path: string): Reply.Reply | undefined => {
  const versions = versionsOf(server)
  if (path === "" || path === "/") {
    return Reply.json(200, {
      paths: Object.fromEntries(
        [...versions].sort(([left], [right]) => left < right ? -1 : 1).map(([name, resources]) => [name, {
          serverRelativeURL: `/openapi/v3/${name}?hash=${hash(resources.map(wordOf).join())}`
        }])
      )
    })
  }
  const resources = versions.get(path.slice(1))
  return resources === undefined ? undefined : Reply.json(200, document(resources))
}
