/**
 * Who sends a request, from its headers.
 *
 * @internal
 */
import * as Reply from "./reply.ts"
import type { User } from "./server.ts"
import * as StatusError from "./statusError.ts"

/** Headers by their names in lower case. */
export type Headers = ReadonlyMap<string, ReadonlyArray<string>>

/** Whom the server knows. */
export interface Known {
  /** Sends everything, whatever the headers say. */
  readonly fixed: User | undefined
  /** Sends what carries no credentials; nobody may where it is missing. */
  readonly anonymous: User | undefined
  readonly tokens: { readonly [token: string]: User } | undefined
}

const bearer = (headers: Headers): string | undefined =>
  /^Bearer\s+(.+)$/i.exec(headers.get("authorization")?.[0] ?? "")?.[1]

const senderOf = (headers: Headers, { anonymous, fixed, tokens }: Known): User | undefined => {
  if (fixed !== undefined) return fixed
  const token = bearer(headers)
  if (token === undefined || tokens === undefined) return anonymous
  return Object.hasOwn(tokens, token) ? tokens[token] : undefined
}

/** The user that a sender acts as, by the impersonation headers. */
const impersonated = (headers: Headers, sender: User): User => {
  const name = headers.get("impersonate-user")?.[0]
  if (name === undefined) return sender
  const uid = headers.get("impersonate-uid")?.[0]
  const extra: Record<string, ReadonlyArray<string>> = {}
  for (const [key, values] of headers) {
    if (key.startsWith("impersonate-extra-")) extra[decodeURIComponent(key.slice("impersonate-extra-".length))] = values
  }
  return {
    name,
    ...(uid === undefined ? {} : { uid }),
    groups: [...(headers.get("impersonate-group") ?? []), "system:authenticated"],
    ...(Object.keys(extra).length === 0 ? {} : { extra })
  }
}

/** Runs a request as its sender; answers 401 where nobody knows it. */
export const authenticated = (headers: Headers, known: Known, run: (user: User) => Reply.Reply): Reply.Reply => {
  const sender = senderOf(headers, known)
  return sender === undefined ? Reply.status(StatusError.unauthorized) : run(impersonated(headers, sender))
}
