/**
 * `GroupVersion`: one version of one API group, the `apiVersion` of objects.
 *
 * On the wire it is `version` for the core group and `group/version` for all others; `Resource.apiVersion` prints it.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as GoText from "./internal/goText.ts"
import { ParseError } from "./ParseError.ts"

/**
 * A group, empty for the core group, and a version.
 *
 * @category models
 * @since 0.1.0
 */
export interface GroupVersion {
  readonly group: string
  readonly version: string
}

/**
 * Parses an `apiVersion`. Fails for more than one slash.
 *
 * @category parsing
 * @since 0.1.0
 */
export const parse = (apiVersion: string): Result.Result<GroupVersion, ParseError> => {
  const slash = apiVersion.indexOf("/")
  if (slash < 0) return Result.succeed({ group: "", version: apiVersion })
  const second = apiVersion.indexOf("/", slash + 1)
  return second < 0
    ? Result.succeed({ group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) })
    : Result.fail(
      new ParseError({
        what: "apiVersion",
        input: apiVersion,
        position: second,
        reason: `unexpected GroupVersion string: ${apiVersion}`
      })
    )
}

const stages = ["alpha", "beta", ""]

const kubeVersion = (version: string): readonly [stage: number, major: number, minor: number] | undefined => {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  return match === null ? undefined : [stages.indexOf(match[2] ?? ""), Number(match[1]), Number(match[3] ?? "0")]
}

/**
 * Which of two versions comes first where both are offered: negative, zero or positive. Stable before beta before alpha,
 * higher before lower; versions of another form come last, in the order of their text.
 *
 * ```ts
 * ["v1beta1", "v1", "v2alpha1"].sort(GroupVersion.comparePriority) // ["v1", "v1beta1", "v2alpha1"]
 * ```
 *
 * @see https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#version-priority
 * @category comparing
 * @since 0.1.0
 */
export const comparePriority = (left: string, right: string): number => {
  const first = kubeVersion(left)
  const second = kubeVersion(right)
  if (first === undefined || second === undefined) {
    return first === second ? GoText.compare(left, right) : first === undefined ? 1 : -1
  }
  return second[0] - first[0] || second[1] - first[1] || second[2] - first[2]
}
