/**
 * From a request to its answer, in one synchronous step.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as Json from "../../Machinery/Json.ts"
import * as Authorization from "./authorization.ts"
import * as Decoding from "./decoding.ts"
import * as Deletion from "./deletion.ts"
import * as JsonText from "./jsonText.ts"
import * as Metadata from "./metadata.ts"
import * as Negotiation from "./negotiation.ts"
import * as Patching from "./patching.ts"
import * as Plain from "./plain.ts"
import * as Presenting from "./presenting.ts"
import * as Query from "./query.ts"
import * as Reading from "./reading.ts"
import type { Served } from "./registry.ts"
import * as Reply from "./reply.ts"
import * as Router from "./router.ts"
import * as Scale from "./scale.ts"
import * as Server from "./server.ts"
import * as StatusError from "./statusError.ts"
import * as Subresources from "./subresources.ts"
import * as Watching from "./watching.ts"
import * as Write from "./write.ts"

type Outcome<A> = Result.Result<A, StatusError.StatusError>

/** A request as it came. */
export interface Request {
  readonly method: string
  readonly path: string
  readonly accept: string
  readonly body: Decoding.Body
  /** The server's own address, for discovery. */
  readonly address: string
  /** Whether the rules in the store decide what the user may do. */
  readonly isAuthorized: boolean
}

interface Target {
  readonly server: Server.Server
  readonly call: Server.Call
  readonly request: Request
  readonly served: Served
  readonly path: Router.ResourcePath
  readonly form: Negotiation.Form
}

const list = ({ call, form, path, served, server }: Target): Outcome<Reply.Reply> =>
  Result.gen(function*() {
    const options = yield* Query.list(call.query)
    // A list of one name is how single objects are watched.
    const named = path.name === "" ? options : {
      ...options,
      fieldSelector: [options.fieldSelector, `metadata.name=${path.name}`].filter((each) => each !== "").join(",")
    }
    const selected = yield* Reading.selection(served, path.namespace, named)
    if (options.isWatch) {
      const watch = yield* Watching.open(server, call, selected, options)
      return { _tag: "Watch", watch, present: Presenting.events(call, served, form) }
    }
    const listed = yield* Reading.list(server, selected, options)
    return Reply.json(200, Presenting.many(call, served, form, listed), form)
  })

const get = ({ call, form, path, served, server }: Target): Outcome<Reply.Reply> =>
  Result.gen(function*() {
    const version = call.query.get("resourceVersion") ?? ""
    const object = yield* Reading.get(server, served, path.namespace, path.name, version)
    if (path.subresource === "scale") {
      return Reply.json(200, Presenting.one(call, Scale.served(served), form, Scale.of(served, object)), form)
    }
    if (["log", "exec", "attach", "portforward", "proxy"].includes(path.subresource)) {
      return yield* Result.fail(Plain.noKubelet(path, object))
    }
    return Reply.json(200, Presenting.one(call, served, form, object), form)
  })

const writeOf = (target: Target, options: Query.WriteOptions): Write.Write => ({
  server: target.server,
  call: target.call,
  served: target.served,
  namespace: target.path.namespace,
  name: target.path.name,
  subresource: target.path.subresource,
  options,
  createRefusal: () => refusal(target.server, target.call, target.request, { ...target.path, verb: "create" })
})

const refusal = (
  server: Server.Server,
  call: Server.Call,
  request: Request,
  attributes: Authorization.Attributes
): StatusError.StatusError | undefined =>
  request.isAuthorized && !Authorization.isAllowed(server, call.user, attributes)
    ? Authorization.refusal(call.user, attributes)
    : undefined

const create = (target: Target): Outcome<Reply.Reply> =>
  Result.gen(function*() {
    const { call, form, path, request, served, server } = target
    const options = yield* Query.write(call.query, "CreateOptions", call.userAgent)
    const write = writeOf(target, options)
    if (path.subresource !== "") {
      const read = JsonText.read(request.body.text)
      const answer = Subresources.created(write, JsonText.isProblem(read) ? {} : Json.objectOf(read.value))
      if (answer !== undefined) return Reply.json(201, yield* answer, form)
      return yield* Result.fail(
        Plain.noKubelet(path, yield* Reading.get(server, served, path.namespace, path.name, ""))
      )
    }
    const { duplicates, object } = yield* Decoding.object(server, served, request.body)
    const refined = yield* Decoding.refine(call, served, object, duplicates, options.fieldValidation)
    const review = Subresources.review(server, call, served, refined)
    const created = review === undefined ? yield* Write.create(write, refined) : review
    return Reply.json(201, Presenting.one(call, served, form, created), form)
  })

const isOwnPart = (subresource: string): boolean => subresource !== "" && subresource !== "status"

const update = (target: Target): Outcome<Reply.Reply> =>
  Result.gen(function*() {
    const { call, form, path, request, served, server } = target
    const options = yield* Query.write(call.query, "UpdateOptions", call.userAgent)
    const write = writeOf(target, options)
    if (path.subresource === "scale") {
      const scale = yield* Scale.decode(write, request.body)
      const updated = yield* Scale.update(write, () => Result.succeed(scale))
      return Reply.json(200, Presenting.one(call, Scale.served(served), form, updated), form)
    }
    const { duplicates, object } = yield* Decoding.object(server, served, request.body)
    const refined = yield* Decoding.refine(call, served, object, duplicates, options.fieldValidation)
    yield* Decoding.checkName(path.name, refined)
    const { isCreated, object: updated } = yield* Write.update(write, (live) =>
      Result.succeed(
        isOwnPart(path.subresource) && live !== undefined ? Subresources.part(write, live, refined) ?? refined : refined
      ))
    return Reply.json(isCreated ? 201 : 200, Presenting.one(call, served, form, updated), form)
  })

const patch = (target: Target): Outcome<Reply.Reply> =>
  Result.gen(function*() {
    const { call, form, path, request, served } = target
    const isApply = Patching.isApply(request.body.contentType)
    yield* Patching.checkType(served, request.body.contentType)
    const options = yield* Query.write(call.query, "PatchOptions", call.userAgent, isApply)
    const write = writeOf(target, options)
    if (path.subresource === "scale") {
      const updated = yield* Patching.scale(write, request.body)
      return Reply.json(200, Presenting.one(call, Scale.served(served), form, updated), form)
    }
    const { isCreated, object } = yield* Patching.patch(write, request.body)
    return Reply.json(isCreated ? 201 : 200, Presenting.one(call, served, form, object), form)
  })

const deleteOptions = ({ call, request }: Target): Outcome<Query.DeleteOptions> => {
  const { body } = request
  if (body.text.trim() === "") return Query.deletion(call.query, {})
  const read = Decoding.parse(body)
  if (JsonText.isProblem(read) || !Json.isObject(read.value)) {
    const why = JsonText.isProblem(read) ? read.problem : "expected an object"
    return Result.fail(StatusError.badRequest(
      `the object provided is unrecognized (must be of type DeleteOptions): couldn't get version/kind; json parse error: ${why}`
    ))
  }
  return Query.deletion(call.query, read.value)
}

const remove = (target: Target): Outcome<Reply.Reply> =>
  Result.gen(function*() {
    const { call, form, path, served, server } = target
    const options = yield* deleteOptions(target)
    const answer = yield* Deletion.remove({
      server,
      call,
      served,
      namespace: path.namespace,
      name: path.name,
      options
    })
    return Reply.json(200, Presenting.one(call, served, form, Json.objectOf(answer)), form)
  })

const removeAll = (target: Target): Outcome<Reply.Reply> =>
  Result.gen(function*() {
    const { call, form, path, served, server } = target
    const options = yield* deleteOptions(target)
    const selection = yield* Query.list(call.query)
    const selected = yield* Reading.selection(served, path.namespace, selection)
    const listed = yield* Reading.list(server, selected, selection)
    const items: Array<Json.JsonObject> = []
    for (const item of listed.items) {
      const answer = yield* Deletion.remove({
        server,
        call,
        served,
        namespace: Metadata.namespaceOf(item),
        name: Metadata.nameOf(item),
        options
      })
      items.push(Json.objectOf(answer)["kind"] === "Status" ? item : Json.objectOf(answer))
    }
    return Reply.json(200, Presenting.many(call, served, form, { ...listed, items }), form)
  })

/** `--max-request-body-bytes` of a real server. */
const bodyLimit = 3 * 1024 * 1024

const verbs: { readonly [verb: string]: (target: Target) => Outcome<Reply.Reply> } = {
  list,
  watch: list,
  get,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: removeAll
}

/** Built-in kinds that the server warns of. */
const deprecations: { readonly [table: string]: string } = {
  "/endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
}

const resource = (
  server: Server.Server,
  call: Server.Call,
  request: Request,
  path: Router.ResourcePath
): Outcome<Reply.Reply> =>
  Result.gen(function*() {
    const served = Server.served(server, path.group, path.version, path.plural)
    if (served === undefined) return yield* Plain.unknownResource(server, path)
    const isWatch = ["1", "true", ""].includes((call.query.get("watch") ?? "no").toLowerCase())
    const verb = Router.verb(request.method, path, isWatch)
    const facts = path.subresource === "" ? served : served.subresources[path.subresource]
    const isMisplaced = served.isNamespaced
      ? path.namespace === "" && path.name !== ""
      : path.namespace !== ""
    if (facts === undefined || isMisplaced) return yield* Result.fail(StatusError.unknownResource)
    const allowed = path.subresource === "" ? served.verbs : facts.verbs
    const isPlaced = path.namespace !== "" || !served.isNamespaced || verb === "list" || verb === "watch" ||
      (verb === "create" && served.kind === "LocalSubjectAccessReview")
    const isNamed = path.name !== "" || verb === "list" || verb === "watch" || verb === "create" ||
      verb === "deletecollection"
    if (
      verb === undefined || !allowed.includes(verb as never) || !isPlaced || !isNamed ||
      (verb === "create" && path.name !== "" && path.subresource === "")
    ) {
      return yield* Result.fail(StatusError.methodNotAllowed)
    }
    const refused = refusal(server, call, request, { ...path, verb })
    if (refused !== undefined) return yield* Result.fail(refused)
    const warning = served.custom === undefined ? deprecations[served.table] : served.custom.warning
    if (warning !== undefined) call.warnings.push(warning)
    const form = yield* Negotiation.form(request.accept)
    if (request.body.text.length > bodyLimit / 3 && JsonText.byteLength(request.body.text) > bodyLimit) {
      return yield* Result.fail(StatusError.tooLarge(bodyLimit))
    }
    const target: Target = { server, call, request, served, path, form }
    return yield* verbs[verb]?.(target) ?? Result.fail(StatusError.methodNotAllowed)
  })

/** The answer to a request. */
export const handle = (server: Server.Server, call: Server.Call, request: Request): Reply.Reply => {
  const path = Router.parse(request.path)
  const outcome = path._tag === "Resource"
    ? resource(server, call, request, path)
    : request.isAuthorized && !Authorization.isPathAllowed(server, call.user, request.path)
    ? Result.fail(StatusError.forbiddenPath(
      `User ${JSON.stringify(call.user.name)} cannot get path ${JSON.stringify(request.path)}`
    ))
    : Plain.answer(server, path, request)
  return Result.getOrElse(outcome, (error) => Reply.status(error))
}
