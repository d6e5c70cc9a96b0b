/**
 * `GroupVersionKind`: the type of an object, as objects name it themselves.
 *
 * `Scheme` finds the descriptor of one, `RestMapper` the resource that serves it. `GroupKind` leaves the version open.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as GroupVersion from "./GroupVersion.ts"
import type { ParseError } from "./ParseError.ts"
import type { KubeObject } from "./Resource.ts"

/**
 * A kind, whatever its version.
 *
 * @category models
 * @since 0.1.0
 */
export interface GroupKind {
  /** Empty for the core group. */
  readonly group: string
  readonly kind: string
}

/**
 * A kind in one version.
 *
 * @category models
 * @since 0.1.0
 */
export interface GroupVersionKind extends GroupKind {
  readonly version: string
}

/**
 * The type that an object names: empty parts where it names none. Fails for an `apiVersion` with two slashes.
 *
 * @category parsing
 * @since 0.1.0
 */
export const fromObject = (object: KubeObject): Result.Result<GroupVersionKind, ParseError> =>
  Result.map(GroupVersion.parse(object.apiVersion ?? ""), ({ group, version }) => ({
    group,
    version,
    kind: object.kind ?? ""
  }))

/**
 * Reads what a user typed in both ways that it can be meant: `Deployment.v1.apps` is a kind in a version, or a kind of
 * the group `v1.apps`. Whoever knows which groups there are can tell.
 *
 * @category parsing
 * @since 0.1.0
 */
export const parse = (
  text: string
): { readonly versioned: Option.Option<GroupVersionKind>; readonly unversioned: GroupKind } => {
  const [kind = "", version = "", ...group] = text.split(".")
  return {
    versioned: group.length === 0 ? Option.none() : Option.some({ group: group.join("."), version, kind }),
    unversioned: parseGroupKind(text)
  }
}

/**
 * Parses `Kind.group`, or `Kind` of the core group.
 *
 * @category parsing
 * @since 0.1.0
 */
export const parseGroupKind = (text: string): GroupKind => {
  const dot = text.indexOf(".")
  return dot < 0 ? { group: "", kind: text } : { group: text.slice(dot + 1), kind: text.slice(0, dot) }
}

/**
 * The text that `parse` reads back: `Deployment.v1.apps`; `Deployment.apps` and `Pod` where no version is given.
 *
 * @category printing
 * @since 0.1.0
 */
export const print = (kind: GroupKind | GroupVersionKind): string =>
  "version" in kind
    ? `${kind.kind}.${kind.version}.${kind.group}`
    : kind.group === ""
    ? kind.kind
    : `${kind.kind}.${kind.group}`

/**
 * The text of server and client-go messages: `apps/v1, Kind=Deployment`.
 *
 * @category printing
 * @since 0.1.0
 */
export const describe = ({ group, kind, version }: GroupVersionKind): string => `${group}/${version}, Kind=${kind}`

/**
 * Whether two kinds are the same.
 *
 * @category comparing
 * @since 0.1.0
 */
export const equals = (left: GroupVersionKind, right: GroupVersionKind): boolean =>
  left.kind === right.kind && left.version === right.version && left.group === right.group
