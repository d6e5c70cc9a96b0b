/**
 * The connection pools of one `NodeTransport`: one for the certificates in use, and those before it until their last
 * request has ended.
 *
 * A connection keeps the certificates of its handshake, so other certificates mean another pool. What runs on the old
 * one is not cut: a watch ends by its own timeout, and a new one begins on the new pool.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import type { ClientCertificate } from "../../Config/Credential.ts"
import * as nodeConnector from "./nodeConnector.ts"
import * as Undici from "./nodeUndici.ts"

/** What all pools share. Times are in milliseconds. */
export interface Options extends Omit<nodeConnector.Options, "ca" | "certificate"> {
  readonly keepAliveTimeout: number
  readonly connections: number | undefined
  /** Called with the number of open pools whenever it changed. */
  readonly onChange: (open: number, reason: "miss" | "rotated" | "closed") => void
}

/** What a handshake is made with. */
export interface Material {
  readonly ca: string | undefined
  readonly certificate: ClientCertificate | undefined
}

/** The connections made with one material. */
export interface Pool {
  readonly material: Material
  /** HTTP/2 where the server offers it. */
  readonly any: Undici.Agent
  /** HTTP/1.1 alone, for requests that repeat a header name: undici joins such lines over HTTP/2. */
  readonly http1: () => Undici.Agent
}

interface OpenPool extends Pool {
  readonly close: () => Promise<unknown>
  readonly destroy: () => Promise<unknown>
}

/** The pool for now, and the end of all. */
export interface Pools {
  /** The pool for a material, made where it differs from the one before. Throws `ConnectFailure` for bad certificates. */
  readonly get: (material: Material) => Pool
  /** Cuts everything. */
  readonly destroy: () => Promise<unknown>
}

const isSame = (a: Material, b: Material): boolean =>
  a.ca === b.ca && (
    a.certificate === b.certificate || (
      a.certificate !== undefined && b.certificate !== undefined
      && a.certificate.certificate === b.certificate.certificate
      && Redacted.value(a.certificate.key) === Redacted.value(b.certificate.key)
    )
  )

/** Opens nothing before the first `get`. */
export const make = (options: Options): Pools => {
  const open = new Set<OpenPool>()
  let current: OpenPool | undefined

  const agent = (material: Material, allowsHttp2: boolean) =>
    new Undici.Agent({
      connect: nodeConnector.make({ ...options, ...material, allowsHttp2 }),
      allowH2: allowsHttp2,
      h2Options: { pingInterval: options.pingInterval },
      pipelining: 1,
      keepAliveTimeout: options.keepAliveTimeout,
      keepAliveMaxTimeout: options.keepAliveTimeout,
      headersTimeout: 0,
      bodyTimeout: 0,
      ...(options.connections === undefined ? {} : { connections: options.connections })
    })

  const make = (material: Material): OpenPool => {
    const any = agent(material, options.allowsHttp2)
    let http1: Undici.Agent | undefined
    return {
      material,
      any,
      http1: () => http1 ??= agent(material, false),
      close: () => Promise.all([any.close(), http1?.close()]),
      destroy: () => Promise.all([any.destroy(), http1?.destroy()])
    }
  }

  return {
    get: (material) => {
      if (current !== undefined && isSame(current.material, material)) return current
      const before = current
      const next = make(material)
      current = next
      open.add(next)
      options.onChange(open.size, before === undefined ? "miss" : "rotated")
      before?.close().finally(() => {
        if (open.delete(before)) options.onChange(open.size, "closed")
      })
      return next
    },
    destroy: () => {
      const all = [...open]
      open.clear()
      if (all.length > 0) options.onChange(0, "closed")
      return Promise.all(all.map((pool) => pool.destroy()))
    }
  }
}
