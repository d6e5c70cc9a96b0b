/**
 * How each runtime's `fetch` takes TLS settings and proxies, what it cannot take, and how it reports failures.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type { ClientCertificate } from "../../Config/Credential.ts"
import type { RequestError, TransportKind } from "../../Machinery/RequestError.ts"
import * as connectionError from "./connectionError.ts"

/** The runtimes whose own options are known. */
export type Runtime = "bun" | "deno" | "other"

/** `Deno.createHttpClient`, as far as it is used here. */
interface DenoNamespace {
  readonly createHttpClient: (options: {
    readonly caCerts?: ReadonlyArray<string>
    readonly cert?: string
    readonly key?: string
    readonly proxy?: {
      readonly url: string
      readonly basicAuth?: { readonly username: string; readonly password: string }
    }
  }) => { readonly close: () => void }
}

interface Globals {
  readonly Bun?: unknown
  readonly Deno?: DenoNamespace
  readonly fetch?: unknown
}

const globals: Globals = globalThis

/** Where this code runs. */
export const current = (): Runtime => globals.Bun !== undefined ? "bun" : globals.Deno !== undefined ? "deno" : "other"

/** What is asked for. */
export interface Wanted {
  readonly ca: boolean
  readonly serverName: boolean
  readonly isInsecure: boolean
  /** The protocol of the proxy. */
  readonly proxy: string | undefined
}

const proxies: { readonly [R in Runtime]: ReadonlyArray<string> } = {
  bun: ["http:", "https:"],
  deno: ["http:", "https:", "socks5:", "socks5h:"],
  other: []
}

/** The first of what is asked for that the runtime cannot do. */
export const unsupported = (
  runtime: Runtime,
  wanted: Wanted
): { readonly kind: TransportKind; readonly description: string } | undefined => {
  const name = runtime === "bun" ? "Bun" : runtime === "deno" ? "Deno" : "this runtime"
  if (runtime === "other" && wanted.ca) {
    return { kind: "Tls", description: `the fetch of ${name} takes no certificate authority` }
  }
  if (runtime !== "bun" && wanted.serverName) {
    return {
      kind: "Tls",
      description: `the fetch of ${name} cannot check the certificate for another name (tls-server-name)`
    }
  }
  if (runtime !== "bun" && wanted.isInsecure) {
    return {
      kind: "Tls",
      description:
        `the fetch of ${name} always verifies the server's certificate (insecure-skip-tls-verify); give its CA`
    }
  }
  if (wanted.proxy !== undefined && !proxies[runtime].includes(wanted.proxy)) {
    return { kind: "Proxy", description: `the fetch of ${name} knows no proxy with ${wanted.proxy}//` }
  }
  return undefined
}

/** What all requests share. */
export interface Settings {
  readonly ca: string | undefined
  readonly serverName: string | undefined
  readonly isInsecure: boolean
  readonly proxy: Redacted.Redacted<string> | undefined
}

/** The part of `RequestInit` that is the runtime's own. */
export interface Materials {
  readonly init: (certificate: ClientCertificate | undefined) => object
  readonly close: () => void
}

/** Makes it. A client of Deno is kept until the certificate is another one. */
export const make = (runtime: Runtime, settings: Settings): Materials => {
  if (runtime === "bun") return { init: (certificate) => bunInit(settings, certificate), close: () => {} }
  if (runtime === "other" || globals.Deno === undefined) return { init: () => ({}), close: () => {} }
  const { createHttpClient } = globals.Deno
  let last:
    | { readonly certificate: ClientCertificate | undefined; readonly client: { readonly close: () => void } }
    | undefined
  return {
    init: (certificate) => {
      if (last === undefined || last.certificate !== certificate) {
        last?.client.close()
        last = { certificate, client: createHttpClient(denoOptions(settings, certificate)) }
      }
      return { client: last.client }
    },
    close: () => last?.client.close()
  }
}

const bunInit = ({ ca, isInsecure, proxy, serverName }: Settings, certificate: ClientCertificate | undefined) => ({
  tls: {
    rejectUnauthorized: !isInsecure,
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(certificate === undefined ? {} : { cert: certificate.certificate, key: Redacted.value(certificate.key) })
  },
  ...(proxy === undefined ? {} : { proxy: Redacted.value(proxy) })
})

const denoOptions = ({ ca, proxy }: Settings, certificate: ClientCertificate | undefined) => {
  const url = proxy === undefined ? null : URL.parse(Redacted.value(proxy))
  const basicAuth = url === null || url.username === ""
    ? {}
    : { basicAuth: { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) } }
  return {
    ...(ca === undefined ? {} : { caCerts: [ca] }),
    ...(certificate === undefined ? {} : { cert: certificate.certificate, key: Redacted.value(certificate.key) }),
    ...(url === null ? {} : { proxy: { url: `${url.protocol}//${url.host}`, ...basicAuth } })
  }
}

// Bun names its own codes, Deno says it in words, and Node hides the code in the cause.
const bunCodes: { readonly [code: string]: string } = {
  ConnectionRefused: "ECONNREFUSED",
  ConnectionClosed: "UND_ERR_SOCKET",
  ConnectionReset: "ECONNRESET",
  FailedToOpenSocket: "ECONNREFUSED",
  UnableToConnect: "ECONNREFUSED",
  UnexpectedEOF: "UND_ERR_SOCKET",
  DNSResolveFailed: "ENOTFOUND",
  Timeout: "ETIMEDOUT"
}

const words: ReadonlyArray<readonly [pattern: RegExp, code: string]> = [
  [
    /UnknownIssuer|unknown ?issuer|unable to get local issuer|unable to verify the first/i,
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
  ],
  [/NotValidForName|not valid for name/i, "ERR_TLS_CERT_ALTNAME_INVALID"],
  [/certificate (has )?expired|: Expired/i, "CERT_HAS_EXPIRED"],
  [/NotValidYet/i, "CERT_NOT_YET_VALID"],
  [/invalid peer certificate/i, "ERR_TLS_INVALID_PEER_CERTIFICATE"],
  [/received fatal alert|handshake/i, "ERR_SSL_ALERT"],
  [/connection refused|unable to connect/i, "ECONNREFUSED"],
  [/connection reset|broken pipe/i, "ECONNRESET"],
  [/dns error|failed to lookup|not known/i, "ENOTFOUND"],
  [/connection (was )?closed|closed before|unexpected ?eof|incomplete message|reading a body/i, "UND_ERR_SOCKET"]
]

const codeOf = (error: unknown): string | undefined => {
  if (!Predicate.hasProperty(error, "code") || typeof error.code !== "string") return undefined
  return bunCodes[error.code] ?? error.code
}

const sentences = (error: unknown): string => {
  const message = Predicate.hasProperty(error, "message") ? String(error.message) : String(error)
  return Predicate.hasProperty(error, "cause") && error.cause !== undefined
    ? `${message}: ${sentences(error.cause)}`
    : message
}

/** Classifies what `fetch` rejected with. */
export const classify = (error: unknown, where: connectionError.Where): RequestError => {
  const cause = Predicate.hasProperty(error, "cause") ? error.cause : undefined
  const message = sentences(error)
  const code = codeOf(error) ?? codeOf(cause) ?? words.find(([pattern]) => pattern.test(message))?.[1]
  return connectionError.classify(
    code === undefined ? new Error(message) : Object.assign(new Error(message), { code }),
    where
  )
}
