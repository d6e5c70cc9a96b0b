/**
 * What only some kinds have below their objects, and kinds that answer without being stored.
 *
 * @internal
 */
import * as Base64Url from "effect/encoding/Base64Url"
import * as Result from "effect/Result"
import * as Json from "../../Machinery/Json.ts"
import * as LabelSelector from "../../Machinery/LabelSelector.ts"
import * as Authorization from "./authorization.ts"
import * as Deletion from "./deletion.ts"
import * as Metadata from "./metadata.ts"
import * as Query from "./query.ts"
import type * as Registry from "./registry.ts"
import * as Server from "./server.ts"
import * as StatusError from "./statusError.ts"
import * as Store from "./store.ts"
import * as Write from "./write.ts"

type Outcome<A> = Result.Result<A, StatusError.StatusError>

const success = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 }

const found = (write: Write.Write): Outcome<Json.JsonObject> => {
  const object = Write.live(write)
  return object === undefined ? Result.fail(StatusError.notFound(write.served, write.name)) : Result.succeed(object)
}

const stored = (write: Write.Write, change: (object: Json.JsonObject) => Json.JsonObject): void => {
  if (write.options.isDryRun) return
  Write.replace(write.server, write.served.table, Store.keyOf(write.namespace, write.name), change)
}

/** Binds a pod to a node, as the scheduler does. */
const bind = (write: Write.Write, body: Json.JsonObject): Outcome<Json.JsonObject> =>
  Result.gen(function*() {
    if (Metadata.nameOf(body) !== write.name) {
      return yield* Result.fail(StatusError.badRequest("name in URL does not match name in Binding object"))
    }
    const pod = yield* found(write)
    const node = Json.textOf(Json.at(body, "target", "name"))
    const before = Json.textOf(Json.at(pod, "spec", "nodeName"))
    if (before !== "") {
      return yield* Result.fail(StatusError.conflict(
        { group: "", plural: "pods/binding" },
        write.name,
        `pod ${write.name} is already assigned to node ${JSON.stringify(before)}`
      ))
    }
    const time = Server.timestamp(write.call.now)
    stored(write, (object) => {
      const conditions = Json.itemsOf(Json.at(object, "status", "conditions"))
        .filter((each) => Json.at(each, "type") !== "PodScheduled")
      return Json.setAt(
        Json.setAt(object, ["spec", "nodeName"], node),
        ["status", "conditions"],
        [...conditions, { type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime: time }]
      )
    })
    return success
  })

/** Deletes a pod if the disruption budgets allow it. */
const evict = (write: Write.Write, body: Json.JsonObject): Outcome<Json.JsonObject> =>
  Result.gen(function*() {
    const { call, name, namespace, options, served, server } = write
    const pod = yield* found(write)
    const labels = Json.textMapOf(Metadata.of(pod)["labels"])
    const budgets = [...Store.table(server.store, "policy/poddisruptionbudgets").objects].filter(([, budget]) => {
      if (Metadata.namespaceOf(budget) !== namespace) return false
      const selector = LabelSelector.fromObject(Json.objectOf(Json.at(budget, "spec", "selector")))
      return Result.isSuccess(selector) && LabelSelector.matches(selector.success, labels)
    })
    const isRunning = !["Succeeded", "Failed", "Pending"].includes(Json.textOf(Json.at(pod, "status", "phase")))
    for (const [key, budget] of isRunning ? budgets : []) {
      const allowed = Json.numberOf(Json.at(budget, "status", "disruptionsAllowed"), 0)
      if (allowed <= 0) {
        const needed = Json.numberOf(Json.at(budget, "status", "desiredHealthy"), 0)
        const healthy = Json.numberOf(Json.at(budget, "status", "currentHealthy"), 0)
        return yield* Result.fail(StatusError.tooManyRequests(
          "Cannot evict pod as it would violate the pod's disruption budget.",
          0,
          [{
            reason: "DisruptionBudget",
            message: `The disruption budget ${
              Metadata.nameOf(budget)
            } needs ${needed} healthy pods and has ${healthy} currently`
          }]
        ))
      }
      if (!options.isDryRun) {
        Write.replace(server, "policy/poddisruptionbudgets", key, (object) =>
          Json.setAt(object, ["status", "disruptionsAllowed"], allowed - 1))
      }
    }
    const asked = yield* Query.deletion(new URLSearchParams(), Json.objectOf(body["deleteOptions"]))
    yield* Deletion.remove({
      server,
      call,
      served,
      namespace,
      name,
      options: { ...asked, isDryRun: asked.isDryRun || options.isDryRun }
    })
    return success
  })

const hour = 3600

const encodeSegment = (value: unknown): string => Base64Url.encode(JSON.stringify(value))

/** Issues a token for a service account. Nobody signed it; this server knows its own. */
const issueToken = (write: Write.Write, body: Json.JsonObject): Outcome<Json.JsonObject> =>
  Result.map(found(write), (account) => {
    const { call, name, namespace } = write
    const spec = Json.objectOf(body["spec"])
    const seconds = Json.numberOf(spec["expirationSeconds"], hour)
    const issued = Math.floor(call.now / 1000)
    const given = Json.itemsOf(spec["audiences"])
    const audiences = given.length === 0 ? ["https://kubernetes.default.svc.cluster.local"] : given
    const claims = {
      aud: audiences,
      exp: issued + seconds,
      iat: issued,
      iss: "https://kubernetes.default.svc.cluster.local",
      jti: Server.uuid(call.random),
      "kubernetes.io": { namespace, serviceaccount: { name, uid: Metadata.of(account)["uid"] } },
      nbf: issued,
      sub: `system:serviceaccount:${namespace}:${name}`
    }
    return {
      kind: "TokenRequest",
      apiVersion: "authentication.k8s.io/v1",
      metadata: { name, namespace, creationTimestamp: Server.timestamp(call.now) },
      spec: { ...spec, audiences, expirationSeconds: seconds, boundObjectRef: spec["boundObjectRef"] ?? null },
      status: {
        token: `${encodeSegment({ alg: "RS256", typ: "JWT" })}.${encodeSegment(claims)}.${
          Base64Url.encode(claims.jti)
        }`,
        expirationTimestamp: Server.timestamp(call.now + seconds * 1000)
      }
    }
  })

/** Answers of subresources that take a POST. */
export const created = (write: Write.Write, body: Json.JsonObject): Outcome<Json.JsonObject> | undefined => {
  switch (`${write.served.table}/${write.subresource}`) {
    case "/pods/binding":
      return bind(write, body)
    case "/pods/eviction":
      return evict(write, body)
    case "/serviceaccounts/token":
      return issueToken(write, body)
    default:
      return undefined
  }
}

/**
 * What an update through a subresource may change: the live object with that part of the new one. `undefined` where the
 * subresource takes no object of its own kind.
 */
export const part = (
  { call, served, subresource }: Write.Write,
  live: Json.JsonObject,
  object: Json.JsonObject
): Json.JsonObject | undefined => {
  const spec = Json.objectOf(object["spec"])
  const version = Metadata.of(object)["resourceVersion"]
  const base = version === undefined ? live : Json.setAt(live, ["metadata", "resourceVersion"], version)
  switch (`${served.table}/${subresource}`) {
    case "/namespaces/finalize":
      return Json.setAt(base, ["spec", "finalizers"], spec["finalizers"])
    case "/pods/ephemeralcontainers":
      return Json.setAt(base, ["spec", "ephemeralContainers"], spec["ephemeralContainers"])
    case "/pods/resize": {
      const resources = new Map(
        Json.itemsOf(spec["containers"]).map((each) => [Json.at(each, "name"), Json.at(each, "resources")])
      )
      return Json.setAt(
        base,
        ["spec", "containers"],
        Json.itemsOf(Json.at(live, "spec", "containers")).map((container) => ({
          ...Json.objectOf(container),
          resources: resources.get(Json.at(container, "name")) ?? Json.at(container, "resources")
        }))
      )
    }
    case "certificates.k8s.io/certificatesigningrequests/approval": {
      const time = Server.timestamp(call.now)
      return Json.setAt(
        base,
        ["status", "conditions"],
        Json.itemsOf(Json.at(object, "status", "conditions")).map((given) => {
          const condition = Json.objectOf(given)
          return { ...condition, lastUpdateTime: condition["lastUpdateTime"] ?? time, lastTransitionTime: time }
        })
      )
    }
    default:
      return undefined
  }
}

const userInfo = (user: Server.User): Json.JsonObject => ({
  username: user.name,
  ...(user.uid === undefined ? {} : { uid: user.uid }),
  groups: user.groups,
  ...(user.extra === undefined ? {} : { extra: user.extra })
})

const access = (server: Server.Server, user: Server.User, spec: Json.JsonObject): Json.JsonObject => {
  const resource = spec["resourceAttributes"]
  const text = (key: string) => Json.textOf(Json.at(resource, key))
  const allowed = Json.isObject(resource)
    ? Authorization.isAllowed(server, user, {
      verb: text("verb"),
      group: text("group"),
      plural: text("resource"),
      subresource: text("subresource"),
      namespace: text("namespace"),
      name: text("name")
    })
    : Authorization.isPathAllowed(server, user, Json.textOf(Json.at(spec, "nonResourceAttributes", "path")))
  return { allowed }
}

const subjectOf = (spec: Json.JsonObject): Server.User => ({
  name: Json.textOf(spec["user"]),
  groups: Json.itemsOf(spec["groups"]).filter((group): group is string => typeof group === "string")
})

const tokenUser = (server: Server.Server, token: string): Server.User | undefined => {
  const claims = Base64Url.decodeString(token.split(".")[1] ?? "")
  if (Result.isFailure(claims) || !claims.success.startsWith("{")) return undefined
  const { sub } = JSON.parse(claims.success) as Json.JsonObject
  const [, , namespace = "", name = ""] = Json.textOf(sub).split(":")
  const account = Store.get(server.store, "/serviceaccounts", Store.keyOf(namespace, name))
  return account === undefined ? undefined : {
    name: Json.textOf(sub),
    uid: Json.textOf(Metadata.of(account)["uid"]),
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"]
  }
}

/** Answers kinds that are questions: who am I, may I, whose token is this. `undefined` for kinds that are stored. */
export const review = (
  server: Server.Server,
  call: Server.Call,
  served: Registry.Served,
  object: Json.JsonObject
): Json.JsonObject | undefined => {
  const spec = Json.objectOf(object["spec"])
  const answer = (status: Json.JsonObject): Json.JsonObject => ({
    ...object,
    metadata: Metadata.of(object),
    status
  })
  switch (served.kind) {
    case "SelfSubjectReview":
      return answer({ userInfo: userInfo(call.user) })
    case "TokenReview": {
      const user = tokenUser(server, Json.textOf(spec["token"]))
      return answer(
        user === undefined
          ? { user: {}, error: "[invalid bearer token]" }
          : { authenticated: true, user: userInfo(user), audiences: Json.itemsOf(spec["audiences"]) }
      )
    }
    case "SelfSubjectAccessReview":
      return answer(access(server, call.user, spec))
    case "LocalSubjectAccessReview":
    case "SubjectAccessReview":
      return answer(access(server, subjectOf(spec), spec))
    case "SelfSubjectRulesReview": {
      const rules = Authorization.rulesFor(server, call.user, Json.textOf(spec["namespace"]))
      return answer({
        resourceRules: rules.filter((rule) => Json.at(rule, "nonResourceURLs") === undefined),
        nonResourceRules: rules.filter((rule) => Json.at(rule, "nonResourceURLs") !== undefined),
        incomplete: false
      })
    }
    default:
      return undefined
  }
}
