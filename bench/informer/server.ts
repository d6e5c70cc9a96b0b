/**
 * The replay server of `informer.ts`, in a process of its own: a collection of pods and what happens to them, serialised
 * before the first request and written as fast as a client reads.
 *
 * `node server.ts PROFILE PODS EVENTS [PROTOBUF]`; prints its port as a line of JSON and serves until its stdin closes.
 * PROTOBUF is a folder with `list` and `watch` made by `peers/client-go encode`, served to who asks for protobuf first.
 */
import * as fs from "node:fs"
import * as http from "node:http"
import type * as net from "node:net"
import { pod, type Profile } from "./pods.ts"

const [profileName = "Plain", pods = "20000", events = "100000", protobuf] = process.argv.slice(2)
const profile = profileName as Profile
const podCount = Number(pods)
const eventCount = Number(events)
const chunkSize = 256 * 1024
// Versions of one length, so that an event differs from the one before in nothing else.
const firstVersion = 1_000_000

const item = (index: number) => JSON.stringify(pod(index, String(firstVersion + index), profile, 0))
const line = (type: string, object: string) => `{"type":"${type}","object":${object}}\n`

const chunked = (texts: Iterable<string>): ReadonlyArray<Buffer> => {
  const chunks: Array<Buffer> = []
  let pending: Array<string> = []
  let size = 0
  for (const text of texts) {
    pending.push(text)
    size += text.length
    if (size < chunkSize) continue
    chunks.push(Buffer.from(pending.join("")))
    pending = []
    size = 0
  }
  chunks.push(Buffer.from(pending.join("")))
  return chunks
}

function* changes() {
  for (let round = 1; round <= eventCount; round++) {
    const index = (round * 7919) % podCount
    yield line("MODIFIED", JSON.stringify(pod(index, String(firstVersion + podCount + round), profile, round)))
  }
  yield line(
    "ADDED",
    JSON.stringify(pod(podCount, String(firstVersion + podCount + eventCount + 1), profile, 0, "replay-done"))
  )
}

const listVersion = String(firstVersion + podCount)
const items = Array.from({ length: podCount }, (_, index) => item(index))
const bookmark = line(
  "BOOKMARK",
  `{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"${listVersion}","creationTimestamp":null,"annotations":{"k8s.io/initial-events-end":"true"}},"spec":{"containers":null},"status":{}}`
)
const initial = chunked([...items.map((one) => line("ADDED", one)), bookmark])
const modified = chunked(changes())

const read = (name: string) =>
  protobuf === undefined || protobuf === "" ? undefined : fs.readFileSync(`${protobuf}/${name}`)
const encoded = { initial: read("initial"), modified: read("modified"), list: read("list") }

const write = (response: http.ServerResponse, chunks: ReadonlyArray<Buffer>, at = 0): void => {
  let next = at
  while (next < chunks.length) {
    if (!response.write(chunks[next++])) return void response.once("drain", () => write(response, chunks, next))
  }
}

const cut = (bytes: Buffer): ReadonlyArray<Buffer> => {
  const chunks: Array<Buffer> = []
  for (let at = 0; at < bytes.length; at += chunkSize) chunks.push(bytes.subarray(at, at + chunkSize))
  return chunks
}

const protobufType = "application/vnd.kubernetes.protobuf"

const server = http.createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://127.0.0.1")
  if (url.pathname !== "/api/v1/pods") return void response.writeHead(404).end()
  const isProtobuf = encoded.initial !== undefined && (request.headers.accept ?? "").startsWith(protobufType)
  if (url.searchParams.has("watch")) {
    const isStreamed = url.searchParams.get("sendInitialEvents") === "true"
    response.writeHead(200, { "content-type": isProtobuf ? `${protobufType};stream=watch` : "application/json" })
    const from = url.searchParams.get("resourceVersion") ?? ""
    // Who comes back has seen everything.
    if (!isStreamed && Number(from) > Number(listVersion)) return
    const first = isProtobuf ? cut(encoded.initial ?? Buffer.alloc(0)) : initial
    const then = isProtobuf ? cut(encoded.modified ?? Buffer.alloc(0)) : modified
    return void write(response, isStreamed ? [...first, ...then] : then)
  }
  const limit = Number(url.searchParams.get("limit") ?? "0")
  if (isProtobuf && encoded.list !== undefined) {
    response.writeHead(200, { "content-type": protobufType, "content-length": encoded.list.length })
    return void response.end(encoded.list)
  }
  // As the watch cache answers: whole for version 0, in pages otherwise.
  const isWhole = limit === 0 || url.searchParams.get("resourceVersion") === "0"
  const at = Number(url.searchParams.get("continue") ?? "0")
  const end = isWhole ? podCount : Math.min(podCount, at + limit)
  const next = end < podCount ? `,"continue":"${end}"` : ""
  const body = `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"${listVersion}"${next}},"items":[${
    items.slice(at, end).join(",")
  }]}`
  response.writeHead(200, { "content-type": "application/json" })
  response.end(body)
})
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: (server.address() as net.AddressInfo).port, bytes: items[0]?.length }))
})
process.stdin.on("end", () => process.exit()).resume()
