/**
 * PEM in base64, as kubeconfigs hold it.
 */
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import * as KubeconfigError from "../KubeconfigError.ts"
import type { Place } from "./serverAddress.ts"

/** The PEM text. Fails with `Invalid` where there is no PEM block, as in what `kubectl config view` prints. */
export const fromBase64 = (data: string, place: Place): Effect.Effect<string, KubeconfigError.KubeconfigError> => {
  const text = Result.match(Base64.decode(data.replaceAll(/[\r\n]/g, "")), {
    onSuccess: (bytes) => new TextDecoder().decode(bytes),
    onFailure: () => ""
  })
  return text.includes("-----BEGIN ")
    ? Effect.succeed(text)
    : Effect.fail(KubeconfigError.invalid({
      ...place,
      description: data === "DATA+OMITTED"
        ? "the data was left out; `kubectl config view --raw` prints it"
        : "holds no PEM block"
    }))
}
