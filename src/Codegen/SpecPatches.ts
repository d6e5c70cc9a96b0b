/**
 * Patches to the description, as data: what Kubernetes knows and its OpenAPI documents do not say.
 *
 * Each table names where in the Go sources of Kubernetes its facts stand. `ResourceModel` applies them; a description
 * that needs none (a custom resource's) is given `none`.
 *
 * @since 0.1.0
 */

/**
 * A type that the documents describe poorly, or that is the same in every API: its TypeScript text, and what a reader
 * of its documentation must know.
 *
 * @category models
 * @since 0.1.0
 */
export interface Alias {
  /** TypeScript. Names of types stand for schemas of the same module. */
  readonly text: string
  /** One sentence. */
  readonly doc: string
  /** As `ObjectSchema`; absent where anything goes. */
  readonly schema?: { readonly [member: string]: unknown }
}

/**
 * @category models
 * @since 0.1.0
 */
export interface SpecPatches {
  /** By schema name. */
  readonly aliases: { readonly [schema: string]: Alias }
  /** Schemas that are written by hand: the module of `Machinery` that exports a type of the same name. */
  readonly provided: { readonly [schema: string]: string }
  /** Schemas whose name does not tell their module: `folder/version`. */
  readonly places: { readonly [schema: string]: string }
  /** By plural. */
  readonly shortNames: { readonly [plural: string]: ReadonlyArray<string> }
  /** By plural. */
  readonly categories: { readonly [plural: string]: ReadonlyArray<string> }
  /** Query parameters that may be given more than once, as `PodExecOptions.command`. */
  readonly repeated: ReadonlyArray<string>
  /** The accessor's prefix by API group, where it is not the first label of the group. */
  readonly accessors: { readonly [group: string]: string }
}

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1"
const extensions = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1"

/**
 * No patches.
 *
 * @category constructors
 * @since 0.1.0
 */
export const none: SpecPatches = {
  aliases: {},
  provided: {},
  places: {},
  shortNames: {},
  categories: {},
  repeated: [],
  accessors: {}
}

const open = { "x-kubernetes-preserve-unknown-fields": true } as const

const aliases: SpecPatches["aliases"] = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": {
    text: "string | number",
    doc: "A quantity such as `500m` or `1Gi`. A number may be written; the server answers the canonical string.",
    schema: { format: "quantity" }
  },
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
    text: "number | string",
    doc: "A whole number, or a string: a percentage or a name, as the field says.",
    schema: { "x-kubernetes-int-or-string": true }
  },
  "io.k8s.apimachinery.pkg.runtime.RawExtension": {
    text: "{ readonly [member: string]: unknown }",
    doc: "Any object. Apply replaces it whole.",
    // The server keeps it as one value, though its description does not say so.
    schema: { type: "object", ...open, "x-kubernetes-map-type": "atomic" }
  },
  [`${meta}.Time`]: {
    text: "string",
    doc: "RFC 3339 in whole seconds: `2026-01-31T12:00:00Z`.",
    schema: { type: "string", format: "date-time" }
  },
  [`${meta}.MicroTime`]: {
    text: "string",
    doc: "RFC 3339 with exactly six digits of a second: `2026-01-31T12:00:00.000000Z`.",
    schema: { type: "string", format: "micro-time" }
  },
  [`${meta}.Patch`]: {
    text: "{ readonly [member: string]: unknown } | ReadonlyArray<unknown>",
    doc: "The body of a patch, in any of its four kinds."
  },
  [`${meta}.FieldsV1`]: {
    text: "{ readonly [path: string]: FieldsV1 }",
    doc: "A set of field paths as nested keys.",
    schema: { type: "object", ...open }
  },
  [`${extensions}.JSON`]: { text: "unknown", doc: "Any JSON value.", schema: open },
  [`${extensions}.JSONSchemaPropsOrArray`]: {
    text: "JSONSchemaProps | ReadonlyArray<JSONSchemaProps>",
    doc: "A schema, or several.",
    schema: open
  },
  [`${extensions}.JSONSchemaPropsOrBool`]: {
    text: "JSONSchemaProps | boolean",
    doc: "A schema, or whether anything is allowed.",
    schema: open
  },
  [`${extensions}.JSONSchemaPropsOrStringArray`]: {
    text: "JSONSchemaProps | ReadonlyArray<string>",
    doc: "A schema, or names of properties.",
    schema: open
  }
}

/**
 * The patches to the description of Kubernetes 1.36.
 *
 * @category constructors
 * @since 0.1.0
 */
export const kubernetes: SpecPatches = {
  aliases,
  provided: {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "IntOrString",
    [`${meta}.FieldsV1`]: "ObjectMeta",
    [`${meta}.LabelSelector`]: "LabelSelector",
    [`${meta}.LabelSelectorRequirement`]: "LabelSelector",
    [`${meta}.ListMeta`]: "ObjectMeta",
    [`${meta}.ManagedFieldsEntry`]: "ObjectMeta",
    [`${meta}.ObjectMeta`]: "ObjectMeta",
    [`${meta}.OwnerReference`]: "ObjectMeta",
    [`${meta}.ShardInfo`]: "ObjectMeta",
    [`${meta}.Status`]: "Status",
    [`${meta}.StatusCause`]: "Status",
    [`${meta}.StatusDetails`]: "Status"
  },
  places: {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "meta/v1",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "meta/v1",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "meta/v1",
    "io.k8s.apimachinery.pkg.version.Info": "meta/v1"
  },
  // `ShortNames()` of the storages in pkg/registry, and of apiextensions-apiserver.
  shortNames: {
    certificatesigningrequests: ["csr"],
    componentstatuses: ["cs"],
    configmaps: ["cm"],
    cronjobs: ["cj"],
    customresourcedefinitions: ["crd", "crds"],
    daemonsets: ["ds"],
    deployments: ["deploy"],
    endpoints: ["ep"],
    events: ["ev"],
    horizontalpodautoscalers: ["hpa"],
    ingresses: ["ing"],
    ipaddresses: ["ip"],
    limitranges: ["limits"],
    namespaces: ["ns"],
    networkpolicies: ["netpol"],
    nodes: ["no"],
    persistentvolumeclaims: ["pvc"],
    persistentvolumes: ["pv"],
    poddisruptionbudgets: ["pdb"],
    pods: ["po"],
    priorityclasses: ["pc"],
    replicasets: ["rs"],
    replicationcontrollers: ["rc"],
    resourcequotas: ["quota"],
    serviceaccounts: ["sa"],
    services: ["svc"],
    statefulsets: ["sts"],
    storageclasses: ["sc"],
    volumeattributesclasses: ["vac"]
  },
  // `Categories()` in the same places.
  categories: {
    apiservices: ["api-extensions"],
    cronjobs: ["all"],
    customresourcedefinitions: ["api-extensions"],
    daemonsets: ["all"],
    deployments: ["all"],
    horizontalpodautoscalers: ["all"],
    jobs: ["all"],
    mutatingadmissionpolicies: ["api-extensions"],
    mutatingadmissionpolicybindings: ["api-extensions"],
    mutatingwebhookconfigurations: ["api-extensions"],
    pods: ["all"],
    replicasets: ["all"],
    replicationcontrollers: ["all"],
    services: ["all"],
    statefulsets: ["all"],
    validatingadmissionpolicies: ["api-extensions"],
    validatingadmissionpolicybindings: ["api-extensions"],
    validatingwebhookconfigurations: ["api-extensions"]
  },
  // Slices in the Go types of the options; OpenAPI gives the type of one value.
  repeated: ["PodExecOptions.command", "PodPortForwardOptions.ports"],
  accessors: { "": "core", "rbac.authorization.k8s.io": "rbac" }
}
