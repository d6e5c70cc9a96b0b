/**
 * `Impersonation`: acting as somebody else, as `kubectl --as` does.
 *
 * Said in a kubeconfig (`as`, `as-uid`, `as-groups`, `as-user-extra`) or in options, and sent as headers besides the
 * client's own credential: the server checks that the client may impersonate. Several groups are several header lines,
 * never one with commas.
 *
 * @see https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
 * @since 0.1.0
 */

/**
 * Whom to act as.
 *
 * @category models
 * @since 0.1.0
 */
export interface Impersonation {
  readonly user: string
  readonly uid?: string
  /** None by default: the groups of the client itself are not kept. */
  readonly groups?: ReadonlyArray<string>
  /** Further attributes, as an authorization webhook reads them. The server lower-cases the keys. */
  readonly extra?: { readonly [key: string]: ReadonlyArray<string> }
}

// RFC 7230 tokens, without % as that is the escape itself.
const isTokenByte = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) ||
  "!#$&'*+-.^_`|~".includes(String.fromCharCode(byte))

const encodeKey = (key: string): string =>
  Array.from(
    new TextEncoder().encode(key),
    (byte) => isTokenByte(byte) ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
  ).join("")

/**
 * The header lines, in the order client-go sends them; keys of `extra` are percent-encoded.
 *
 * @category accessors
 * @since 0.1.0
 */
export const headers = (impersonation: Impersonation): ReadonlyArray<readonly [name: string, value: string]> => [
  ["Impersonate-User", impersonation.user],
  ...(impersonation.uid === undefined || impersonation.uid === ""
    ? []
    : [["Impersonate-Uid", impersonation.uid] as const]),
  ...(impersonation.groups ?? []).map((group) => ["Impersonate-Group", group] as const),
  ...Object.entries(impersonation.extra ?? {}).flatMap(([key, values]) =>
    values.map((value) => [`Impersonate-Extra-${encodeKey(key)}`, value] as const)
  )
]
