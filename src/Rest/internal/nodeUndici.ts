/**
 * The parts of undici that `NodeTransport` stands on: pools by origin, the making of one connection, and SOCKS 5.
 *
 * undici's index is one CommonJS module with fetch, WebSocket, mocks and caches in it, which no bundler can take apart:
 * a bundle that imports it is 270 kB larger (`npm run bench -- size`). Its parts are files of their own, but without
 * types; those of the index are theirs.
 */
import type * as Undici from "@effect/platform-node/Undici"
import type * as net from "node:net"
// @ts-expect-error it has no types of its own
import connect from "undici/lib/core/connect.js"
// @ts-expect-error it has no types of its own
import socks5 from "undici/lib/core/socks5-client.js"
// @ts-expect-error it has no types of its own
import agent from "undici/lib/dispatcher/agent.js"

export const Agent: typeof Undici.Agent = agent
export type Agent = Undici.Agent

export const buildConnector: typeof Undici.buildConnector = connect
export type Connector = Undici.buildConnector.connector
export type ConnectorCallback = Undici.buildConnector.Callback

/** The client's side of SOCKS 5 on a socket to the proxy: `handshake`, then `connect` once it is `authenticated`. */
export interface Socks5Client {
  readonly handshake: () => void
  readonly connect: (host: string, port: number) => void
  readonly on: {
    (event: "error", listener: (error: Error) => void): void
    (event: "close", listener: () => void): void
  }
  readonly once: (event: "authenticated" | "connected", listener: () => void) => void
}

export const Socks5Client: new(
  socket: net.Socket,
  options: { readonly username: string | undefined; readonly password: string | undefined }
) => Socks5Client = socks5.Socks5Client
