/**
 * What the server refuses in objects of built-in kinds.
 *
 * Enumerations and required texts come from the generated schemas; the rules between fields are those of
 * `pkg/apis/<group>/validation` of Kubernetes for the kinds that programs use.
 *
 * @internal
 */
import { ObjectMeta } from "../../Api/schemas/meta/v1.ts"
import * as Json from "../../Machinery/Json.ts"
import * as Name from "../../Machinery/Name.ts"
import type { ObjectSchema } from "../../Machinery/ObjectSchema.ts"
import * as CustomRules from "./customRules.ts"
import * as CustomSchema from "./customSchema.ts"
import * as FieldError from "./fieldError.ts"
import * as Immutability from "./immutability.ts"
import * as JsonText from "./jsonText.ts"
import * as KindValidation from "./kindValidation.ts"
import * as Metadata from "./metadata.ts"
import { immutable } from "./objectMeta.ts"
import * as PodValidation from "./podValidation.ts"
import type { Served } from "./registry.ts"
import * as SelectorValidation from "./selectorValidation.ts"
import * as Typed from "./typed.ts"

type Errors = ReadonlyArray<FieldError.FieldError>
type Rule = (object: Json.JsonObject, live: Json.JsonObject | undefined) => Errors

/** Enumerations and required texts, wherever the schema has them outside of metadata and status. */
const schemaErrors = (given: ObjectSchema, value: unknown, path: string): Errors => {
  const schema = Typed.targetOf(given)
  if (typeof value === "string" && schema.enum !== undefined) {
    return schema.enum.includes(value) || value === ""
      ? []
      : [FieldError.notSupported(path, value, schema.enum.map(String).sort())]
  }
  if (Json.isArray(value)) {
    const { items } = schema
    // The real server names the list of access modes, not the bad one's place in it.
    const isWhole = path.endsWith(".accessModes")
    return items === undefined
      ? []
      : value.flatMap((item, index) => schemaErrors(items, item, isWhole ? path : `${path}[${index}]`))
  }
  if (!Json.isObject(value)) return []
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const inner = FieldError.child(path, key)
    if (Typed.targetOf(property) === ObjectMeta || (path === "" && key === "status")) return []
    const member = value[key]
    if (member !== undefined && member !== "") return schemaErrors(property, member, inner)
    return schema.required?.includes(key) === true && Typed.targetOf(property).type === "string"
      ? [FieldError.required(inner)]
      : []
  })
}

const notNegative = (object: Json.JsonObject, ...path: ReadonlyArray<string>): Errors => {
  const value = Json.at(object, ...path)
  return typeof value === "number" && value < 0
    ? [FieldError.invalid(path.join("."), value, "must be greater than or equal to 0")]
    : []
}

const selectorRule = (object: Json.JsonObject): Errors => {
  const selector = Json.at(object, "spec", "selector")
  const labels = Json.at(object, "spec", "template", "metadata", "labels")
  const isDaemonSet = object["kind"] === "DaemonSet"
  const isMatch = SelectorValidation.matches(selector, labels)
  const findings = SelectorValidation.errors(selector, "spec.selector")
  const isEmpty = Json.isObject(selector) && SelectorValidation.isEmpty(selector)
  return [
    ...(Json.isObject(selector) ? findings : [FieldError.required("spec.selector")]),
    ...(isEmpty
      ? [FieldError.invalid(
        "spec.selector",
        selector,
        `empty selector is invalid for ${isDaemonSet ? "daemonset" : "deployment"}`
      )]
      : []),
    ...(isMatch === undefined && !isDaemonSet
      ? [FieldError.invalid("spec.selector", selector, "invalid label selector")]
      : isMatch === false
      ? [FieldError.invalid(
        "spec.template.metadata.labels",
        labels ?? null,
        "`selector` does not match template `labels`"
      )]
      : [])
  ]
}

const selectorIsImmutable: Rule = (object, live) => {
  const selector = Json.at(object, "spec", "selector")
  return live !== undefined && !Json.equal(selector, Json.at(live, "spec", "selector"))
    ? [immutable("spec.selector", selector)]
    : []
}

const workload: Rule = (object, live) => [
  ...notNegative(object, "spec", "replicas"),
  ...notNegative(object, "spec", "minReadySeconds"),
  ...(object["kind"] === "StatefulSet" ? [] : notNegative(object, "spec", "revisionHistoryLimit")),
  ...selectorRule(object),
  ...PodValidation.template(object, ["Always"]),
  ...selectorIsImmutable(object, live)
]

const deployment: Rule = (object, live) => {
  const strategy = Json.at(object, "spec", "strategy")
  return [
    ...workload(object, undefined),
    ...(Json.at(strategy, "type") === "Recreate" && Json.at(strategy, "rollingUpdate") !== undefined
      ? [FieldError.forbidden(
        "spec.strategy.rollingUpdate",
        "may not be specified when strategy `type` is 'Recreate'"
      )]
      : []),
    ...selectorIsImmutable(object, live)
  ]
}

const statefulSetMutable = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds"
]

const statefulSet: Rule = (object, live) => {
  const others = (each: Json.JsonObject) => Json.without(Json.objectOf(each["spec"]), ...statefulSetMutable)
  return [
    ...workload(object, undefined),
    ...(live === undefined || Json.equal(others(object), others(live)) ? [] : [FieldError.forbidden(
      "spec",
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
    )])
  ]
}

const job: Rule = (object, live) => [
  ...notNegative(object, "spec", "parallelism"),
  ...notNegative(object, "spec", "completions"),
  ...notNegative(object, "spec", "backoffLimit"),
  ...PodValidation.template(object, ["OnFailure", "Never"]),
  ...selectorIsImmutable(object, live),
  ...(live === undefined || Json.equal(Json.at(object, "spec", "completions"), Json.at(live, "spec", "completions"))
    ? []
    : [immutable("spec.completions", Json.at(object, "spec", "completions"))]),
  ...(live === undefined ? [] : Immutability.jobTemplate(object, live))
]

const dataKeys = (object: Json.JsonObject, field: string): Errors =>
  Object.keys(Json.objectOf(object[field])).flatMap((key) =>
    Name.configMapKey(key).map((problem) => FieldError.invalid(`${field}[${key}]`, key, problem))
  )

/** The most bytes that a ConfigMap or a Secret holds, keys not counted. */
const dataLimit = 1024 * 1024

/** What base64 says in bytes, padding left out. */
const decodedLength = (text: string): number => Math.floor(text.replace(/[=\s]/g, "").length * 3 / 4)

const sizeErrors = (
  field: string,
  lengths: ReadonlyArray<readonly [part: unknown, length: (text: string) => number]>
) => {
  const size = lengths.reduce(
    (sum, [part, length]) =>
      Object.values(Json.objectOf(part)).reduce((inner: number, value) => inner + length(Json.textOf(value)), sum),
    0
  )
  return size > dataLimit ? [FieldError.tooLong(field, dataLimit)] : []
}

const frozen = (fields: ReadonlyArray<string>): Rule => (object, live) =>
  live?.["immutable"] === true
    ? [
      ...(object["immutable"] === true
        ? []
        : [FieldError.forbidden("immutable", "field is immutable when `immutable` is set")]),
      ...fields.filter((field) => !Json.equal(object[field], live[field])).map((field) =>
        FieldError.forbidden(field, "field is immutable when `immutable` is set")
      )
    ]
    : []

const configMap: Rule = (object, live) => [
  ...dataKeys(object, "data"),
  ...dataKeys(object, "binaryData"),
  ...sizeErrors("[]", [[object["data"], JsonText.byteLength], [object["binaryData"], decodedLength]]),
  ...frozen(["data", "binaryData"])(object, live)
]

const secret: Rule = (object, live) => [
  ...dataKeys(object, "data"),
  ...sizeErrors("data", [[object["data"], decodedLength]]),
  ...frozen(["data"])(object, live),
  ...(live !== undefined && object["type"] !== live["type"] ? [immutable("type", object["type"])] : [])
]

const targetErrors = (target: unknown, path: string): Errors =>
  typeof target === "number"
    ? Name.portNumber(target).map((problem) => FieldError.invalid(path, target, problem))
    : typeof target === "string"
    ? Name.portName(target).map((problem) => FieldError.invalid(path, target, problem))
    : []

const service: Rule = (object, live) => {
  const spec = Json.objectOf(object["spec"])
  const ports = Json.itemsOf(spec["ports"])
  const names = ports.map((port) => Json.textOf(Json.at(port, "name")))
  const address = spec["clusterIP"]
  const before = live === undefined ? undefined : Json.at(live, "spec", "clusterIP")
  const isHeadless = address === "None" || spec["type"] === "ExternalName"
  const moved = before !== undefined && before !== "" && address !== before && spec["type"] !== "ExternalName"
  return [
    ...(ports.length === 0 && !isHeadless ? [FieldError.required("spec.ports")] : []),
    ...ports.flatMap((port, index) => {
      const path = `spec.ports[${index}]`
      const number = Json.numberOf(Json.at(port, "port"), 0)
      const name = Json.textOf(Json.at(port, "name"))
      return [
        ...(name === "" && ports.length > 1 ? [FieldError.required(`${path}.name`)] : []),
        ...(name === ""
          ? []
          : Name.dns1123Label(name).map((problem) => FieldError.invalid(`${path}.name`, name, problem))),
        ...(name !== "" && names.indexOf(name) < index ? [FieldError.duplicate(`${path}.name`, name)] : []),
        ...Name.portNumber(number).map((problem) => FieldError.invalid(`${path}.port`, number, problem)),
        ...targetErrors(Json.at(port, "targetPort"), `${path}.targetPort`)
      ]
    }),
    ...(moved ? [FieldError.invalid("spec.clusterIPs[0]", [address], "may not change once set")] : []),
    ...(spec["type"] === "ExternalName" && Json.textOf(spec["externalName"]) === ""
      ? [FieldError.required("spec.externalName")]
      : [])
  ]
}

const lease: Rule = (object) => {
  const spec = Json.objectOf(object["spec"])
  const duration = spec["leaseDurationSeconds"]
  const transitions = spec["leaseTransitions"]
  return [
    ...(typeof duration === "number" && duration <= 0
      ? [FieldError.invalid("spec.leaseDurationSeconds", duration, "must be greater than 0")]
      : []),
    ...(typeof transitions === "number" && transitions < 0
      ? [FieldError.invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0")]
      : [])
  ]
}

/** What events of the newer group must say; those of the core group may leave it out. */
const newEvent: Rule = (object, live) =>
  live !== undefined || object["apiVersion"] === "v1"
    ? []
    : ["eventTime", "reportingController", "reportingInstance", "action", "reason"]
      .filter((field) => Json.textOf(object[field]) === "")
      .map((field) => FieldError.required(field))

const event: Rule = (object, live) => {
  const namespace = Metadata.namespaceOf(object)
  const involved = Json.textOf(Json.at(object["involvedObject"] ?? object["regarding"], "namespace"))
  const missing = newEvent(object, live)
  if (missing.length > 0) return missing
  const isNew = Json.textOf(object["eventTime"]) !== ""
  return involved === namespace ||
      (involved === "" && (namespace === "default" || (isNew && namespace === "kube-system"))) ||
      (involved !== "" && isNew)
    ? []
    : [FieldError.invalid("involvedObject.namespace", involved, "does not match event.namespace")]
}

const definition: Rule = (object, live) => {
  const spec = Json.objectOf(object["spec"])
  const names = Json.objectOf(spec["names"])
  const versions = Json.itemsOf(spec["versions"])
  const expected = `${Json.textOf(names["plural"])}.${Json.textOf(spec["group"])}`
  const name = Metadata.nameOf(object)
  return [
    ...(name === expected
      ? []
      : [FieldError.invalid("metadata.name", name, `must be spec.names.plural+"."+spec.group`)]),
    ...(versions.length === 0 ? [FieldError.required("spec.versions", "must have at least one version")] : []),
    ...(versions.filter((version) => Json.at(version, "storage") === true).length === 1 ? [] : [
      FieldError.invalid("spec.versions", versions, "must have exactly one version marked as storage version")
    ]),
    ...versions.flatMap((version, index) => {
      const schema = Json.objectOf(Json.at(version, "schema", "openAPIV3Schema")) as ObjectSchema
      // The only version's schema is the one of all versions, as the server keeps it.
      const path = versions.length === 1
        ? "spec.validation.openAPIV3Schema"
        : `spec.versions[${index}].schema.openAPIV3Schema`
      return [...CustomSchema.patternErrors(schema, path), ...CustomRules.syntaxErrors(schema, path)]
    }),
    ...versions.flatMap((version, index) =>
      Json.isObject(Json.at(version, "schema", "openAPIV3Schema"))
        ? []
        : [FieldError.required(`spec.versions[${index}].schema.openAPIV3Schema`)]
    ),
    ...(live === undefined
      ? []
      : ["group", "scope"].filter((key) => spec[key] !== Json.at(live, "spec", key)).map((key) =>
        immutable(`spec.${key}`, spec[key])
      ))
  ]
}

const claim: Rule = (object, live) => {
  const spec = Json.objectOf(object["spec"])
  const rest = (each: unknown) =>
    Json.without(Json.objectOf(each), "resources", "volumeName", "volumeAttributesClassName")
  return [
    ...(Json.itemsOf(spec["accessModes"]).length === 0
      ? [FieldError.required("spec.accessModes", "at least 1 access mode is required")]
      : []),
    ...SelectorValidation.errors(spec["selector"], "spec.selector"),
    ...(Json.at(spec, "resources", "requests", "storage") === undefined
      ? [FieldError.required("spec.resources[storage]")]
      : []),
    ...(live === undefined || Json.equal(rest(spec), rest(live["spec"])) ? [] : [FieldError.forbidden(
      "spec",
      "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
    )])
  ]
}

const replicationController: Rule = (object) => {
  const selector = Json.at(object, "spec", "selector")
  const template = Json.at(object, "spec", "template")
  const labels = Json.at(template, "metadata", "labels")
  const isMatch = SelectorValidation.matches({ matchLabels: selector }, labels) === true
  return [
    ...notNegative(object, "spec", "minReadySeconds"),
    ...(Object.keys(Json.objectOf(selector)).length === 0 ? [FieldError.required("spec.selector")] : []),
    ...notNegative(object, "spec", "replicas"),
    ...(Json.isObject(template)
      ? [
        ...(isMatch ? [] : [FieldError.invalid(
          "spec.template.metadata.labels",
          labels ?? null,
          "`selector` does not match template `labels`"
        )]),
        ...PodValidation.template(object, ["Always"])
      ]
      : [FieldError.required("spec.template")])
  ]
}

const networkPolicy: Rule = (object) =>
  SelectorValidation.errors(Json.at(object, "spec", "podSelector"), "spec.podSelector")

const rules: { readonly [table: string]: Rule } = {
  "/configmaps": configMap,
  "/events": event,
  "/persistentvolumeclaims": claim,
  "/pods": PodValidation.pod,
  "/podtemplates": (object) => PodValidation.spec(Json.objectOf(Json.at(object, "template", "spec")), "template.spec"),
  "/replicationcontrollers": replicationController,
  "/secrets": secret,
  "/services": service,
  "apiextensions.k8s.io/customresourcedefinitions": definition,
  "apps/daemonsets": workload,
  "apps/deployments": deployment,
  "apps/replicasets": workload,
  "apps/statefulsets": statefulSet,
  "autoscaling/horizontalpodautoscalers": KindValidation.autoscaler,
  "batch/cronjobs": KindValidation.cronJob,
  "batch/jobs": job,
  "coordination.k8s.io/leases": lease,
  "networking.k8s.io/ingresses": KindValidation.ingress,
  "networking.k8s.io/networkpolicies": networkPolicy,
  "policy/poddisruptionbudgets": KindValidation.budget,
  "rbac.authorization.k8s.io/clusterrolebindings": KindValidation.roleBinding,
  "rbac.authorization.k8s.io/clusterroles": KindValidation.role,
  "rbac.authorization.k8s.io/rolebindings": KindValidation.roleBinding,
  "rbac.authorization.k8s.io/roles": KindValidation.role
}

/** What is wrong with an object, and with the change from the live one where there is one. */
export const errors = (served: Served, object: Json.JsonObject, live: Json.JsonObject | undefined): Errors => [
  ...(rules[served.table]?.(object, live) ?? []),
  ...(served.schema === undefined ? [] : schemaErrors(served.schema, object, "")),
  ...Immutability.errors(served.table, object, live)
]
