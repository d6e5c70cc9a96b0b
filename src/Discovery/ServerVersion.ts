/**
 * The version of the API server, as `/version` tells it.
 *
 * `DiscoveryClient.version` reads it. What a server can do is better asked of discovery; a version decides where
 * discovery cannot tell, as for a field.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The version of the API server.
 *
 * @category models
 * @since 0.1.0
 */
export interface ServerVersion extends Schema.Schema.Type<typeof ServerVersion> {}

/**
 * @category schemas
 * @since 0.1.0
 */
export const ServerVersion = Schema.Struct({
  /** Digits, or digits and a plus sign where a provider added to it: `36+`. */
  major: Schema.String,
  minor: Schema.String,
  /** `v1.36.3`, `v1.36.3-gke.100`. */
  gitVersion: Schema.String,
  gitCommit: Schema.optionalKey(Schema.String),
  gitTreeState: Schema.optionalKey(Schema.String),
  /** RFC 3339. */
  buildDate: Schema.optionalKey(Schema.String),
  goVersion: Schema.optionalKey(Schema.String),
  compiler: Schema.optionalKey(Schema.String),
  /** `linux/amd64`. */
  platform: Schema.optionalKey(Schema.String),
  /** The version that the server behaves as (KEP-4330). */
  emulationMajor: Schema.optionalKey(Schema.String),
  emulationMinor: Schema.optionalKey(Schema.String),
  minCompatibilityMajor: Schema.optionalKey(Schema.String),
  minCompatibilityMinor: Schema.optionalKey(Schema.String)
})

const leading = (text: string): number => {
  const digits = /^\d+/.exec(text)
  return digits === null ? Number.NaN : Number(digits[0])
}

/**
 * Whether the server is of a minor release or a later one: `isAtLeast(version, 1, 34)`. False where it does not say a
 * number.
 *
 * @category guards
 * @since 0.1.0
 */
export const isAtLeast = (version: ServerVersion, major: number, minor: number): boolean => {
  const its = leading(version.major)
  return its > major || (its === major && leading(version.minor) >= minor)
}
