/**
 * A small API as an OpenAPI v3 document, for the tests of the generator: one namespaced kind with a status, a scale, a
 * log and a connection, and the types it needs.
 */

const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` })

const answer = (name: string) => ({
  "200": { description: "OK", content: { "application/json": { schema: reference(name) } } }
})

const text = { "200": { description: "OK", content: { "text/plain": { schema: { type: "string" } } } } }

const website = { group: "demo.example.com", version: "v1", kind: "Website" }
const scale = { group: "autoscaling", version: "v1", kind: "Scale" }

export const id = "io.example.api.demo.v1"
const metaId = "io.k8s.apimachinery.pkg.apis.meta.v1"
const collection = "/apis/demo.example.com/v1/namespaces/{namespace}/websites"

const operation = (action: string, kind: object, responses: object) => ({
  description: "A sentence about an operation.",
  "x-kubernetes-action": action,
  "x-kubernetes-group-version-kind": kind,
  responses
})

const object = (...actions: ReadonlyArray<readonly [method: string, action: string]>) =>
  Object.fromEntries(actions.map(([method, action]) => [method, operation(action, website, answer(`${id}.Website`))]))

export const document = {
  openapi: "3.0.0",
  paths: {
    "/apis/demo.example.com/v1/": { get: { description: "Resources there are." } },
    [collection]: {
      parameters: [{ name: "namespace", in: "path", required: true, schema: { type: "string" } }],
      get: operation("list", website, answer(`${id}.WebsiteList`)),
      ...object(["post", "post"])
    },
    [`${collection}/{name}`]: object(["get", "get"], ["put", "put"], ["patch", "patch"], ["delete", "delete"]),
    [`${collection}/{name}/status`]: object(["get", "get"], ["put", "put"], ["patch", "patch"]),
    [`${collection}/{name}/scale`]: {
      get: operation("get", scale, answer("io.k8s.api.autoscaling.v1.Scale")),
      put: operation("put", scale, answer("io.k8s.api.autoscaling.v1.Scale"))
    },
    [`${collection}/{name}/log`]: {
      parameters: [
        { name: "follow", in: "query", schema: { type: "boolean" } },
        { name: "pretty", in: "query", schema: { type: "string" } }
      ],
      get: operation("get", website, text)
    },
    [`${collection}/{name}/shell`]: {
      parameters: [{ name: "command", in: "query", schema: { type: "string" } }],
      get: operation("connect", { ...website, kind: "WebsiteShellOptions" }, text),
      post: operation("connect", { ...website, kind: "WebsiteShellOptions" }, text),
      head: operation("connect", { ...website, kind: "WebsiteShellOptions" }, text)
    },
    "/apis/demo.example.com/v1/websites": { get: operation("list", website, answer(`${id}.WebsiteList`)) },
    "/apis/demo.example.com/v1/watch/websites": { get: operation("watchlist", website, answer("x.WatchEvent")) }
  },
  components: {
    schemas: {
      [`${id}.Website`]: {
        type: "object",
        description: "A sentence about a website.",
        "x-kubernetes-group-version-kind": [website],
        properties: {
          status: { allOf: [reference(`${id}.WebsiteStatus`)], default: {} },
          spec: { allOf: [reference(`${id}.WebsiteSpec`)], default: {}, description: "A sentence about a spec." },
          metadata: { allOf: [reference(`${metaId}.ObjectMeta`)], default: {} },
          kind: { type: "string" },
          apiVersion: { type: "string" }
        },
        required: ["spec"]
      },
      [`${id}.WebsiteList`]: {
        type: "object",
        "x-kubernetes-group-version-kind": [{ ...website, kind: "WebsiteList" }],
        properties: {
          apiVersion: { type: "string" },
          items: { type: "array", items: { allOf: [reference(`${id}.Website`)], default: {} } },
          kind: { type: "string" }
        },
        required: ["items"]
      },
      [`${id}.WebsiteSpec`]: {
        type: "object",
        required: ["image", "replicas"],
        properties: {
          image: { type: "string", default: "" },
          labels: { type: "object", additionalProperties: { type: "string" }, "x-kubernetes-map-type": "atomic" },
          mode: { type: "string" },
          pages: {
            type: "array",
            items: { allOf: [reference(`${id}.Page`)], default: {} },
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["path", "language"],
            "x-kubernetes-patch-strategy": "merge,retainKeys",
            "x-kubernetes-patch-merge-key": "path"
          },
          replicas: { type: "integer", format: "int32", default: 3 },
          theme: { type: "string", description: "Deprecated: use mode." }
        }
      },
      [`${id}.WebsiteStatus`]: { type: "object", properties: { "ready-pages": { type: "integer", format: "int64" } } },
      [`${id}.Page`]: {
        type: "object",
        required: ["path"],
        properties: {
          path: { type: "string" },
          language: { type: "string", default: "en" },
          links: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" }
        }
      },
      "io.k8s.api.autoscaling.v1.Scale": {
        type: "object",
        "x-kubernetes-group-version-kind": [scale],
        properties: { kind: { type: "string" } }
      },
      [`${metaId}.ObjectMeta`]: { type: "object", properties: { name: { type: "string" } } }
    }
  }
}

/** The Go definition that knows the values of `WebsiteSpec.mode`. */
export const definitions =
  `func schema_k8sio_api_demo_v1_WebsiteSpec(ref common.ReferenceCallback) common.OpenAPIDefinition {
\t\t\t\tProperties: map[string]spec.Schema{
\t\t\t\t\t"mode": {
\t\t\t\t\t\tSchemaProps: spec.SchemaProps{
\t\t\t\t\t\t\tEnum:        []interface{}{"Dark", "Light"},
`
