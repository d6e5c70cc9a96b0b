import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type ApiError, fromStatus } from "../../src/Machinery/ApiError.ts"
import type { ListOptions } from "../../src/Machinery/Options.ts"
import type { KubeList } from "../../src/Machinery/Resource.ts"
import * as Pager from "../../src/Watch/Pager.ts"
import { refused } from "../Informer/ModelServer.ts"

const server = (total: number, expiredAfter = Number.POSITIVE_INFINITY) => {
  const requests: Array<ListOptions> = []
  const list = (options: ListOptions): Effect.Effect<KubeList<number>, ApiError> =>
    Effect.suspend(() => {
      requests.push(options)
      const at = options.continue === undefined ? 0 : Number(options.continue)
      if (options.continue !== undefined && at >= expiredAfter) return Effect.fail(refused(410, "Expired", "x", "list"))
      const end = Math.min(total, at + (options.limit ?? total))
      return Effect.succeed({
        apiVersion: "v1",
        kind: "List",
        metadata: { resourceVersion: String(100 + at), ...(end < total ? { continue: String(end) } : {}) },
        items: Array.from({ length: end - at }, (_, i) => at + i)
      })
    })
  return { list, requests }
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

it.effect("reads an empty, a single and many pages, with the version of the first", () =>
  Effect.gen(function*() {
    for (const [total, pages] of [[0, 1], [5, 1], [10, 1], [11, 2], [35, 4]] as const) {
      const { list, requests } = server(total)
      const whole = yield* Pager.all(list, { pageSize: 10 })
      assert.deepStrictEqual(whole, { items: upTo(total), resourceVersion: "100", isPaged: pages > 1 })
      assert.strictEqual(requests.length, pages)
    }
  }))

it.effect("asks for 500 unless told, and for everything at once when told 0", () =>
  Effect.gen(function*() {
    const { list, requests } = server(3)
    yield* Pager.all(list)
    yield* Pager.all(list, { pageSize: 0 })
    assert.deepStrictEqual(requests.map((request) => request.limit), [500, undefined])
  }))

it.effect("names the version only in the first request", () =>
  Effect.gen(function*() {
    const { list, requests } = server(25)
    yield* Pager.all(list, {
      pageSize: 10,
      listOptions: { resourceVersion: "7", resourceVersionMatch: "NotOlderThan", labelSelector: "a=b" }
    })
    assert.deepStrictEqual(requests.map((request) => request.resourceVersion), ["7", undefined, undefined])
    assert.deepStrictEqual(requests.map((request) => request.resourceVersionMatch), [
      "NotOlderThan",
      undefined,
      undefined
    ])
    assert.deepStrictEqual(requests.map((request) => request.labelSelector), ["a=b", "a=b", "a=b"])
  }))

it.effect("reads everything in one piece when the token expires in the middle, with the original version", () =>
  Effect.gen(function*() {
    const { list, requests } = server(35, 20)
    const whole = yield* Pager.all(list, { pageSize: 10, listOptions: { resourceVersion: "0" } })
    assert.deepStrictEqual(whole.items, upTo(35))
    assert.strictEqual(requests.length, 4)
    assert.deepStrictEqual(requests.at(-1), { resourceVersion: "0", limit: undefined, continue: undefined })
  }))

it.effect("fails on an expired token when no full list is wanted, and on an expired first page always", () =>
  Effect.gen(function*() {
    const { list } = server(35, 20)
    const error = yield* Effect.flip(
      Pager.collect(list, { pageSize: 10, map: (page) => page, isFullListOnExpired: false })
    )
    assert.strictEqual(error.reason._tag, "Expired")
    const first = yield* Effect.flip(Pager.all(() => Effect.fail(refused(410, "Expired", "x", "list"))))
    assert.strictEqual(first.reason._tag, "Expired")
  }))

it.effect("maps page by page", () =>
  Effect.gen(function*() {
    const { list } = server(25)
    const sizes: Array<number> = []
    const whole = yield* Pager.collect(list, {
      pageSize: 10,
      map: (page) => {
        sizes.push(page.length)
        return page.filter((one) => one % 2 === 0)
      }
    })
    assert.deepStrictEqual(sizes, [10, 10, 5])
    assert.strictEqual(whole.items.length, 13)
  }))

it.effect("asks for a page only when it is wanted", () =>
  Effect.gen(function*() {
    const { list, requests } = server(1000)
    const first = yield* Pager.pages(list, { pageSize: 10 }).pipe(Stream.take(2), Stream.runCollect)
    assert.strictEqual(first.length, 2)
    assert.strictEqual(requests.length, 2)
  }))

it.effect("reads no more pages ahead than it may", () =>
  Effect.gen(function*() {
    const { list, requests } = server(1000)
    const some = yield* Pager.items(list, { pageSize: 10, pagesAhead: 2 }).pipe(Stream.take(5), Stream.runCollect)
    assert.deepStrictEqual(some, upTo(5))
    assert.isAtMost(requests.length, 5)
    const all = yield* Stream.runCollect(Pager.items(server(55).list, { pageSize: 10 }))
    assert.deepStrictEqual(all, upTo(55))
  }))

it.effect("goes on with the token that the server offers where the stream may be of several versions", () =>
  Effect.gen(function*() {
    const offering = (offered: string | undefined) => {
      const { list, requests } = server(35)
      let isExpired = false
      const expiring = (options: ListOptions): Effect.Effect<KubeList<number>, ApiError> => {
        if (options.continue !== "20" || isExpired) return list(options)
        isExpired = true
        return Effect.fail(fromStatus(
          {
            status: "Failure",
            code: 410,
            reason: "Expired",
            metadata: offered === undefined ? {} : { continue: offered }
          },
          { verb: "list", resource: "pods" }
        ))
      }
      return { expiring, requests }
    }
    const collected = (offered: string | undefined, onExpired: "Fail" | "Continue" | undefined) => {
      const { expiring, requests } = offering(offered)
      return Effect.result(Stream.runCollect(Pager.items(expiring, { pageSize: 10, onExpired }))).pipe(
        Effect.map((result) =>
          result._tag === "Success" ? [result.success, requests.at(-2)] : result.failure.reason._tag
        )
      )
    }
    // The server offers to go on behind the last key.
    const [items, request] = yield* collected("20", "Continue")
    assert.deepStrictEqual<unknown>(items, upTo(35))
    assert.deepStrictEqual<unknown>(request, {
      continue: "20",
      limit: 10,
      resourceVersion: undefined,
      resourceVersionMatch: undefined
    })
    assert.strictEqual(yield* collected("20", "Fail"), "Expired")
    assert.strictEqual(yield* collected("20", undefined), "Expired")
    assert.strictEqual(yield* collected(undefined, "Continue"), "Expired")
  }))
