/**
 * Which proxy leads to a server, as the environment says it: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in upper or
 * lower case, read as Go's client reads them.
 *
 * A `proxy-url` in the kubeconfig goes before all of this and knows no `NO_PROXY`. The transport opens the tunnels.
 *
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as IpInterface from "effect/net/IpInterface"
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"

/**
 * What the environment says.
 *
 * @category models
 * @since 0.1.0
 */
export interface Environment {
  /** For `https:` servers. */
  readonly httpsProxy: Redacted.Redacted<string> | undefined
  /** For `http:` servers. */
  readonly httpProxy: Redacted.Redacted<string> | undefined
  /** Hosts, domains, addresses and networks that are reached directly, separated by commas; `*` for all. */
  readonly noProxy: string | undefined
}

const first = <A>(
  read: (name: string) => Config.Config<A>,
  name: string
): Effect.Effect<A | undefined, Config.ConfigError> =>
  Config.option(Config.orElse(read(name), () => read(name.toLowerCase()))).pipe(Effect.map(Option.getOrUndefined))

/**
 * Reads the environment through `Config`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromEnv: Effect.Effect<Environment, Config.ConfigError> = Effect.all({
  httpsProxy: first(Config.Redacted, "HTTPS_PROXY"),
  httpProxy: first(Config.Redacted, "HTTP_PROXY"),
  noProxy: first(Config.String, "NO_PROXY")
})

/**
 * The proxy's address for a server; nothing where it is reached directly. `localhost` and loopback addresses are, always.
 * An address without scheme is taken for `http:`.
 *
 * @category accessors
 * @since 0.1.0
 */
export const forServer = (environment: Environment, server: string): Redacted.Redacted<string> | undefined => {
  const url = URL.parse(server)
  if (url === null) return undefined
  const proxy = url.protocol === "https:" ? environment.httpsProxy : environment.httpProxy
  if (proxy === undefined || Redacted.value(proxy).trim() === "") return undefined
  if (isDirect(environment.noProxy ?? "", url)) return undefined
  const text = Redacted.value(proxy).trim()
  return Redacted.make(text.includes("://") ? text : `http://${text}`, { label: "proxy" })
}

const isDirect = (noProxy: string, url: URL): boolean => {
  const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase()
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port
  const address = Result.getOrUndefined(NetAddress.ipFromString(host))
  if (host === "localhost" || (address !== undefined && NetAddress.isLoopback(address))) return true
  return noProxy.split(",").some((entry) => matches(entry.trim().toLowerCase(), host, port, address))
}

const matches = (entry: string, host: string, port: string, address: NetAddress.IpAddress | undefined): boolean => {
  if (entry === "") return false
  if (entry === "*") return true
  const network = IpInterface.fromString(entry)
  if (entry.includes("/") && Result.isSuccess(network)) {
    return address !== undefined && IpNetwork.contains(IpNetwork.fromInterface(network.success), address)
  }
  const [name, itsPort] = splitPort(entry)
  if (name === "" || (itsPort !== undefined && itsPort !== port)) return false
  const itsAddress = NetAddress.ipFromString(name)
  if (Result.isSuccess(itsAddress)) {
    return address !== undefined && NetAddress.formatIp(itsAddress.success) === NetAddress.formatIp(address)
  }
  if (address !== undefined) return false
  const domain = name.startsWith("*.") ? name.slice(1) : name
  return domain.startsWith(".") ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`)
}

const splitPort = (entry: string): readonly [name: string, port: string | undefined] => {
  const bracketed = /^\[(.*)\](?::(\d+))?$/.exec(entry)
  if (bracketed !== null) return [bracketed[1] ?? "", bracketed[2]]
  const parts = entry.split(":")
  return parts.length === 2 ? [parts[0] ?? "", parts[1]] : [entry, undefined]
}
