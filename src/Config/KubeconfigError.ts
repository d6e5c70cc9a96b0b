/**
 * `KubeconfigError`: there is no usable client configuration, and why.
 *
 * Made by Kubeconfig, KubeconfigLoader, InCluster and ClientConfig, and shown to people: a message says what is wrong,
 * in which file and where in it, and what would have been right. No message holds a value of the file, only names of
 * clusters, users and contexts, member names and paths, so that none can hold a secret.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const id = <const Tag extends string>(tag: Tag) => `effect-kubernetes/KubeconfigError/${tag}` as const

const quoted = (names: ReadonlyArray<string>): string => names.map((name) => JSON.stringify(name)).join(", ")

const listed = (kind: string, names: ReadonlyArray<string>): string =>
  names.length === 0 ? `there are no ${kind}s` : `${kind}s there: ${quoted(names)}`

const joined = (paths: ReadonlyArray<string>): string => paths.length === 0 ? "the configuration" : paths.join(", ")

/**
 * A kubeconfig named explicitly is not there. Files of the `KUBECONFIG` list may be missing.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotFound extends Schema.TaggedError<NotFound>(id("NotFound"))("NotFound", {
  path: Schema.String
}) {
  override get message(): string {
    return `the kubeconfig ${this.path} does not exist`
  }
}

/**
 * Neither a kubeconfig nor a pod: nothing says which cluster to use.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotConfigured extends Schema.TaggedError<NotConfigured>(id("NotConfigured"))("NotConfigured", {
  /** The kubeconfig files that were looked for, in order. */
  searched: Schema.Array(Schema.String),
  /** Those of them that exist. */
  found: Schema.Array(Schema.String),
  /** The names of the contexts that a user could choose. */
  contexts: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const missing = this.searched.filter((path) => !this.found.includes(path))
    const files = this.found.length > 0
      ? `${joined(this.found)} chooses no context (${listed("context", this.contexts)})`
      : `there is no kubeconfig at ${joined(missing)}`
    return `no cluster is configured: ${files}, and this process does not run in a pod`
  }
}

/**
 * A file is there (or is named by a kubeconfig) and cannot be read: missing, a folder, or not permitted.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnreadableFile extends Schema.TaggedError<UnreadableFile>(id("UnreadableFile"))("UnreadableFile", {
  /** The file that cannot be read. */
  path: Schema.String,
  /** What names it, as `users["dev"].user.tokenFile`; absent where the file is the kubeconfig itself. */
  member: Schema.optionalKey(Schema.String),
  /** The kubeconfig whose member names it. */
  kubeconfig: Schema.optionalKey(Schema.String),
  /** Why: `no such file`, `permission denied`, `is a directory`. */
  description: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    const origin = this.member === undefined
      ? ""
      : `, named by ${this.member}${this.kubeconfig === undefined ? "" : ` of ${this.kubeconfig}`}`
    return `cannot read ${this.path}${origin}: ${this.description}`
  }
}

/**
 * A file is not YAML.
 *
 * @category errors
 * @since 0.1.0
 */
export class Parse extends Schema.TaggedError<Parse>(id("Parse"))("Parse", {
  path: Schema.String,
  /** From 1. */
  line: Schema.Number,
  /** From 1. */
  column: Schema.Number,
  description: Schema.String
}) {
  override get message(): string {
    return `${this.path}:${this.line}:${this.column}: not YAML: ${this.description}`
  }
}

/**
 * One thing that is wrong with a configuration.
 *
 * @category models
 * @since 0.1.0
 */
export interface Issue extends Schema.Schema.Type<typeof Issue> {}

/**
 * @category schemas
 * @since 0.1.0
 */
export const Issue = Schema.Struct({
  /** The kubeconfig, or where else the value comes from. */
  path: Schema.optionalKey(Schema.String),
  /** From 1. */
  line: Schema.optionalKey(Schema.Number),
  /** From 1. */
  column: Schema.optionalKey(Schema.Number),
  /** As `users[0].user.token`; empty where the whole document is meant. */
  member: Schema.String,
  /** What was expected. */
  description: Schema.String
})

const place = (issue: Issue): string => {
  const position = issue.line === undefined ? "" : `:${issue.line}:${issue.column ?? 1}`
  return [
    ...(issue.path === undefined ? [] : [`${issue.path}${position}`]),
    ...(issue.member === "" ? [] : [issue.member]),
    issue.description
  ].join(": ")
}

/**
 * The configuration says something that cannot be: a wrong type, a name twice, members that exclude each other, an
 * option out of range. Holds everything that is wrong, not only the first.
 *
 * @category errors
 * @since 0.1.0
 */
export class Invalid extends Schema.TaggedError<Invalid>(id("Invalid"))("Invalid", {
  issues: Schema.NonEmptyArray(Issue)
}) {
  override get message(): string {
    return this.issues.map(place).join("\n")
  }
}

/**
 * The chosen context does not exist.
 *
 * @category errors
 * @since 0.1.0
 */
export class MissingContext extends Schema.TaggedError<MissingContext>(id("MissingContext"))("MissingContext", {
  context: Schema.String,
  /** The names that exist. */
  contexts: Schema.Array(Schema.String),
  /** The kubeconfig files that were read. */
  paths: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `the context ${JSON.stringify(this.context)} does not exist in ${joined(this.paths)}; ${
      listed("context", this.contexts)
    }`
  }
}

/**
 * The chosen context names a cluster that does not exist.
 *
 * @category errors
 * @since 0.1.0
 */
export class MissingCluster extends Schema.TaggedError<MissingCluster>(id("MissingCluster"))("MissingCluster", {
  cluster: Schema.String,
  /** The context that names it; absent where the caller did. */
  context: Schema.optionalKey(Schema.String),
  clusters: Schema.Array(Schema.String),
  paths: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const origin = this.context === undefined ? "" : `, named by the context ${JSON.stringify(this.context)},`
    return `the cluster ${JSON.stringify(this.cluster)}${origin} does not exist in ${joined(this.paths)}; ${
      listed("cluster", this.clusters)
    }`
  }
}

/**
 * The chosen context names a user that does not exist. client-go goes on as anonymous here unless the name was given
 * as an override.
 *
 * @category errors
 * @since 0.1.0
 */
export class MissingUser extends Schema.TaggedError<MissingUser>(id("MissingUser"))("MissingUser", {
  user: Schema.String,
  /** The context that names it; absent where the caller did. */
  context: Schema.optionalKey(Schema.String),
  users: Schema.Array(Schema.String),
  paths: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const origin = this.context === undefined ? "" : `, named by the context ${JSON.stringify(this.context)},`
    return `the user ${JSON.stringify(this.user)}${origin} does not exist in ${joined(this.paths)}; ${
      listed("user", this.users)
    }`
  }
}

/**
 * In-cluster configuration was asked for, and this process does not run in a pod.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotInCluster extends Schema.TaggedError<NotInCluster>(id("NotInCluster"))("NotInCluster", {
  description: Schema.String
}) {
  override get message(): string {
    return `not in a cluster: ${this.description}`
  }
}

/**
 * Another process is writing the kubeconfig, or one that did was killed and left its lock.
 *
 * @category errors
 * @since 0.1.0
 */
export class Locked extends Schema.TaggedError<Locked>(id("Locked"))("Locked", {
  path: Schema.String,
  /** The lock file. Removing it by hand is right only when nobody writes. */
  lock: Schema.String
}) {
  override get message(): string {
    return `${this.path} is locked by another writer; if there is none, remove ${this.lock}`
  }
}

/**
 * A kubeconfig could not be written.
 *
 * @category errors
 * @since 0.1.0
 */
export class Write extends Schema.TaggedError<Write>(id("Write"))("Write", {
  path: Schema.String,
  description: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `cannot write ${this.path}: ${this.description}`
  }
}

/**
 * The reasons.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason =
  | NotFound
  | NotConfigured
  | UnreadableFile
  | Parse
  | Invalid
  | MissingContext
  | MissingCluster
  | MissingUser
  | NotInCluster
  | Locked
  | Write

/**
 * @category schemas
 * @since 0.1.0
 */
export const Reason = Schema.Union([
  NotFound,
  NotConfigured,
  UnreadableFile,
  Parse,
  Invalid,
  MissingContext,
  MissingCluster,
  MissingUser,
  NotInCluster,
  Locked,
  Write
])

/**
 * There is no usable client configuration.
 *
 * @category errors
 * @since 0.1.0
 */
export class KubeconfigError extends Schema.TaggedError<KubeconfigError>("effect-kubernetes/KubeconfigError")(
  "KubeconfigError",
  { reason: Reason }
) {
  override get message(): string {
    return this.reason.message
  }
}

/**
 * The failure for things that are wrong; there is at least one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const invalid = (issue: Issue, ...more: ReadonlyArray<Issue>): KubeconfigError =>
  new KubeconfigError({ reason: new Invalid({ issues: [issue, ...more] }) })
