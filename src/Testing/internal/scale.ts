/**
 * The scale subresource: how many replicas there are and should be, whatever the kind.
 *
 * @internal
 */
import * as Result from "effect/Result"
import { Scale } from "../../Api/schemas/autoscaling/v1.ts"
import * as Json from "../../Machinery/Json.ts"
import * as LabelSelector from "../../Machinery/LabelSelector.ts"
import * as Decoding from "./decoding.ts"
import * as Metadata from "./metadata.ts"
import type { Served } from "./registry.ts"
import * as StatusError from "./statusError.ts"
import * as Strategy from "./strategy.ts"
import * as Write from "./write.ts"

type Outcome<A> = Result.Result<A, StatusError.StatusError>

interface Paths {
  readonly spec: ReadonlyArray<string>
  readonly status: ReadonlyArray<string>
  readonly selector: ReadonlyArray<string> | undefined
}

const steps = (path: unknown): ReadonlyArray<string> => Json.textOf(path).split(".").filter((step) => step !== "")

const pathsOf = (served: Served): Paths => {
  const scale = served.custom?.scale
  return scale === undefined
    ? { spec: ["spec", "replicas"], status: ["status", "replicas"], selector: ["spec", "selector"] }
    : {
      spec: steps(scale["specReplicasPath"]),
      status: steps(scale["statusReplicasPath"]),
      selector: scale["labelSelectorPath"] === undefined ? undefined : steps(scale["labelSelectorPath"])
    }
}

const selectorText = (selector: unknown): string => {
  if (typeof selector === "string") return selector
  if (!Json.isObject(selector)) return ""
  const isObjectForm = "matchLabels" in selector || "matchExpressions" in selector
  const parsed = LabelSelector.fromObject(isObjectForm ? selector : { matchLabels: Json.textMapOf(selector) })
  return Result.isSuccess(parsed) ? LabelSelector.print(parsed.success) : ""
}

/** The scale of an object. */
export const of = (served: Served, object: Json.JsonObject): Json.JsonObject => {
  const paths = pathsOf(served)
  const { creationTimestamp, name, namespace, resourceVersion, uid } = Metadata.of(object)
  const selector = paths.selector === undefined ? "" : selectorText(Json.at(object, ...paths.selector))
  const replicas = Json.numberOf(Json.at(object, ...paths.spec), 0)
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: Json.numberOf(Json.at(object, ...paths.status), 0),
      ...(selector === "" ? {} : { selector })
    }
  }
}

/** The scale as a resource type, for what decodes and patches it. */
export const served = (target: Served): Served => ({
  ...target,
  group: "autoscaling",
  version: "v1",
  kind: "Scale",
  schema: Scale,
  structure: undefined,
  custom: undefined,
  strategy: Strategy.builtIn("autoscaling/scales", {
    group: "autoscaling",
    version: "v1",
    kind: "Scale",
    plural: "scales"
  })
})

/** Sets the replicas of an object by a change of its scale. */
export const update = (
  write: Write.Write,
  change: (scale: Json.JsonObject) => Outcome<Json.JsonObject>
): Outcome<Json.JsonObject> =>
  Result.gen(function*() {
    const target = write.served
    const { spec } = pathsOf(target)
    const updated = yield* Write.update(write, (live) =>
      Result.gen(function*() {
        if (live === undefined) return yield* Result.fail(StatusError.notFound(target, write.name))
        const scale = yield* change(of(target, live))
        const name = Metadata.nameOf(scale)
        if (name !== write.name) {
          return yield* Result.fail(StatusError.badRequest(
            name === ""
              ? `the name of the object (${write.name} based on URL) was undeterminable: name must be provided`
              : `the name of the object (${name}) does not match the name on the URL (${write.name})`
          ))
        }
        const replicas = Json.numberOf(Json.at(scale, "spec", "replicas"), 0)
        if (replicas < 0) {
          return yield* Result.fail(StatusError.invalid({ group: "autoscaling", kind: "Scale" }, name, [{
            type: "Invalid",
            field: "spec.replicas",
            value: replicas,
            detail: "must be greater than or equal to 0"
          }]))
        }
        const version = Metadata.of(scale)["resourceVersion"]
        return Json.setAt(
          version === undefined ? live : Json.setAt(live, ["metadata", "resourceVersion"], version),
          spec,
          replicas
        )
      }))
    return of(target, updated.object)
  })

/** Reads a scale from a body. */
export const decode = (write: Write.Write, body: Decoding.Body): Outcome<Json.JsonObject> =>
  Result.flatMap(
    Decoding.object(write.server, served(write.served), body),
    ({ duplicates, object }) =>
      Decoding.refine(write.call, served(write.served), object, duplicates, write.options.fieldValidation)
  )
