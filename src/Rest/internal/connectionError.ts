/**
 * The errors of Node, undici and `fetch` as `RequestError`, with a sentence that says what to do.
 *
 * Codes are compared here and nowhere else. What waiting does not mend (certificates, proxies) is told apart from what
 * passes, as it decides whether anybody retries. Messages name hosts and codes, never headers.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import { RequestError, Timeout, Transport, type TransportKind } from "../../Machinery/RequestError.ts"

/** Which request an error belongs to. */
export interface Where {
  readonly verb: string
  readonly url: string
}

/** The reason given to undici when the scope of a response closes before its body ended. */
export class Abandoned extends Error {
  override readonly name = "Abandoned"
  constructor() {
    super("the response was not read to its end")
  }
}

/** A failure that our own connector found; `message` is the sentence for the user. */
export class ConnectFailure extends Error {
  override readonly name = "ConnectFailure"
  readonly kind: TransportKind
  constructor(kind: TransportKind, message: string, cause?: unknown) {
    super(message, { cause })
    this.kind = kind
  }
}

const byCode: { readonly [code: string]: readonly [kind: TransportKind, description: string] } = {
  ECONNREFUSED: ["Refused", "connection refused: nothing listens at this address; is the API server running?"],
  ECONNRESET: ["Reset", "the connection was reset by the server"],
  EPIPE: ["Reset", "the connection was reset while the request was being sent"],
  ECONNABORTED: ["Reset", "the connection was aborted"],
  ETIMEDOUT: ["Unreachable", "the server could not be reached: connecting timed out"],
  EHOSTUNREACH: ["Unreachable", "no route to the server"],
  ENETUNREACH: ["Unreachable", "the server's network cannot be reached"],
  EHOSTDOWN: ["Unreachable", "the server's host is down"],
  ENETDOWN: ["Unreachable", "the network is down"],
  EADDRNOTAVAIL: ["Unreachable", "no local address is available to connect from"],
  ENOTFOUND: ["Dns", "the server's name could not be resolved"],
  EAI_AGAIN: ["Dns", "the name server did not answer"],
  EAI_NODATA: ["Dns", "the server's name has no address"],
  UND_ERR_CONNECT_TIMEOUT: ["Unreachable", "the server could not be reached: connecting timed out"],
  UND_ERR_SOCKET: ["Closed", "the server closed the connection before the answer was whole"],
  // Not Closed, which would be tried again.
  UND_ERR_CLOSED: ["Other", "the scope of this client has ended"],
  UND_ERR_DESTROYED: ["Other", "the scope of this client has ended"],
  UND_ERR_INFO: ["Closed", "the server closed the connection before the answer was whole"],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ["Closed", "the answer is shorter than the server announced"],
  UND_ERR_HEADERS_OVERFLOW: ["Other", "the headers of the answer are too large"],
  ERR_HTTP2_GOAWAY_SESSION: ["Closed", "the server is closing its connections (GOAWAY)"],
  ERR_HTTP2_SESSION_ERROR: ["Closed", "the HTTP/2 connection was lost"],
  ERR_HTTP2_INVALID_SESSION: ["Closed", "the HTTP/2 connection was lost"],
  ERR_HTTP2_STREAM_ERROR: ["Reset", "the server reset the HTTP/2 stream"],
  ERR_HTTP2_STREAM_CANCEL: ["Reset", "the HTTP/2 stream was cancelled because its connection was lost"],
  ERR_STREAM_PREMATURE_CLOSE: ["Closed", "the server closed the connection before the answer was whole"],
  Z_BUF_ERROR: ["Closed", "the compressed answer was cut short"]
}

const untrusted = "the server's certificate is not signed by an authority this client trusts; give the cluster's CA "
  + "(certificate-authority or certificate-authority-data of the kubeconfig's cluster)"

const tlsByCode: { readonly [code: string]: string } = {
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_UNTRUSTED: untrusted,
  CERT_SIGNATURE_FAILURE:
    "the signature of the server's certificate is wrong; the CA given is not the one that issued it",
  CERT_HAS_EXPIRED: "the server's certificate has expired; renew it on the server, and check this machine's clock",
  CERT_NOT_YET_VALID: "the server's certificate is not valid yet; check this machine's clock",
  CERT_REVOKED: "the server's certificate has been revoked",
  EPROTO: "the TLS handshake failed; is this an HTTPS address?",
  ERR_SSL_WRONG_VERSION_NUMBER: "the server does not speak TLS at this address; is it http:// rather than https://?",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "the server does not speak TLS at this address; is it http:// rather than https://?"
}

const codeOf = (error: unknown): string =>
  Predicate.hasProperty(error, "code") && typeof error.code === "string" ? error.code : ""

const messageOf = (error: unknown): string =>
  Predicate.hasProperty(error, "message") && typeof error.message === "string" ? error.message : String(error)

// What was tried on several addresses fails as an aggregate; the first failure speaks for all.
const innermost = (error: unknown): unknown => {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0])
  return error
}

const isTlsCode = (code: string) =>
  Object.hasOwn(tlsByCode, code) || code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")
  || code.startsWith("ERR_OSSL_") || code.startsWith("CERT_") || code.startsWith("UNABLE_TO_")

const tlsDescription = (code: string, error: unknown): string => {
  const known = tlsByCode[code]
  if (known !== undefined) return `${known} (${code})`
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return `the server's certificate is for other names than the address used: ${messageOf(error)}; `
      + `use one of them, or set tls-server-name in the kubeconfig's cluster (${code})`
  }
  if (code.includes("ALERT") || code.includes("CERTIFICATE_REQUIRED")) {
    return `the server refused the TLS handshake, as it does when it does not accept the client certificate (${code})`
  }
  return `TLS failed: ${messageOf(error)} (${code})`
}

/** Classifies what Node or undici reported. */
export const classify = (reported: unknown, where: Where): RequestError => {
  const error = innermost(reported)
  if (error instanceof ConnectFailure) return make(where, error.kind, error.message, error.cause)
  const code = codeOf(error)
  if (isTlsCode(code)) return make(where, "Tls", tlsDescription(code, error), error)
  if (code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT") {
    return new RequestError({ reason: new Timeout({ ...where, description: "the server did not answer in time" }) })
  }
  if (code.startsWith("HPE_")) {
    return make(where, "Other", `the server does not speak HTTP at this address (${code})`, error)
  }
  const known = byCode[code]
  if (known !== undefined) return make(where, known[0], `${known[1]} (${messageOf(error)})`, error)
  return make(where, "Other", messageOf(error), error)
}

/**
 * Whether the server said that it has not looked at the request: it is closing the connection (GOAWAY) and named an
 * earlier one as its last. Such a request can be sent again whatever it does; undici does so once and then gives up.
 */
export const isUnprocessed = ({ reason }: RequestError): boolean =>
  reason._tag === "Transport" && messageOf(reason.cause).startsWith(`HTTP/2: "GOAWAY" frame received`)

const make = (where: Where, kind: TransportKind, description: string, cause: unknown): RequestError =>
  new RequestError({
    reason: new Transport({ ...where, kind, description, ...(cause === undefined ? {} : { cause }) })
  })
