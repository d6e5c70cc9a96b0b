/**
 * Answers before they become bytes.
 *
 * @internal
 */
import type { Form } from "./negotiation.ts"
import type * as StatusError from "./statusError.ts"
import type * as Watching from "./watching.ts"

/** A whole body. */
export interface Whole {
  readonly _tag: "Whole"
  readonly status: number
  readonly contentType: string
  /** What is to be printed as JSON or YAML, or a text that goes out as it is. */
  readonly body: unknown
  readonly isText: boolean
  readonly headers: { readonly [name: string]: string }
}

/** A stream of events. */
export interface Watch {
  readonly _tag: "Watch"
  readonly watch: Watching.Watch
  readonly present: (frame: Watching.Frame) => unknown
}

/** An answer. */
export type Reply = Whole | Watch

/** A JSON or YAML body. */
export const json = (
  status: number,
  body: unknown,
  form?: Pick<Form, "isYaml">,
  contentType?: string
): Reply => ({
  _tag: "Whole",
  status,
  contentType: contentType ?? (form?.isYaml === true ? "application/yaml" : "application/json"),
  body,
  isText: false,
  headers: {}
})

/** A text. */
export const text = (status: number, body: string): Reply => ({
  _tag: "Whole",
  status,
  contentType: "text/plain; charset=utf-8",
  body,
  isText: true,
  headers: {}
})

/** A refusal. */
export const status = (error: StatusError.StatusError): Reply => {
  const retryAfter = error.details?.retryAfterSeconds
  return {
    _tag: "Whole",
    status: error.code,
    contentType: "application/json",
    body: error,
    isText: false,
    headers: retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }
  }
}

/** What is not there at all. */
export const notFound: Reply = text(404, "404 page not found\n")
