/**
 * How `NodeTransport` opens one connection: directly or through a proxy, then TLS, then watched for silence.
 *
 * undici calls the connector for each new connection and speaks HTTP/1.1 or HTTP/2 on what it gets, as ALPN decided.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import type * as net from "node:net"
import type { SecureContext } from "node:tls"
import type { ClientCertificate } from "../../Config/Credential.ts"
import { ConnectFailure } from "./connectionError.ts"
import * as nodeProxy from "./nodeProxy.ts"
import * as Undici from "./nodeUndici.ts"

// Not imported: a bundle of one file would load them at its start, although this module is loaded when it is needed.
const crypto = process.getBuiltinModule("node:crypto")
const dns = process.getBuiltinModule("node:dns")
const tls = process.getBuiltinModule("node:tls")

/** What all connections of one dispatcher share. Times are in milliseconds. */
export interface Options {
  /** Whether the server is spoken to by TLS: what no handshake needs is not made. */
  readonly isTls: boolean
  readonly ca: string | undefined
  readonly certificate: ClientCertificate | undefined
  readonly serverName: string | undefined
  readonly isInsecure: boolean
  readonly allowsHttp2: boolean
  readonly proxy: nodeProxy.Proxy | undefined
  readonly connectTimeout: number
  readonly pingInterval: number
  readonly pingTimeout: number
  /** Called with the seconds that a name lookup took. */
  readonly onLookup: (seconds: number) => void
}

const block = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^]*?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g

const parse = (pem: string) => new crypto.X509Certificate(pem)

// Node drops what it cannot read of a bundle, and with it the trust of a server that is trusted.
const checkBundle = (ca: string): void => {
  const blocks = ca.match(block)
  if (blocks === null) throw new ConnectFailure("Tls", "no certificate (PEM) is in the CA bundle")
  for (const [index, pem] of blocks.entries()) {
    try {
      parse(pem)
    } catch (cause) {
      throw new ConnectFailure("Tls", `certificate ${index + 1} of the CA bundle is damaged`, cause)
    }
  }
}

const contextOf = ({ ca, certificate }: Options): SecureContext => {
  if (ca !== undefined) checkBundle(ca)
  try {
    return tls.createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(certificate === undefined ? {} : { cert: certificate.certificate, key: Redacted.value(certificate.key) }),
      minVersion: "TLSv1.2"
    })
  } catch (cause) {
    throw new ConnectFailure(
      "Tls",
      "the client certificate or its key is damaged, or the key is not the certificate's",
      cause
    )
  }
}

/** Opens connections. Throws `ConnectFailure` where the certificates cannot be used. */
export const make = (options: Options): Undici.Connector => {
  const connect = Undici.buildConnector({
    ...(options.isTls ? { secureContext: contextOf(options) } : {}),
    rejectUnauthorized: !options.isInsecure,
    allowH2: options.allowsHttp2,
    preferH2: true,
    timeout: options.connectTimeout,
    // As Go's dialer.
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    lookup: timedLookup(options.onLookup),
    ...(options.serverName === undefined ? {} : { servername: options.serverName })
  })
  return (target, callback) => {
    const done: Undici.ConnectorCallback = (...result) => {
      // With an error undici leaves the socket out, in spite of its types.
      const socket = result[1] ?? undefined
      if (socket !== undefined && "alpnProtocol" in socket && socket.alpnProtocol === "h2") {
        watchSilence(socket, options)
      }
      callback(...result)
    }
    if (options.proxy === undefined) return connect(target, done)
    const port = Number(target.port === "" ? (target.protocol === "https:" ? 443 : 80) : target.port)
    nodeProxy.dial(options.proxy, { host: target.hostname, port }, options.connectTimeout).then(
      // Through a tunnel the TLS layer, where there is one, is put on the tunnel's socket.
      (socket) => target.protocol === "https:" ? connect({ ...target, httpSocket: socket }, done) : done(null, socket),
      (error: Error) => callback(error, null)
    )
  }
}

const timedLookup = (onLookup: Options["onLookup"]): net.LookupFunction => (hostname, options, callback) => {
  const from = performance.now()
  dns.lookup(hostname, options, (error, address, family) => {
    onLookup((performance.now() - from) / 1000)
    callback(error, address, family)
  })
}

// undici sends a PING every `pingInterval` but never asks whether it was answered. A living connection therefore shows
// bytes at least that often; one that has not for `pingTimeout` more is dead, whatever TCP thinks.
const watchSilence = (socket: net.Socket, options: Options) => {
  if (options.pingInterval === 0) return
  let bytesRead = -1
  let silentSince = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    if (socket.bytesRead !== bytesRead) {
      bytesRead = socket.bytesRead
      silentSince = now
    } else if (now - silentSince >= options.pingInterval + options.pingTimeout) {
      clearInterval(timer)
      socket.destroy(
        new ConnectFailure("Closed", "the HTTP/2 connection was lost: the server did not answer a PING in time")
      )
    }
  }, Math.max(1, Math.min(options.pingTimeout, options.pingInterval) / 3)).unref()
  socket.once("close", () => clearInterval(timer))
}
