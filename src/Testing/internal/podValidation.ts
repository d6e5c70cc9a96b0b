/**
 * What the server refuses in pods and pod templates.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as Json from "../../Machinery/Json.ts"
import * as Name from "../../Machinery/Name.ts"
import * as Quantity from "../../Machinery/Quantity.ts"
import * as FieldError from "./fieldError.ts"

type Errors = ReadonlyArray<FieldError.FieldError>

const portErrors = (ports: ReadonlyArray<unknown>, path: string): Errors => {
  const names = new Set<string>()
  return ports.flatMap((port, index) => {
    const number = Json.at(port, "containerPort")
    const name = Json.textOf(Json.at(port, "name"))
    const field = `${path}.ports[${index}]`
    const isTwice = name !== "" && names.has(name)
    names.add(name)
    return [
      ...(name === "" ? [] : Name.portName(name).map((problem) => FieldError.invalid(`${field}.name`, name, problem))),
      ...(isTwice ? [FieldError.duplicate(`${field}.name`, name)] : []),
      ...(number === undefined || number === 0
        ? [FieldError.required(`${field}.containerPort`)]
        : Name.portNumber(Json.numberOf(number, 0)).map((problem) =>
          FieldError.invalid(`${field}.containerPort`, number, problem)
        ))
    ]
  })
}

const resourceErrors = (resources: unknown, path: string): Errors => {
  // What is no quantity has been refused by then.
  const negative = (part: "limits" | "requests", name: string, quantity: Quantity.Quantity | undefined): Errors =>
    quantity === undefined || Quantity.compare(quantity, Quantity.zero) >= 0 ? [] : [
      FieldError.invalid(`${path}.${part}[${name}]`, Quantity.print(quantity), "must be greater than or equal to 0")
    ]
  return [
    ...Object.entries(Json.objectOf(Json.at(resources, "limits"))).flatMap(([name, given]) =>
      negative("limits", name, quantityOf(given))
    ),
    ...Object.entries(Json.objectOf(Json.at(resources, "requests"))).flatMap(([name, asked]) => {
      const request = quantityOf(asked)
      const limit = quantityOf(Json.at(resources, "limits", name))
      return [
        ...negative("requests", name, request),
        ...(request === undefined || limit === undefined || Quantity.compare(request, limit) <= 0 ? [] : [
          FieldError.invalid(
            `${path}.requests`,
            Quantity.print(request),
            `must be less than or equal to ${name} limit of ${Quantity.print(limit)}`
          )
        ])
      ]
    })
  ]
}

const quantityOf = (value: unknown): Quantity.Quantity | undefined =>
  typeof value === "string" || typeof value === "number"
    ? Result.getOrUndefined(Quantity.fromInput(value))
    : undefined

const containerErrors = (
  containers: ReadonlyArray<unknown>,
  path: string,
  volumes: ReadonlySet<string>,
  names: Set<string>
): Errors =>
  containers.flatMap((container, index) => {
    const field = `${path}[${index}]`
    const name = Json.textOf(Json.at(container, "name"))
    const image = Json.textOf(Json.at(container, "image"))
    const isTwice = names.has(name)
    names.add(name)
    return [
      ...(name === ""
        ? []
        : Name.dns1123Label(name).map((problem) => FieldError.invalid(`${field}.name`, name, problem))),
      ...(name !== "" && isTwice ? [FieldError.duplicate(`${field}.name`, name)] : []),
      ...(image === "" ? [FieldError.required(`${field}.image`)] : []),
      ...(image === image.trim()
        ? []
        : [FieldError.invalid(`${field}.image`, image, "must not have leading or trailing whitespace")]),
      ...portErrors(Json.itemsOf(Json.at(container, "ports")), field),
      ...resourceErrors(Json.at(container, "resources"), `${field}.resources`),
      ...Json.itemsOf(Json.at(container, "env")).flatMap((variable, at) => {
        const key = Json.textOf(Json.at(variable, "name"))
        return key === ""
          ? []
          : Name.envVarName(key).map((problem) => FieldError.invalid(`${field}.env[${at}].name`, key, problem))
      }),
      ...Json.itemsOf(Json.at(container, "volumeMounts")).flatMap((mount, at) => {
        const volume = Json.textOf(Json.at(mount, "name"))
        return volume === "" || volumes.has(volume)
          ? []
          : [FieldError.notFound(`${field}.volumeMounts[${at}].name`, volume)]
      })
    ]
  })

/** What is wrong with a pod's spec. */
export const spec = (spec: Json.JsonObject, path: string): Errors => {
  const volumes = new Set(Json.itemsOf(spec["volumes"]).map((volume) => Json.textOf(Json.at(volume, "name"))))
  const names = new Set<string>()
  const containers = Json.itemsOf(spec["containers"])
  return [
    ...(containers.length === 0 ? [FieldError.required(`${path}.containers`)] : []),
    ...containerErrors(containers, `${path}.containers`, volumes, names),
    ...containerErrors(Json.itemsOf(spec["initContainers"]), `${path}.initContainers`, volumes, names)
  ]
}

/** What is wrong with the pod template of a workload. */
export const template = (object: Json.JsonObject, restartPolicies: ReadonlyArray<string>): Errors =>
  templateAt(object, ["spec", "template", "spec"], restartPolicies)

/** What is wrong with the pod spec at a path. */
export const templateAt = (
  object: Json.JsonObject,
  path: ReadonlyArray<string>,
  restartPolicies: ReadonlyArray<string>
): Errors => {
  const inner = Json.objectOf(Json.at(object, ...path))
  const policy = Json.textOf(inner["restartPolicy"])
  const field = `${path.join(".")}.restartPolicy`
  return [
    ...spec(inner, path.join(".")),
    ...(restartPolicies.includes(policy)
      ? []
      : restartPolicies.includes("Always")
      ? policy === "" ? [] : [FieldError.notSupported(field, policy, restartPolicies)]
      : [FieldError.required(field, `valid values: ${restartPolicies.map((each) => `"${each}"`).join(", ")}`)])
  ]
}

const mutable = ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "ephemeralContainers"]

const withoutImages = (spec: Json.JsonObject): Json.JsonObject => {
  const strip = (key: string) =>
    Json.itemsOf(spec[key]).map((container) => Json.without(Json.objectOf(container), "image", "resources"))
  return {
    ...Json.without(spec, ...mutable),
    containers: strip("containers"),
    initContainers: strip("initContainers")
  }
}

/** What is wrong with a pod, or with a change of it. */
export const pod = (object: Json.JsonObject, live: Json.JsonObject | undefined): Errors => {
  const after = Json.objectOf(object["spec"])
  const errors = spec(after, "spec")
  if (live === undefined || errors.length > 0) return errors
  const before = Json.objectOf(live["spec"])
  // The scheduler's binding sets the node through a subresource; an update may not.
  return Json.equal(withoutImages(after), withoutImages(before)) ? [] : [FieldError.forbidden(
    "spec",
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
  )]
}
