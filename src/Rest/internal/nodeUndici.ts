/**
 * The two parts of undici that `NodeTransport` stands on: pools by origin, and the making of one connection.
 *
 * undici's index is one CommonJS module with fetch, WebSocket, mocks and caches in it, which no bundler can take apart:
 * a bundle that imports it is 270 kB larger (`npm run bench -- size`). Its parts are files of their own, but without
 * types; those of the index are theirs.
 */
import type * as Undici from "@effect/platform-node/Undici"
// @ts-expect-error it has no types of its own
import connect from "undici/lib/core/connect.js"
// @ts-expect-error it has no types of its own
import agent from "undici/lib/dispatcher/agent.js"

export const Agent: typeof Undici.Agent = agent
export type Agent = Undici.Agent

export const buildConnector: typeof Undici.buildConnector = connect
export type Connector = Undici.buildConnector.connector
export type ConnectorCallback = Undici.buildConnector.Callback
