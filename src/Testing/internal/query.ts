/**
 * The options of a request: those in the query, checked as the real server checks them.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as FieldError from "./fieldError.ts"
import * as StatusError from "./statusError.ts"

/** What lists and watches may ask for. */
export interface ListOptions {
  readonly labelSelector: string
  readonly fieldSelector: string
  readonly resourceVersion: string
  readonly resourceVersionMatch: string
  readonly limit: number
  readonly continue: string
  readonly timeoutSeconds: number | undefined
  readonly isWatch: boolean
  readonly allowWatchBookmarks: boolean
  readonly sendInitialEvents: boolean | undefined
}

/** What writes may ask for. */
export interface WriteOptions {
  readonly isDryRun: boolean
  readonly fieldManager: string
  readonly fieldValidation: "Strict" | "Warn" | "Ignore"
  readonly force: boolean | undefined
}

const flag = (text: string | null): boolean | undefined =>
  text === null ? undefined : text === "" || text === "1" || text.toLowerCase() === "true"

const integer = (query: URLSearchParams, name: string): Result.Result<number | undefined, StatusError.StatusError> => {
  const text = query.get(name)
  if (text === null || text === "") return Result.succeed(undefined)
  return /^[-+]?[0-9]+$/.test(text)
    ? Result.succeed(Number(text))
    : Result.fail(StatusError.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`))
}

const refuse = (kind: string, errors: ReadonlyArray<FieldError.FieldError>) =>
  StatusError.invalid({ group: "meta.k8s.io", kind }, "", errors)

const listErrors = (options: ListOptions): ReadonlyArray<FieldError.FieldError> => {
  const { resourceVersion, resourceVersionMatch: match, sendInitialEvents } = options
  const errors: Array<FieldError.FieldError> = []
  const forbid = (field: string, why: string) => errors.push(FieldError.forbidden(field, why))
  if (options.isWatch) {
    if (sendInitialEvents !== undefined) {
      if (match !== "NotOlderThan") {
        forbid("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
      }
    } else if (match !== "") {
      forbid("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
    }
    if (match !== "" && match !== "NotOlderThan") {
      errors.push(FieldError.notSupported("resourceVersionMatch", match, ["NotOlderThan"]))
    }
    return errors
  }
  if (match !== "") {
    if (options.continue !== "") {
      forbid("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")
    }
    if (resourceVersion === "") {
      forbid("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided")
    }
    if (match !== "Exact" && match !== "NotOlderThan") {
      errors.push(FieldError.notSupported("resourceVersionMatch", match, ["Exact", "NotOlderThan", ""]))
    } else if (match === "Exact" && resourceVersion === "0") {
      forbid("resourceVersionMatch", `resourceVersionMatch "exact" is forbidden for resourceVersion "0"`)
    }
  }
  if (sendInitialEvents !== undefined) forbid("sendInitialEvents", "sendInitialEvents is forbidden for list")
  return errors
}

/** The options of a list or watch. */
export const list = (query: URLSearchParams): Result.Result<ListOptions, StatusError.StatusError> =>
  Result.gen(function*() {
    const limit = yield* integer(query, "limit")
    const timeoutSeconds = yield* integer(query, "timeoutSeconds")
    const options: ListOptions = {
      labelSelector: query.get("labelSelector") ?? "",
      fieldSelector: query.get("fieldSelector") ?? "",
      resourceVersion: query.get("resourceVersion") ?? "",
      resourceVersionMatch: query.get("resourceVersionMatch") ?? "",
      limit: limit ?? 0,
      continue: query.get("continue") ?? "",
      timeoutSeconds,
      isWatch: flag(query.get("watch")) ?? false,
      allowWatchBookmarks: flag(query.get("allowWatchBookmarks")) ?? false,
      sendInitialEvents: flag(query.get("sendInitialEvents"))
    }
    const errors = listErrors(options)
    return errors.length === 0 ? options : yield* Result.fail(refuse("ListOptions", errors))
  })

/** A resourceVersion as a number; `undefined` where it is empty. */
export const resourceVersion = (text: string): Result.Result<number | undefined, string> =>
  text === ""
    ? Result.succeed(undefined)
    : /^[0-9]+$/.test(text)
    ? Result.succeed(Number(text))
    : Result.fail(
      `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${
        JSON.stringify(text)
      }: invalid syntax`
    )

/** The manager that a request names, or the first word of its User-Agent. */
export const managerOf = (named: string, userAgent: string): string =>
  named !== "" ? named : (userAgent.split("/")[0] ?? "").slice(0, 128) || "unknown"

/** The options of a write. `kind` is that of the options: `CreateOptions`, `PatchOptions`. */
export const write = (
  query: URLSearchParams,
  kind: "CreateOptions" | "UpdateOptions" | "PatchOptions",
  userAgent: string,
  isApply = false
): Result.Result<WriteOptions, StatusError.StatusError> => {
  const dryRun = query.getAll("dryRun")
  const named = query.get("fieldManager") ?? ""
  const validation = query.get("fieldValidation") ?? ""
  const force = flag(query.get("force"))
  const errors: Array<FieldError.FieldError> = []
  if (kind === "PatchOptions" && isApply && named === "") {
    errors.push(FieldError.required("fieldManager", "is required for apply patch"))
  }
  if (kind === "PatchOptions" && !isApply && force !== undefined) {
    errors.push(FieldError.forbidden("force", "may not be specified for non-apply patch"))
  }
  if (named.length > 128) errors.push(FieldError.tooLong("fieldManager", 128))
  if (!/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(named)) {
    errors.push(FieldError.invalid("fieldManager", named, "should only contain printable characters"))
  }
  if (dryRun.some((each) => each !== "All")) errors.push(FieldError.notSupported("dryRun", dryRun, ["All"]))
  if (validation !== "" && validation !== "Ignore" && validation !== "Strict" && validation !== "Warn") {
    errors.push(FieldError.notSupported("fieldValidation", validation, ["", "Ignore", "Strict", "Warn"]))
  }
  return errors.length > 0 ? Result.fail(refuse(kind, errors)) : Result.succeed({
    isDryRun: dryRun.length > 0,
    fieldManager: managerOf(named, userAgent),
    fieldValidation: validation === "Strict" || validation === "Ignore" ? validation : "Warn",
    force
  })
}

/** The options of a deletion, from the body and the query. */
export interface DeleteOptions {
  readonly isDryRun: boolean
  readonly gracePeriodSeconds: number | undefined
  readonly uid: string | undefined
  readonly resourceVersion: string | undefined
  readonly propagationPolicy: "Foreground" | "Background" | "Orphan" | undefined
}

/** The options of a deletion. */
export const deletion = (
  query: URLSearchParams,
  body: { readonly [key: string]: unknown }
): Result.Result<DeleteOptions, StatusError.StatusError> =>
  Result.gen(function*() {
    const queried = yield* integer(query, "gracePeriodSeconds")
    const given = body["gracePeriodSeconds"]
    const gracePeriodSeconds = typeof given === "number" ? given : queried
    const policy = body["propagationPolicy"] ?? query.get("propagationPolicy") ?? undefined
    const dryRun = Array.isArray(body["dryRun"]) ? body["dryRun"] : query.getAll("dryRun")
    const orphan = body["orphanDependents"]
    const errors: Array<FieldError.FieldError> = []
    if (policy !== undefined && policy !== "Foreground" && policy !== "Background" && policy !== "Orphan") {
      errors.push(
        FieldError.notSupported("propagationPolicy", policy, ["Foreground", "Background", "Orphan", "nil"])
      )
    }
    if (dryRun.some((each: unknown) => each !== "All")) errors.push(FieldError.notSupported("dryRun", dryRun, ["All"]))
    if (errors.length > 0) return yield* Result.fail(refuse("DeleteOptions", errors))
    const preconditions = (body["preconditions"] ?? {}) as { readonly [key: string]: unknown }
    const text = (value: unknown) => typeof value === "string" ? value : undefined
    return {
      isDryRun: dryRun.length > 0,
      gracePeriodSeconds,
      uid: text(preconditions["uid"]),
      resourceVersion: text(preconditions["resourceVersion"]),
      propagationPolicy: (policy as DeleteOptions["propagationPolicy"]) ??
        (orphan === true ? "Orphan" : orphan === false ? "Background" : undefined)
    }
  })
