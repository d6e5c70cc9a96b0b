/**
 * The state of one in-memory API server, and what one request knows.
 *
 * Requests run to their end in one synchronous step over this state, so none sees another's half-done work.
 *
 * @internal
 */
import * as Time from "../../Machinery/Time.ts"
import type * as Registry from "./registry.ts"
import type * as Store from "./store.ts"

/** Who asks. */
export interface User {
  readonly name: string
  readonly uid?: string | undefined
  readonly groups: ReadonlyArray<string>
  readonly extra?: { readonly [key: string]: ReadonlyArray<string> } | undefined
}

/** The state. */
export interface Server {
  readonly store: Store.Store
  readonly builtIns: ReadonlyMap<string, Registry.Served>
  /** The resource types that CustomResourceDefinitions add, kept up to date by the controllers. */
  customs: ReadonlyMap<string, Registry.Served>
  /** Whose objects exist, by uid. */
  readonly uids: Map<string, Reference>
  /** Who depends on whom, by the owner's uid. */
  readonly dependents: Map<string, Map<string, Reference>>
  /** Whether objects go when their owners are gone. */
  readonly hasGarbageCollector: boolean
  /** The last byte of cluster addresses given out. */
  nextAddress: number
  nextNodePort: number
}

/** Where an object lies. */
export interface Reference {
  readonly table: string
  readonly key: string
}

/** What a request knows beyond its path and body. */
export interface Call {
  /** Milliseconds since 1970. */
  readonly now: number
  /** A number from 0 to 1, excluding 1. */
  readonly random: () => number
  readonly user: User
  readonly userAgent: string
  readonly query: URLSearchParams
  /** Collects what goes out as `Warning` headers. */
  readonly warnings: Array<string>
}

/** A point in time as objects carry it. */
export const timestamp = (milliseconds: number): string =>
  Time.fromNanoseconds(BigInt(Math.floor(milliseconds)) * 1_000_000n)

const alphabet = "bcdfghjklmnpqrstvwxz2456789"

/** Five characters that make no words. */
export const suffix = (random: () => number): string =>
  Array.from({ length: 5 }, () => alphabet.charAt(Math.floor(random() * alphabet.length))).join("")

/** A version 4 UUID. */
export const uuid = (random: () => number): string => {
  const digits = Array.from(
    { length: 32 },
    (_, index) => index === 12 ? "4" : Math.floor(index === 16 ? 8 + random() * 4 : random() * 16).toString(16)
  ).join("")
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    "-"
  )
}

/** The resource type under a path. */
export const served = (
  server: Server,
  group: string,
  version: string,
  plural: string
): Registry.Served | undefined => {
  const key = `${group}/${version}/${plural}`
  return server.builtIns.get(key) ?? server.customs.get(key)
}

/** All resource types. */
export const all = (server: Server): ReadonlyArray<Registry.Served> => [
  ...server.builtIns.values(),
  ...server.customs.values()
]

/** One of the versions in which a table is served. */
export const servedTable = (server: Server, table: string): Registry.Served | undefined =>
  all(server).find((served) => served.table === table)
