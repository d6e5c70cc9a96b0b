/** `node ours.ts PORT EVENTS`: this library's informer on the replay server; prints a `Run`. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Pod } from "../../src/Api/core/v1.ts"
import * as InformerFactory from "../../src/Informer/InformerFactory.ts"
import * as Transform from "../../src/Informer/Transform.ts"
import * as Kubernetes from "../../src/Kubernetes.ts"
import * as NodeTransport from "../../src/Rest/NodeTransport.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as measure from "./measure.ts"

const [port = "0", events = "0", filters = "0"] = process.argv.slice(2)

const program = Effect.gen(function*() {
  const factory = yield* InformerFactory.InformerFactory
  const measured = measure.start(Number(events))
  const pods = yield* factory.get(Pod, { transform: Transform.stripManagedFields })
  yield* pods.awaitSynced
  measured.synced()
  for (let i = 0; i < Number(filters); i++) {
    yield* pods.handle(() => Effect.void, { filter: (pod) => pod.metadata.name === "nobody" })
  }
  const done = yield* pods.listen({ filter: (pod) => pod.metadata.name === "replay-done" })
  yield* Stream.runHead(done.events)
  const run = measured.done()
  yield* pods.keys
  return run
})

const run = await program.pipe(
  Effect.scoped,
  Effect.provide(Kubernetes.layer),
  Effect.provideServiceEffect(Transport.Transport, NodeTransport.make({ server: `http://127.0.0.1:${port}` })),
  Effect.scoped,
  Effect.runPromise
)
console.log(JSON.stringify(run))
process.exit()
