/**
 * Tunnels through a proxy: HTTP and HTTPS proxies by CONNECT, SOCKS 5 with and without a password.
 *
 * All kinds end as a plain socket to the API server, so that TLS, HTTP/2 and silence are handled alike with and without
 * a proxy. Names are resolved by the proxy, as Go's client does for `socks5` and `socks5h` alike.
 *
 * @see https://www.rfc-editor.org/rfc/rfc1928
 * @see https://www.rfc-editor.org/rfc/rfc1929
 * @since 0.1.0
 */
import * as NetAddress from "effect/net/NetAddress"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as net from "node:net"
import { ConnectFailure } from "./connectionError.ts"

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

const socksReplies = [
  "",
  "general failure",
  "the tunnel is not allowed by its rules",
  "network unreachable",
  "host unreachable",
  "connection refused",
  "the time to live expired",
  "CONNECT is not supported",
  "the address type is not supported"
]

const addressBytes = (host: string): Buffer => {
  const plain = host.replace(/^\[|\]$/g, "")
  const address = Result.getOrUndefined(NetAddress.ipFromString(plain))
  if (address !== undefined) {
    return NetAddress.isIpv4Address(address)
      ? Buffer.from([1, ...NetAddress.ipv4ToOctets(address)])
      : Buffer.from([4, ...NetAddress.ipv6ToOctets(address)])
  }
  const name = Buffer.from(plain)
  return Buffer.concat([Buffer.from([3, name.length]), name])
}

const socks = async (proxy: Proxy, target: Target, timeout: number): Promise<net.Socket> => {
  const socket = net.connect({ host: proxy.host, port: proxy.port })
  const reader = read(socket)
  const timer = setTimeout(() => socket.destroy(new Error("it did not answer in time")), timeout)
  const hasPassword = proxy.username !== undefined
  try {
    socket.write(Buffer.from(hasPassword ? [5, 2, 0, 2] : [5, 1, 0]))
    const chosen = await reader.take(2)
    if (chosen[0] !== 5) throw failure(proxy, "does not speak SOCKS 5")
    if (chosen[1] === 2 && hasPassword) {
      const user = Buffer.from(proxy.username ?? "")
      const password = Buffer.from(proxy.password === undefined ? "" : Redacted.value(proxy.password))
      socket.write(Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([password.length]), password]))
      if ((await reader.take(2))[1] !== 0) throw failure(proxy, "refused the user name and password of the proxy URL")
    } else if (chosen[1] !== 0) {
      throw failure(proxy, "asks for a user name and password")
    }
    socket.write(
      Buffer.concat([
        Buffer.from([5, 1, 0]),
        addressBytes(target.host),
        Buffer.from([target.port >> 8, target.port & 255])
      ])
    )
    const reply = await reader.take(4)
    const code = reply[1] ?? 1
    if (code !== 0) {
      throw failure(proxy, `refused the tunnel to ${authority(target)}: ${socksReplies[code] ?? `code ${code}`}`)
    }
    // The address it bound, which nobody needs.
    await reader.take(2 + (reply[3] === 1 ? 4 : reply[3] === 4 ? 16 : (await reader.take(1))[0] ?? 0))
    reader.release()
    return socket
  } catch (cause) {
    socket.destroy()
    throw cause instanceof ConnectFailure ? cause : unreachable(proxy, cause as Error)
  } finally {
    clearTimeout(timer)
  }
}

const read = (socket: net.Socket) => {
  let held = Buffer.alloc(0)
  let fault: Error | undefined
  let notify = () => {}
  const onData = (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    notify()
  }
  const onError = (error: Error) => {
    fault ??= error
    notify()
  }
  const onClose = () => onError(new Error("it closed the connection"))
  socket.on("data", onData)
  socket.on("error", onError)
  socket.on("close", onClose)
  return {
    take: async (length: number): Promise<Buffer> => {
      while (held.length < length) {
        if (fault !== undefined) throw fault
        await new Promise<void>((resolve) => {
          notify = resolve
        })
      }
      const taken = held.subarray(0, length)
      held = held.subarray(length)
      return taken
    },
    release: () => {
      socket.off("data", onData)
      socket.off("error", onError)
      socket.off("close", onClose)
      socket.pause()
      if (held.length > 0) socket.unshift(held)
    }
  }
}
