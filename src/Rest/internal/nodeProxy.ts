/**
 * Tunnels through a proxy: HTTP and HTTPS proxies by CONNECT, SOCKS 5 with and without a password.
 *
 * All kinds end as a plain socket to the API server, so that TLS, HTTP/2 and silence are handled alike with and without
 * a proxy. Names are resolved by the proxy, as Go's client does for `socks5` and `socks5h` alike.
 *
 * undici speaks SOCKS.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import type * as net from "node:net"
import { ConnectFailure } from "./connectionError.ts"
import { Socks5Client } from "./nodeUndici.ts"

/** A proxy, its password apart from its address. */
export interface Proxy {
  readonly protocol: "http:" | "https:" | "socks5:"
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: Redacted.Redacted<string> | undefined
}

const defaultPorts = { "http:": 80, "https:": 443, "socks5:": 1080 }

/** Reads a proxy's address; `undefined` where the protocol is none we speak. */
export const parse = (url: URL): Proxy | undefined => {
  const protocol = url.protocol === "socks5h:" ? "socks5:" : url.protocol
  if (protocol !== "http:" && protocol !== "https:" && protocol !== "socks5:") return undefined
  return {
    protocol,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? defaultPorts[protocol] : Number(url.port),
    username: url.username === "" ? undefined : decodeURIComponent(url.username),
    password: url.password === ""
      ? undefined
      : Redacted.make(decodeURIComponent(url.password), { label: "proxy password" })
  }
}

/** Where the tunnel leads. */
export interface Target {
  readonly host: string
  readonly port: number
}

/** Opens a tunnel. Rejects with `ConnectFailure` of kind Proxy. */
export const dial = (proxy: Proxy, target: Target, timeout: number): Promise<net.Socket> =>
  proxy.protocol === "socks5:" ? socks(proxy, target, timeout) : connect(proxy, target, timeout)

const nameOf = (proxy: Proxy) =>
  `${proxy.protocol}//${proxy.host.includes(":") ? `[${proxy.host}]` : proxy.host}:${proxy.port}`

const failure = (proxy: Proxy, what: string, cause?: unknown) =>
  new ConnectFailure("Proxy", `the proxy ${nameOf(proxy)} ${what}`, cause)

const unreachable = (proxy: Proxy, cause: Error) =>
  failure(
    proxy,
    `could not be used: ${cause.message === "" ? String((cause as NodeJS.ErrnoException).code) : cause.message}`,
    cause
  )

const authority = ({ host, port }: Target) =>
  `${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`

const basic = (proxy: Proxy): { readonly "proxy-authorization"?: string } =>
  proxy.username === undefined
    ? {}
    : {
      "proxy-authorization": `Basic ${
        Buffer.from(`${proxy.username}:${proxy.password === undefined ? "" : Redacted.value(proxy.password)}`).toString(
          "base64"
        )
      }`
    }

// To import `node:http` as a module costs every program 25 ms: its namespace loads the whole of Node's own fetch.
const moduleOf = ({ protocol }: Proxy) =>
  protocol === "https:" ? process.getBuiltinModule("node:https") : process.getBuiltinModule("node:http")

const connect = (proxy: Proxy, target: Target, timeout: number): Promise<net.Socket> =>
  new Promise((resolve, reject) => {
    const request = moduleOf(proxy).request({
      method: "CONNECT",
      host: proxy.host,
      port: proxy.port,
      path: authority(target),
      headers: { host: authority(target), ...basic(proxy) },
      agent: false,
      timeout
    })
    request.once("connect", (response, socket, head) => {
      const status = response.statusCode ?? 0
      if (status >= 200 && status < 300) {
        if (head.length > 0) socket.unshift(head)
        socket.setTimeout(0)
        resolve(socket as net.Socket)
        return
      }
      socket.destroy()
      reject(
        failure(
          proxy,
          status === 407
            ? "asks for a user name and password, or refused those of the proxy URL (HTTP 407)"
            : `refused the tunnel to ${authority(target)} (HTTP ${status})`
        )
      )
    })
    // A proxy that answers a CONNECT as an ordinary request.
    request.once("response", (response) => {
      request.destroy()
      reject(failure(proxy, `refused the tunnel to ${authority(target)} (HTTP ${response.statusCode})`))
    })
    request.once("timeout", () => request.destroy(new Error("it did not answer in time")))
    request.once("error", (cause) => reject(unreachable(proxy, cause)))
    request.end()
  })

// What undici's codes mean for who set the proxy. The rest is a proxy that could not be used.
const socksFaults: { readonly [code: string]: string } = {
  UND_ERR_SOCKS5_VERSION: "does not speak SOCKS 5",
  UND_ERR_SOCKS5_REPLY_VERSION: "does not speak SOCKS 5",
  UND_ERR_SOCKS5_AUTH_REJECTED: "asks for a user name and password",
  UND_ERR_SOCKS5_AUTH_METHOD: "asks for a user name and password",
  UND_ERR_SOCKS5_AUTH_FAILED: "refused the user name and password of the proxy URL"
}

const socksFailure = (proxy: Proxy, target: Target, cause: Error & { readonly code?: string }): ConnectFailure => {
  const code = cause.code ?? ""
  const what = socksFaults[code]
  if (what !== undefined) return failure(proxy, what)
  return code.startsWith("UND_ERR_SOCKS5_REPLY_")
    ? failure(proxy, `refused the tunnel to ${authority(target)}: ${cause.message}`)
    : unreachable(proxy, cause)
}

const socks = (proxy: Proxy, target: Target, timeout: number): Promise<net.Socket> =>
  new Promise((resolve, reject) => {
    const socket = process.getBuiltinModule("node:net").connect({ host: proxy.host, port: proxy.port })
    const fail = (cause: Error) => {
      clearTimeout(timer)
      socket.destroy()
      reject(socksFailure(proxy, target, cause))
    }
    const timer = setTimeout(() => fail(new Error("it did not answer in time")), timeout)
    const client = new Socks5Client(socket, {
      username: proxy.username,
      password: proxy.password === undefined ? undefined : Redacted.value(proxy.password)
    })
    // Stays, as the client passes on what goes wrong with the socket later too.
    client.on("error", fail)
    client.on("close", () => fail(new Error("it closed the connection")))
    client.once("authenticated", () => client.connect(target.host.replace(/^\[|\]$/g, ""), target.port))
    client.once("connected", () => {
      clearTimeout(timer)
      resolve(socket)
    })
    client.handshake()
  })
