/** `node undici.ts PORT EVENTS`: lines split from undici's chunks, JSON.parse, a Map; no more. Prints a `Run`. */
import * as Undici from "@effect/platform-node/Undici"
import * as measure from "./measure.ts"

const [port = "0", events = "0"] = process.argv.slice(2)
const measured = measure.start(Number(events))
const store = new Map<string, unknown>()
const { body } = await Undici.request(
  `http://127.0.0.1:${port}/api/v1/pods?watch=true&sendInitialEvents=true`,
  { dispatcher: new Undici.Agent({ bodyTimeout: 0 }) }
)
const run = await new Promise<measure.Run>((resolve) => {
  let rest: Buffer | undefined
  body.on("data", (data: Buffer) => {
    const chunk = rest === undefined ? data : Buffer.concat([rest, data])
    let start = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const { object, type } = JSON.parse(chunk.toString("utf8", start, end))
      start = end + 1
      if (type === "BOOKMARK") {
        measured.synced()
        continue
      }
      const { managedFields: _, ...metadata } = object.metadata
      store.set(`${metadata.namespace}/${metadata.name}`, { ...object, metadata })
      if (metadata.name === "replay-done") resolve(measured.done())
    }
    rest = start === chunk.length ? undefined : chunk.subarray(start)
  })
})
console.log(JSON.stringify(run), store.size > 0 ? "" : "empty")
process.exit()
