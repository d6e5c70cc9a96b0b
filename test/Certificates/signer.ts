/**
 * An approver and signer of certificates on the in-memory API server, as a test wants it to behave.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { CertificateSigningRequest } from "../../src/Api/certificates/v1.ts"
import { CertificateSigningRequest as Descriptor } from "../../src/Api/certificates/v1.ts"
import * as SigningRequest from "../../src/Certificates/SigningRequest.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import type { Persisted } from "../../src/Machinery/Resource.ts"
import * as NodeCertificate from "../../src/Testing/NodeCertificate.ts"
import * as RetryWatcher from "../../src/Watch/RetryWatcher.ts"
import type * as Identity from "../../src/X509/Identity.ts"

export type Request = Persisted<CertificateSigningRequest, "Cluster">

/** What becomes of a request: signed to live for so long, denied, failed, deleted, approved and left, or left. */
export type Verdict =
  | { readonly _tag: "Sign"; readonly validFor: Duration.Input; readonly identity?: Identity.Input }
  | { readonly _tag: "Deny" | "Fail" | "Delete" | "Approve" | "Leave" }

export const requests = ResourceClient.make(Descriptor)

export const pemOf = (base64: string): string => Result.getOrThrow(Base64.decodeString(base64))

/** Carries a verdict out. */
export const carryOut = Effect.fnUntraced(function*(
  request: Request,
  verdict: Verdict,
  issuer: NodeCertificate.Certificate
) {
  const client = yield* requests
  const { name } = request.metadata
  const decision = { reason: "Test", message: "by the test's signer" }
  switch (verdict._tag) {
    case "Leave":
      return
    case "Delete":
      return yield* Effect.asVoid(client.delete(name))
    case "Deny":
      return yield* Effect.asVoid(SigningRequest.deny(client, name, decision))
    case "Approve":
      return yield* Effect.asVoid(SigningRequest.approve(client, name, decision))
    case "Fail": {
      const approved = yield* SigningRequest.approve(client, name, decision)
      return yield* Effect.asVoid(client.updateStatus({
        ...approved,
        status: {
          conditions: [...(approved.status?.conditions ?? []), { type: "Failed", status: "True", ...decision }]
        }
      }))
    }
    case "Sign": {
      const approved = yield* SigningRequest.approve(client, name, decision)
      const certificate = yield* NodeCertificate.sign(pemOf(request.spec.request), {
        issuer,
        validFor: verdict.validFor,
        identity: verdict.identity
      })
      yield* client.updateStatus({
        ...approved,
        status: { ...approved.status, certificate: Base64.encode(certificate) }
      })
    }
  }
})

/**
 * Treats each new request as `verdictOf` says, in the background; answers those it saw, as they come.
 */
export const run = Effect.fnUntraced(function*(verdictOf: (request: Request, count: number) => Verdict) {
  const issuer = yield* NodeCertificate.make({ commonName: "authority", isAuthority: true })
  const client = yield* requests
  const seen: Array<Request> = []
  const { metadata } = yield* client.list()
  // Watches end by themselves after a while, and tests let months go by.
  yield* RetryWatcher.make(client.listWatch(), { resourceVersion: metadata.resourceVersion ?? "" }).pipe(
    Stream.runForEach((event) => {
      if (event.type !== "ADDED") return Effect.void
      seen.push(event.object)
      return carryOut(event.object, verdictOf(event.object, seen.length), issuer)
    }),
    Effect.forkScoped
  )
  return { seen, issuer }
})
