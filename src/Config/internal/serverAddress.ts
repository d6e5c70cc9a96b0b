/**
 * The address of an API server as client-go understands it.
 */
import * as Effect from "effect/Effect"
import * as KubeconfigError from "../KubeconfigError.ts"

/** Where an address stands, for messages. */
export type Place = Pick<KubeconfigError.Issue, "member" | "path">

/**
 * Scheme, host, port and path, without a slash at its end; query and fragment are dropped. `http://` goes before an
 * address without a scheme. A user or password in it is refused: they would end up in logs.
 */
export const parse = (text: string, place: Place): Effect.Effect<string, KubeconfigError.KubeconfigError> => {
  const fail = (description: string) => Effect.fail(KubeconfigError.invalid({ ...place, description }))
  const url = URL.parse(/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text) ? text : `http://${text}`)
  if (url === null) return fail("expected an address as https://HOST:PORT")
  if (url.protocol !== "https:" && url.protocol !== "http:") return fail("expected https:// or http://")
  if (url.username !== "" || url.password !== "") return fail("an address cannot hold a user or a password")
  return Effect.succeed(`${url.origin}${url.pathname.replace(/\/+$/, "")}`)
}

/** Proxies are addresses with four schemes and perhaps a password. */
export const isProxyUrl = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && ["http:", "https:", "socks5:", "socks5h:"].includes(url.protocol) && url.hostname !== ""
}

/** Whether credentials may be sent there. */
export const isSecure = (server: string): boolean => server.startsWith("https://")
