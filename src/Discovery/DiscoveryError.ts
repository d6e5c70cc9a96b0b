/**
 * `DiscoveryError`: a name that the server does not serve, or that means more than one thing.
 *
 * `RestMapper` and `OpenApiClient` fail with it. That the server could not be asked, or refused, is `RequestError` or
 * `ApiError`. Part of a cluster that does not answer is no error but a `ServerResources.GroupFailure` beside the rest.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const id = <const Tag extends string>(tag: Tag) => `effect-kubernetes/DiscoveryError/${tag}` as const

const quote = (texts: ReadonlyArray<string>): string => texts.map((text) => JSON.stringify(text)).join(", ")

/**
 * No resource type has this name: neither as its plural, nor as its singular, nor as a short name.
 *
 * @category errors
 * @since 0.1.0
 */
export class NoResourceMatch extends Schema.TaggedError<NoResourceMatch>(id("NoResourceMatch"))("NoResourceMatch", {
  resource: Schema.String,
  /** As asked for; absent where any would have done. */
  group: Schema.optionalKey(Schema.String),
  version: Schema.optionalKey(Schema.String),
  /** The group versions that could not be asked: it may be one of theirs. */
  unavailable: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const name = [this.resource, this.version, this.group].filter((part) => part !== undefined).join(".")
    return `the server has no resource type ${JSON.stringify(name)}${unavailable(this.unavailable)}`
  }
}

/**
 * No resource type serves this kind, or not in these versions.
 *
 * @category errors
 * @since 0.1.0
 */
export class NoKindMatch extends Schema.TaggedError<NoKindMatch>(id("NoKindMatch"))("NoKindMatch", {
  group: Schema.String,
  kind: Schema.String,
  /** The versions asked for; empty where any would have done. */
  versions: Schema.Array(Schema.String),
  /** The group versions that serve a kind of this name. */
  elsewhere: Schema.Array(Schema.String),
  /** The group versions that could not be asked: it may be one of theirs. */
  unavailable: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const where = this.versions.length === 0
      ? `group ${JSON.stringify(this.group)}`
      : `version${this.versions.length === 1 ? "" : "s"} ${
        quote(this.versions.map((version) => this.group === "" ? version : `${this.group}/${version}`))
      }`
    const elsewhere = this.elsewhere.length === 0 ? "" : `; there is one in ${this.elsewhere.join(", ")}`
    return `no matches for kind ${JSON.stringify(this.kind)} in ${where}${elsewhere}${unavailable(this.unavailable)}`
  }
}

const unavailable = (groupVersions: ReadonlyArray<string>): string =>
  groupVersions.length === 0 ? "" : ` (and could not be asked for ${groupVersions.join(", ")})`

/**
 * More than one resource type has this name, and none comes first.
 *
 * @category errors
 * @since 0.1.0
 */
export class AmbiguousResource
  extends Schema.TaggedError<AmbiguousResource>(id("AmbiguousResource"))("AmbiguousResource", {
    resource: Schema.String,
    /** `apps/v1, Resource=deployments`. */
    matches: Schema.Array(Schema.String)
  })
{
  override get message(): string {
    return `${JSON.stringify(this.resource)} matches multiple resources: ${this.matches.join("; ")}`
  }
}

/**
 * More than one resource type serves this kind in one version.
 *
 * @category errors
 * @since 0.1.0
 */
export class AmbiguousKind extends Schema.TaggedError<AmbiguousKind>(id("AmbiguousKind"))("AmbiguousKind", {
  group: Schema.String,
  kind: Schema.String,
  /** `apps/v1, Resource=deployments`. */
  matches: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `kind ${JSON.stringify(this.kind)} of group ${JSON.stringify(this.group)} matches multiple resources: ${
      this.matches.join("; ")
    }`
  }
}

/**
 * The server describes no such group version in its OpenAPI documents.
 *
 * @category errors
 * @since 0.1.0
 */
export class NoGroupVersion extends Schema.TaggedError<NoGroupVersion>(id("NoGroupVersion"))("NoGroupVersion", {
  groupVersion: Schema.String
}) {
  override get message(): string {
    return `the server has no OpenAPI document of ${JSON.stringify(this.groupVersion)}`
  }
}

/**
 * The resource type has no subresource `scale`.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotScalable extends Schema.TaggedError<NotScalable>(id("NotScalable"))("NotScalable", {
  /** `apps/v1, Resource=daemonsets`. */
  resource: Schema.String
}) {
  override get message(): string {
    return `${this.resource} has no scale subresource`
  }
}

/**
 * The reasons.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason = NoResourceMatch | NoKindMatch | AmbiguousResource | AmbiguousKind | NoGroupVersion | NotScalable

/**
 * @category schemas
 * @since 0.1.0
 */
export const Reason = Schema.Union([
  NoResourceMatch,
  NoKindMatch,
  AmbiguousResource,
  AmbiguousKind,
  NoGroupVersion,
  NotScalable
])

/**
 * A name that the server does not serve, or that means more than one thing.
 *
 * @category errors
 * @since 0.1.0
 */
export class DiscoveryError
  extends Schema.TaggedError<DiscoveryError>("effect-kubernetes/DiscoveryError")("DiscoveryError", { reason: Reason })
{
  override get message(): string {
    return `${this.reason._tag}: ${this.reason.message}`
  }
}
