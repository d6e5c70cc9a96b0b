/** The server of `server.ts`, for as long as a scope is open. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as child from "node:child_process"
import { Pod } from "../../src/Api/core/v1.ts"
import * as Resource from "../../src/Clientset/ResourceClient.ts"
import * as CaBundle from "../../src/Rest/CaBundle.ts"
import * as NodeTransport from "../../src/Rest/NodeTransport.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as Transport from "../../src/Rest/Transport.ts"

export interface Served {
  readonly port: number
  /** PEM of the authority that signed the server's certificate. */
  readonly certificate: string
}

export const make: Effect.Effect<Served, never, Scope.Scope> = Effect.acquireRelease(
  Effect.callback<{ readonly served: Served; readonly process: child.ChildProcess }>((resume) => {
    const process = child.spawn(globalThis.process.execPath, [`${import.meta.dirname}/server.ts`], {
      stdio: ["pipe", "pipe", "inherit"]
    })
    process.stdout?.once(
      "data",
      (line: Buffer) => resume(Effect.succeed({ served: JSON.parse(line.toString()), process }))
    )
  }),
  ({ process }) => Effect.sync(() => process.kill())
).pipe(Effect.map(({ served }) => served))

/** A client of its Pods. */
export const clientOf = (served: Served, allowsHttp2: boolean) =>
  Effect.gen(function*() {
    const transport = yield* NodeTransport.make({
      server: `https://127.0.0.1:${served.port}`,
      ca: CaBundle.fixed(served.certificate),
      allowsHttp2
    })
    const rest = yield* Effect.provideService(RestClient.make({ userAgent: "bench" }), Transport.Transport, transport)
    return Resource.fromRestClient(rest, Pod, "default")
  })
