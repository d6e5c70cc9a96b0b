import { assert, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as ApiError from "../../src/Machinery/ApiError.ts"

const get = { verb: "get", resource: "deployments.apps", namespace: "default", name: "web" }

const messageOf = (status: number, body: string) => ApiError.fromResponse({ status, body }, get).message

it("names verb, resource and object, then says what the server said", () => {
  const body = JSON.stringify({
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    reason: "NotFound",
    message: "deployments.apps \"web\" not found",
    code: 404
  })
  assert.strictEqual(
    messageOf(404, body),
    "NotFound: get deployments.apps default/web: deployments.apps \"web\" not found"
  )
})

it("says of an answer that is no Status what came instead, and keeps its text apart", () => {
  const page = "<!DOCTYPE html>\n<html><head><title>502\n Bad Gateway</title></head><body>token=abc</body></html>"
  const error = ApiError.fromResponse({ status: 502, body: page }, get)
  assert.strictEqual(
    error.message,
    "Unknown: get deployments.apps default/web: a gateway in front of the server got no valid answer from it " +
      "(an HTML page titled \"502 Bad Gateway\")"
  )
  assert.strictEqual(error.reason.status.details?.causes?.[0]?.message, page)
  assert.include(messageOf(418, "<html></html>"), "the server answered with HTTP status 418 (an HTML page)")
  assert.include(messageOf(404, "404 page not found\n"), "could not find the requested resource (404 page not found)")
  assert.include(messageOf(302, ""), "the server redirects elsewhere, which is not followed")
  assert.include(messageOf(500, "<notes><title>x</title></notes>"), "the server answered with HTTP status 500")
})

it("the reason decides where it is known, else the code", () => {
  const tagOf = (status: number, reason: string | undefined, verb = "get") =>
    ApiError.fromResponse({
      status,
      body: JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", reason })
    }, { ...get, verb }).reason._tag
  assert.strictEqual(tagOf(409, "AlreadyExists"), "AlreadyExists")
  assert.strictEqual(tagOf(409, "Conflict", "create"), "Conflict")
  assert.strictEqual(tagOf(409, undefined, "create"), "AlreadyExists")
  assert.strictEqual(tagOf(409, undefined), "Conflict")
  assert.strictEqual(tagOf(403, "ReasonOfNextYear"), "Forbidden")
  assert.strictEqual(tagOf(418, "ReasonOfNextYear"), "Unknown")
})

it("what the server asked to wait is there, from its Status or from its header", () => {
  const wait = (body: string) =>
    Option.map(
      ApiError.retryAfter(ApiError.fromResponse({ status: 429, body, retryAfterSeconds: 7 }, get)),
      Duration.toMillis
    )
  assert.deepStrictEqual(wait("slow down"), Option.some(7000))
  const status = { kind: "Status", apiVersion: "v1", status: "Failure", details: { retryAfterSeconds: 3 } }
  assert.deepStrictEqual(wait(JSON.stringify(status)), Option.some(3000))
})

it("names the subresource that was asked for", () => {
  const error = ApiError.fromStatus({ message: "not now", code: 429 }, {
    verb: "create",
    resource: "pods",
    subresource: "eviction",
    namespace: "default",
    name: "web-0"
  })
  assert.strictEqual(error.message, "TooManyRequests: create pods/eviction default/web-0: not now")
})

it("says what to look at where the server says nothing", () => {
  const say = (message: string, code: number, verb: string) =>
    ApiError.fromStatus({ message, code }, { ...get, verb }).message
  assert.include(say("Unauthorized", 401, "list"), "Unauthorized (the server does not know the credential")
  const rejected = "the server rejected our request due to an error in our request"
  assert.include(say(rejected, 422, "patch"), `${rejected} (as a JSON patch has it`)
  assert.isTrue(say(rejected, 422, "create").endsWith(rejected))
})

it("leaves out what the server quotes of a Secret, and of nothing else", () => {
  // What kube-apiserver answers to a merge patch of `{"type": 5}`.
  const quoted = JSON.stringify(JSON.stringify({ kind: "Secret", data: { password: "aHVudGVyMg==" }, note: "a\\\"}" }))
  const cause = (text: string) =>
    `Invalid value: ${text}: json: cannot unmarshal number into Go struct field Secret.type`
  const body = JSON.stringify({
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code: 422,
    reason: "Invalid",
    message: ` "" is invalid: patch: ${cause(quoted)}`,
    details: { causes: [{ field: "patch", message: cause(quoted) }] }
  })
  const error = ApiError.fromResponse({ status: 422, body }, { verb: "patch", resource: "secrets" })
  assert.notInclude(JSON.stringify(error), "aHVudGVyMg")
  assert.strictEqual(error.reason.status.details?.causes?.[0]?.message, cause("\"<secret contents redacted>\""))
  assert.include(error.message, cause("\"<secret contents redacted>\""))
  assert.include(ApiError.fromResponse({ status: 422, body }, get).message, "aHVudGVyMg")
})

it("a Status keeps every cause, and no member that this version does not know", () => {
  const status = { kind: "Status", apiVersion: "v1", status: "Failure", code: 422 }
  const cause = { reason: "ReasonOfNextYear", message: "", field: "spec" }
  const body = { ...status, hint: "new", details: { causes: [{ ...cause, origin: "validation" }, {}], zone: 1 } }
  assert.deepStrictEqual<unknown>(
    ApiError.fromResponse({ status: 422, body: JSON.stringify(body) }, get).reason.status,
    { ...status, details: { causes: [cause, {}] } }
  )
})

it("a body that calls itself a Status and is none is kept as what came", () => {
  for (
    const wrong of [
      { message: 1 },
      { code: "404" },
      { details: null },
      { details: { causes: {} } },
      { details: { causes: [{ field: 1 }] } },
      { details: { retryAfterSeconds: "1" } },
      { metadata: { continue: true } }
    ]
  ) {
    const body = JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", reason: "Gone", ...wrong })
    const { reason } = ApiError.fromResponse({ status: 404, body }, get)
    assert.strictEqual(reason._tag, "NotFound")
    assert.deepStrictEqual(reason.status.details?.causes, [{ reason: "UnexpectedServerResponse", message: body }])
  }
})

it("errors of the same content are equal, and print their class", () => {
  const make = () => ApiError.fromResponse({ status: 404, body: "" }, { verb: "get", resource: "pods" })
  assert.isTrue(Equal.equals(make(), make()))
  assert.strictEqual(make().name, "ApiError")
  assert.strictEqual(make().reason.name, "NotFound")
})
