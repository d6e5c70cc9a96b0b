/**
 * `npm run bench -- NAME`: runs `bench/NAME.ts`, which exports `run`, an Effect of figures, and prints a line for each.
 *
 * Exits with 1 where a bar is missed or the bench fails, with 2 where there is no such bench.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as os from "node:os"
import * as Figure from "./Figure.ts"

/** What a bench exports. */
export interface Bench {
  readonly run: Effect.Effect<ReadonlyArray<Figure.Figure>, unknown, NodeServices.NodeServices>
}

const names = fs.readdirSync(import.meta.dirname)
  .filter((file) => /^[a-z][a-z-]*\.ts$/.test(file) && file !== "main.ts")
  .map((file) => file.replace(/\.ts$/, ""))

const [name = ""] = process.argv.slice(2)

if (names.includes(name)) {
  Effect.gen(function*() {
    const bench: Bench = yield* Effect.promise(() => import(`./${name}.ts`))
    const [cpu] = os.cpus()
    yield* Console.log(
      `${name}: Node ${process.version}, ${os.cpus().length} x ${cpu?.model ?? "unknown processor"}, ${
        Figure.format(os.totalmem() / 1024 ** 3)
      } GiB`
    )
    const figures = yield* bench.run
    for (const figure of figures) yield* Console.log(Figure.line(figure))
    if (!figures.every(Figure.passes)) process.exitCode = 1
  }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
} else {
  console.error(`usage: npm run bench -- ${names.length === 0 ? "NAME" : names.join("|")}`)
  process.exitCode = 2
}
