import { assert, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
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
