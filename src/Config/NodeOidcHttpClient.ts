/**
 * `NodeOidcHttpClient`: identity providers over undici, with a certificate authority of their own where they have one.
 *
 * @since 0.1.0
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import { OidcHttpClient } from "./OidcHttpClient.ts"

/**
 * One pool of connections for each client that is made, closed with its scope.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<OidcHttpClient> = Layer.succeed(
  OidcHttpClient,
  OidcHttpClient.of({
    make: (certificateAuthority) =>
      Layer.build(
        NodeHttpClient.layerUndiciOptions(
          certificateAuthority === undefined ? {} : { connect: { ca: certificateAuthority } }
        )
      ).pipe(
        Effect.flatMap((context) => Effect.provideContext(HttpClient.HttpClient, context))
      )
  })
)
