/**
 * One request to a process of this machine, before any client of this library can reach it: is it ready yet?
 */
import * as Effect from "effect/Effect"
import * as http from "node:http"
import * as https from "node:https"

export interface Answer {
  readonly status: number
  readonly body: string
}

/** Answers `undefined` where no whole answer came within 5 seconds: refused, reset, no TLS yet. */
export const request = (url: string, options: {
  readonly ca?: string
  readonly token?: string
  readonly body?: unknown
}): Effect.Effect<Answer | undefined> =>
  Effect.callback((resume) => {
    const failed = () => resume(Effect.succeed(undefined))
    const settings: https.RequestOptions = {
      method: options.body === undefined ? "GET" : "POST",
      agent: false,
      timeout: 5_000,
      headers: {
        "content-type": "application/json",
        ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` })
      },
      ...(options.ca === undefined ? {} : { ca: options.ca })
    }
    const call = (url.startsWith("https:") ? https : http).request(url, settings, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("error", failed)
      response.on("end", () =>
        resume(Effect.succeed({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() })))
    })
    call.on("timeout", () =>
      call.destroy())
    call.on("error", failed)
    call.end(options.body === undefined ? undefined : JSON.stringify(options.body))
    return Effect.sync(() => call.destroy())
  })
