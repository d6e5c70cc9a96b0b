/**
 * Failures of Node's own modules as platform errors.
 */
import * as PlatformError from "effect/PlatformError"
import * as Predicate from "effect/Predicate"

const tags: { readonly [code: string]: PlatformError.SystemErrorTag } = {
  ENOENT: "NotFound",
  EACCES: "PermissionDenied",
  EPERM: "PermissionDenied",
  EEXIST: "AlreadyExists",
  EISDIR: "BadResource",
  ENOTDIR: "BadResource",
  ELOOP: "BadResource",
  EBUSY: "Busy"
}

export const make = (module: string, method: string, path: string, cause: unknown): PlatformError.PlatformError => {
  const { code, syscall } = Predicate.isObject(cause) ? cause : {}
  return PlatformError.systemError({
    _tag: (typeof code === "string" ? tags[code] : undefined) ?? "Unknown",
    module,
    method,
    pathOrDescriptor: path,
    ...(typeof syscall === "string" ? { syscall } : {}),
    cause
  })
}
