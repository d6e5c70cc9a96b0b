/**
 * What the server refuses in kinds that stand beside the workloads: cron jobs, ingresses, disruption budgets,
 * autoscalers, roles and their bindings.
 *
 * @internal
 */
import * as Json from "../../Machinery/Json.ts"
import * as Name from "../../Machinery/Name.ts"
import * as CronSchedule from "./cronSchedule.ts"
import * as FieldError from "./fieldError.ts"
import * as PodValidation from "./podValidation.ts"
import * as SelectorValidation from "./selectorValidation.ts"

type Errors = ReadonlyArray<FieldError.FieldError>

const notNegative = (value: unknown, path: string): Errors =>
  typeof value === "number" && value < 0
    ? [FieldError.invalid(path, value, "must be greater than or equal to 0")]
    : []

/** A CronJob. */
export const cronJob = (object: Json.JsonObject): Errors => {
  const spec = Json.objectOf(object["spec"])
  const schedule = Json.textOf(spec["schedule"])
  const fault = schedule === "" ? undefined : CronSchedule.fault(schedule)
  return [
    ...(fault === undefined ? [] : [FieldError.invalid("spec.schedule", schedule, fault)]),
    ...(schedule.includes("TZ")
      ? [FieldError.invalid(
        "spec.schedule",
        schedule,
        "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
      )]
      : []),
    ...notNegative(spec["startingDeadlineSeconds"], "spec.startingDeadlineSeconds"),
    ...PodValidation.templateAt(object, ["spec", "jobTemplate", "spec", "template", "spec"], ["OnFailure", "Never"]),
    ...notNegative(spec["successfulJobsHistoryLimit"], "spec.successfulJobsHistoryLimit"),
    ...notNegative(spec["failedJobsHistoryLimit"], "spec.failedJobsHistoryLimit")
  ]
}

const backendErrors = (backend: unknown, path: string): Errors => {
  const service = Json.at(backend, "service")
  const resource = Json.at(backend, "resource")
  if (Json.isObject(service) && Json.isObject(resource)) {
    return [FieldError.invalid(path, "", "cannot set both resource and service backends")]
  }
  if (Json.isObject(resource)) return []
  if (!Json.isObject(service)) return [FieldError.invalid(path, "", "resource or service backend is required")]
  const name = Json.textOf(service["name"])
  const portName = Json.textOf(Json.at(service, "port", "name"))
  const portNumber = Json.numberOf(Json.at(service, "port", "number"), 0)
  return [
    ...(name === ""
      ? [FieldError.required(`${path}.service.name`)]
      : Name.dns1123Label(name).map((problem) => FieldError.invalid(`${path}.service.name`, name, problem))),
    ...(portName !== "" && portNumber !== 0
      ? [FieldError.invalid(path, "", "cannot set both port name & port number")]
      : portName !== ""
      ? Name.portName(portName).map((problem) => FieldError.invalid(`${path}.service.port.name`, portName, problem))
      : portNumber !== 0
      ? Name.portNumber(portNumber).map((problem) =>
        FieldError.invalid(`${path}.service.port.number`, portNumber, problem)
      )
      : [FieldError.required(path, "port name or number is required")])
  ]
}

const pathTypes = ["Exact", "ImplementationSpecific", "Prefix"]

const ingressPathErrors = (given: unknown, path: string): Errors => {
  const type = Json.textOf(Json.at(given, "pathType"))
  const text = Json.textOf(Json.at(given, "path"))
  if (type === "") return [FieldError.required(`${path}.pathType`, "pathType must be specified")]
  const isWord = type === "Exact" || type === "Prefix"
  const field = `${path}.path`
  return [
    ...(pathTypes.includes(type) ? [] : [FieldError.notSupported(`${path}.pathType`, type, pathTypes)]),
    ...(pathTypes.includes(type) && !text.startsWith("/") && (isWord || text !== "")
      ? [FieldError.invalid(field, text, "must be an absolute path")]
      : []),
    ...(isWord
      ? [
        ...["//", "/./", "/../", "%2f", "%2F"].filter((part) => text.includes(part)).map((part) =>
          FieldError.invalid(field, text, `must not contain '${part}'`)
        ),
        ...["/..", "/."].filter((part) => text.endsWith(part)).map((part) =>
          FieldError.invalid(field, text, `cannot end with '${part}'`)
        )
      ]
      : []),
    ...backendErrors(Json.at(given, "backend"), `${path}.backend`)
  ]
}

/** An Ingress. */
export const ingress = (object: Json.JsonObject): Errors => {
  const spec = Json.objectOf(object["spec"])
  const rules = Json.itemsOf(spec["rules"])
  const backend = spec["defaultBackend"]
  return [
    ...(rules.length === 0 && !Json.isObject(backend)
      ? [FieldError.invalid("spec", null, "either `defaultBackend` or `rules` must be specified")]
      : []),
    ...(Json.isObject(backend) ? backendErrors(backend, "spec.defaultBackend") : []),
    ...rules.flatMap((rule, index) => {
      const path = `spec.rules[${index}]`
      const host = Json.textOf(Json.at(rule, "host"))
      const http = Json.at(rule, "http")
      const paths = Json.itemsOf(Json.at(http, "paths"))
      const isAddress = /^\d{1,3}(?:\.\d{1,3}){3}$|:/.test(host)
      const problems = host.includes("*") ? Name.wildcardDns1123Subdomain(host) : Name.dns1123Subdomain(host)
      return [
        ...(isAddress ? [FieldError.invalid(`${path}.host`, host, "must be a DNS name, not an IP address")] : []),
        ...(host === "" ? [] : problems.map((problem) => FieldError.invalid(`${path}.host`, host, problem))),
        ...(Json.isObject(http) && paths.length === 0 ? [FieldError.required(`${path}.http.paths`)] : []),
        ...paths.flatMap((each, at) => ingressPathErrors(each, `${path}.http.paths[${at}]`))
      ]
    })
  ]
}

const amountErrors = (amount: unknown, path: string): Errors => {
  if (typeof amount !== "string") return notNegative(amount, path)
  const problems = Name.percent(amount)
  if (problems.length > 0) return problems.map((problem) => FieldError.invalid(path, amount, problem))
  return Number(amount.slice(0, -1)) > 100 ? [FieldError.invalid(path, amount, "must not be greater than 100%")] : []
}

/** A PodDisruptionBudget. */
export const budget = (object: Json.JsonObject): Errors => {
  const spec = Json.objectOf(object["spec"])
  return [
    ...(spec["minAvailable"] !== undefined && spec["maxUnavailable"] !== undefined
      ? [FieldError.invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set")]
      : []),
    ...amountErrors(spec["minAvailable"], "spec.minAvailable"),
    ...amountErrors(spec["maxUnavailable"], "spec.maxUnavailable"),
    ...SelectorValidation.errors(spec["selector"], "spec.selector")
  ]
}

const scalesToZero = new Set<unknown>(["Object", "External"])

/** A HorizontalPodAutoscaler. */
export const autoscaler = (object: Json.JsonObject): Errors => {
  const spec = Json.objectOf(object["spec"])
  const min = spec["minReplicas"]
  const max = Json.numberOf(spec["maxReplicas"], 0)
  const target = spec["scaleTargetRef"]
  const apiVersion = Json.textOf(Json.at(target, "apiVersion"))
  const field = "spec.maxReplicas"
  return [
    ...(typeof min === "number" && min < 1
      ? [FieldError.invalid("spec.minReplicas", min, "must be greater than or equal to 1")]
      : []),
    ...(max === 0
      ? [FieldError.required(field, "must be set and greater than 0")]
      : max < 0
      ? [FieldError.invalid(field, max, "must be greater than or equal to 1")]
      : []),
    ...(typeof min === "number" && max < min
      ? [FieldError.invalid(field, max, "must be greater than or equal to `minReplicas`")]
      : []),
    ...["kind", "name"].flatMap((key) => {
      const text = Json.textOf(Json.at(target, key))
      const path = `spec.scaleTargetRef.${key}`
      // An empty one is already refused, as the schema requires it.
      return text === "" ? [] : Name.pathSegment(text).map((problem) => FieldError.invalid(path, text, problem))
    }),
    ...(apiVersion.includes("/")
      ? []
      : [FieldError.invalid("spec.scaleTargetRef.apiVersion", apiVersion, "apiVersion must specify API group")]),
    ...(min === 0 && !Json.itemsOf(spec["metrics"]).some((metric) => scalesToZero.has(Json.at(metric, "type")))
      ? [FieldError.forbidden(
        "spec.metrics",
        "must specify at least one Object or External metric to support scaling to zero replicas"
      )]
      : [])
  ]
}

const given = (value: unknown): boolean => Json.itemsOf(value).length > 0

/** A Role or a ClusterRole. */
export const role = (object: Json.JsonObject): Errors => {
  const isNamespaced = object["kind"] === "Role"
  return Json.itemsOf(object["rules"]).flatMap((each, index) => {
    const rule = Json.objectOf(each)
    const path = `rules[${index}]`
    const urls = rule["nonResourceURLs"]
    const field = `${path}.nonResourceURLs`
    return [
      ...(given(rule["verbs"])
        ? []
        : [FieldError.required(`${path}.verbs`, "verbs must contain at least one value")]),
      ...(given(urls)
        ? [
          ...(isNamespaced
            ? [FieldError.invalid(field, urls, "namespaced rules cannot apply to non-resource URLs")]
            : []),
          ...(["apiGroups", "resources", "resourceNames"].some((key) => given(rule[key]))
            ? [FieldError.invalid(field, urls, "rules cannot apply to both regular resources and non-resource URLs")]
            : [])
        ]
        : [
          ...(given(rule["apiGroups"])
            ? []
            : [FieldError.required(`${path}.apiGroups`, "resource rules must supply at least one api group")]),
          ...(given(rule["resources"])
            ? []
            : [FieldError.required(`${path}.resources`, "resource rules must supply at least one resource")])
        ])
    ]
  })
}

const kindOf = (value: unknown, path: string, supported: ReadonlyArray<string>): Errors => {
  const kind = Json.textOf(Json.at(value, "kind"))
  return supported.includes(kind) ? [] : [FieldError.notSupported(`${path}.kind`, kind, supported)]
}

/** A RoleBinding or a ClusterRoleBinding, or a change of it. */
export const roleBinding = (object: Json.JsonObject, live: Json.JsonObject | undefined): Errors => [
  ...kindOf(object["roleRef"], "roleRef", object["kind"] === "RoleBinding" ? ["Role", "ClusterRole"] : ["ClusterRole"]),
  ...Json.itemsOf(object["subjects"]).flatMap((subject, index) =>
    kindOf(subject, `subjects[${index}]`, ["ServiceAccount", "User", "Group"])
  ),
  ...(live === undefined || Json.equal(object["roleRef"], live["roleRef"])
    ? []
    : [FieldError.invalid("roleRef", object["roleRef"], "cannot change roleRef")])
]
