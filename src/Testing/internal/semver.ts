/**
 * Semantic versions, as Kubernetes' rules read them.
 *
 * @see https://semver.org
 * @internal
 */
import * as Result from "effect/Result"

/** A version. Build metadata count for nothing. */
export interface Semver {
  readonly numbers: readonly [major: number, minor: number, patch: number]
  readonly prerelease: ReadonlyArray<string>
}

const number = /^(?:0|[1-9]\d*)$/

const identifier = /^[0-9A-Za-z-]+$/

/** A text as versions are often written, brought to the form of three numbers: `v1.2` becomes `1.2.0`. */
export const normalized = (text: string): string => {
  const [, bare = "", rest = ""] = /^\s*v?([^-+]*)(.*?)\s*$/s.exec(text) ?? []
  const parts = bare.split(".").map((part) => /^\d+$/.test(part) ? part.replace(/^0+(?=\d)/, "") : part)
  while (parts.length < 3) parts.push("0")
  return `${parts.join(".")}${rest}`
}

/** Reads a version. */
export const parse = (text: string): Result.Result<Semver, string> => {
  if (text === "") return Result.fail("Version string empty")
  const [, core = "", , pre, , build] = /^([^-+]*)(-([^+]*))?(\+(.*))?$/s.exec(text) ?? []
  const parts = text.split(".").length < 3 ? [] : core.split(".")
  if (parts.length !== 3) return Result.fail("No Major.Minor.Patch elements found")
  const [major = "", minor = "", patch = ""] = parts
  for (const part of parts) {
    if (!/^\d+$/.test(part)) return Result.fail(`Invalid character(s) found in version number ${JSON.stringify(part)}`)
    if (!number.test(part)) {
      return Result.fail(`Version number must not contain leading zeroes ${JSON.stringify(part)}`)
    }
  }
  const prerelease = pre === undefined ? [] : pre.split(".")
  const isBad = prerelease.some((part) => !identifier.test(part) || (/^\d+$/.test(part) && !number.test(part))) ||
    (build !== undefined && build.split(".").some((part) => !identifier.test(part)))
  return isBad
    ? Result.fail(`Invalid character(s) found in prerelease ${JSON.stringify(pre ?? "")}`)
    : Result.succeed({ numbers: [Number(major), Number(minor), Number(patch)], prerelease })
}

const compareIdentifiers = (left: string, right: string): number => {
  const isLeft = number.test(left)
  const isRight = number.test(right)
  if (isLeft && isRight) return Number(left) - Number(right)
  if (isLeft !== isRight) return isLeft ? -1 : 1
  return left < right ? -1 : left > right ? 1 : 0
}

/** -1, 0 or 1 as the first version is older, the same or newer. */
export const compare = (left: Semver, right: Semver): -1 | 0 | 1 => {
  const sign = (difference: number) => difference < 0 ? -1 : difference > 0 ? 1 : 0
  for (const [index, part] of left.numbers.entries()) {
    const difference = sign(part - (right.numbers[index] ?? 0))
    if (difference !== 0) return difference
  }
  // A version that is released comes after those before its release.
  if (left.prerelease.length === 0 || right.prerelease.length === 0) {
    return sign(right.prerelease.length - left.prerelease.length)
  }
  for (const [index, part] of left.prerelease.entries()) {
    const other = right.prerelease[index]
    if (other === undefined) return 1
    const difference = sign(compareIdentifiers(part, other))
    if (difference !== 0) return difference
  }
  return sign(left.prerelease.length - right.prerelease.length)
}
