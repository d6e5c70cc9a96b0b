/**
 * Addresses as Go's `url.ParseRequestURI` reads them: absolute, or a path from the root.
 *
 * @internal
 */
import * as Result from "effect/Result"

/** The parts of an address. */
export interface RequestUrl {
  readonly scheme: string
  /** With the port, where there is one. */
  readonly host: string
  readonly path: string
  readonly query: string
}

type Outcome = Result.Result<RequestUrl, string>

const hostOf = (authority: string): Result.Result<string, string> => {
  const host = authority.slice(authority.lastIndexOf("@") + 1)
  const [, name = "", port = ""] = /^(\[[^\]]*\]|[^:]*)(.*)$/s.exec(host) ?? []
  const bad = /[\s"<>^`{|}\\]/.exec(name)?.[0]
  if (bad !== undefined) return Result.fail(`invalid character ${JSON.stringify(bad)} in host name`)
  return /^(?::\d*)?$/.test(port)
    ? Result.succeed(host)
    : Result.fail(`invalid port ${JSON.stringify(port)} after host`)
}

/** Reads an address. Fails with Go's words. */
export const parse = (text: string): Outcome => {
  const fail = (why: string): Outcome => Result.fail(`parse ${JSON.stringify(text)}: ${why}`)
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(text)) return fail("net/url: invalid control character in URL")
  if (text === "") return fail("empty url")
  const [, scheme = "", after = ""] = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(.*)$/s.exec(text) ?? []
  const [, address = "", query = ""] = /^([^?#]*)(?:\?([^#]*))?/.exec(after) ?? []
  if (text.startsWith(":")) return fail("missing protocol scheme")
  if (!address.startsWith("/")) {
    return scheme === "" ? fail("invalid URI for request") : Result.succeed({ scheme, host: "", path: "", query })
  }
  const hasHost = address.startsWith("//") && (scheme !== "" || !address.startsWith("///"))
  const [, authority = "", path = ""] = hasHost ? /^\/\/([^/]*)(.*)$/s.exec(address) ?? [] : ["", "", address]
  const escape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(path)?.[0]
  if (escape !== undefined) return fail(`invalid URL escape ${JSON.stringify(escape)}`)
  return Result.match(hostOf(authority), {
    onFailure: fail,
    onSuccess: (host) => Result.succeed({ scheme: scheme.toLowerCase(), host, path, query })
  })
}

/** The host without its port and brackets. */
export const hostname = ({ host }: RequestUrl): string => host.replace(/:\d*$/, "").replace(/^\[(.*)\]$/, "$1")

/** The port, empty where there is none. */
export const port = ({ host }: RequestUrl): string => /:(\d*)$/.exec(host)?.[1] ?? ""

/** The path with what no path holds escaped. */
export const escapedPath = ({ path }: RequestUrl): string =>
  path.replaceAll(/[^A-Za-z0-9\-_.~!$&'()*+,;=:@/%[\]]/gu, (character) => encodeURIComponent(character.toWellFormed()))

const decoded = (text: string): string =>
  Result.getOrElse(
    Result.try({ try: () => decodeURIComponent(text.replaceAll("+", " ")), catch: () => undefined }),
    () => text
  )

/** The values of the query by key, in the order they stand there. */
export const parameters = ({ query }: RequestUrl): ReadonlyMap<string, ReadonlyArray<string>> => {
  const found = new Map<string, Array<string>>()
  for (const part of query.split("&")) {
    if (part === "" || part.includes(";")) continue
    const equals = part.indexOf("=")
    const key = decoded(equals < 0 ? part : part.slice(0, equals))
    const value = equals < 0 ? "" : decoded(part.slice(equals + 1))
    found.set(key, [...found.get(key) ?? [], value])
  }
  return found
}
