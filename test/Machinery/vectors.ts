/** Reads the answers that Go gave: see test/parity/machinery/README.md. */
import { readFileSync } from "node:fs"

/** The JSON file of a name; the type is what its Go program writes. */
export const read = <A>(name: string): A =>
  JSON.parse(readFileSync(new URL(`../parity/machinery/${name}.json`, import.meta.url), "utf8")) as A
