import { assert, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as Json from "../../src/Machinery/Json.ts"
import * as Metadata from "../../src/Testing/internal/metadata.ts"
import * as Protobuf from "../../src/Testing/internal/protobuf.ts"

interface Vectors {
  readonly vectors: ReadonlyArray<{ readonly json: Json.JsonObject; readonly protobuf: string }>
}

const { vectors }: Vectors = JSON.parse(fs.readFileSync(new URL("protobuf.json", import.meta.url), "utf8"))

/** Identity differs between two answers to the same dry run. */
const comparable = (object: Json.JsonObject): unknown => {
  const metadata = Json.without(Metadata.of(object), "uid", "creationTimestamp", "managedFields")
  const spec = object["kind"] === "Service"
    ? { spec: Json.without(Json.objectOf(object["spec"]), "clusterIP", "clusterIPs") }
    : {}
  return shown({ ...object, ...spec, metadata })
}

/** Go prints some members that are null or empty, and protobuf has no way to tell these from missing ones. */
const shown = (value: unknown): unknown => {
  if (Json.isArray(value)) return value.map(shown)
  if (!Json.isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, shown(member)] as const).filter(([, member]) =>
      member !== null && member !== false && !(Json.isObject(member) && Object.keys(member).length === 0)
    )
  )
}

for (const { json, protobuf } of vectors) {
  it(`reads a ${String(json["kind"])} as the real server writes it`, () => {
    const decoded = Protobuf.decode(Buffer.from(protobuf, "base64"))
    assert.deepStrictEqual(comparable(decoded ?? {}), comparable(json))
  })
}

it("what is no such body, or of no known kind, is left alone", () => {
  assert.isUndefined(Protobuf.decode(Buffer.from("{}")))
  assert.isUndefined(Protobuf.decode(Buffer.from("k8s\0")))
  const [vector] = vectors
  const whole = Buffer.from(vector?.protobuf ?? "", "base64")
  for (let length = 0; length < whole.length; length += 37) {
    // A body cut anywhere is refused or read in part, and never makes the server fail.
    Protobuf.decode(whole.subarray(0, length))
  }
})
