/**
 * `Kubeconfig`: what a kubeconfig file says, as data with the file's own member names.
 *
 * Text is parsed and checked here once, values are printed here, and two files are merged here; reading and writing
 * files is KubeconfigLoader's, choosing a context is ClientConfig's. Secrets are `Redacted` from here on. Members that
 * this version does not know survive parse and print; those of a user are `Redacted` too, as nobody knows what they
 * hold.
 *
 * @see https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"
import * as YamlDocument from "./internal/yamlDocument.ts"
import * as KubeconfigError from "./KubeconfigError.ts"

type Members<T extends object, E extends object> = Schema.Codec<T, E> & { readonly ast: SchemaAST.Objects }

const unknownKey = (members: { readonly ast: SchemaAST.Objects }) => {
  const known = new Set(members.ast.propertySignatures.map((property) => property.name))
  return Schema.String.check(Schema.makeFilter((key: string) => !known.has(key)))
}

// Members that are not known are there at run time and not in the types.
const keepUnknown = <T extends object, E extends object>(members: Members<T, E>): Schema.Codec<T, E> =>
  Schema.StructWithRest(members, [Schema.Record(unknownKey(members), Schema.Unknown)])

const keepUnknownRedacted = <T extends object, E extends object>(members: Members<T, E>): Schema.Codec<T, E> =>
  Schema.StructWithRest(members, [Schema.Record(unknownKey(members), Schema.RedactedFromValue(Schema.Unknown))])

const secret = Schema.RedactedFromValue(Schema.String)

const isBase64 = Schema.makeFilter((text: string) =>
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text.replaceAll(/[\r\n]/g, ""))
    ? undefined
    : "expected base64"
)

const base64 = Schema.String.check(isBase64)

const uniqueNames = Schema.makeFilter((entries: ReadonlyArray<{ readonly name: string }>) => {
  const seen = new Set<string>()
  const issues: Array<Schema.FilterIssue> = []
  for (const [index, { name }] of entries.entries()) {
    if (seen.has(name)) issues.push({ path: [index, "name"], issue: `the name ${JSON.stringify(name)} is given twice` })
    seen.add(name)
  }
  return issues
})

/**
 * A value that a tool keeps in a kubeconfig under a name of its own.
 *
 * @category models
 * @since 0.1.0
 */
export interface NamedExtension extends Schema.Schema.Type<typeof NamedExtension> {}

/**
 * @category schemas
 * @since 0.1.0
 */
export const NamedExtension = Schema.Struct({
  name: Schema.String,
  /** Plain JSON. */
  extension: Schema.optionalKey(Schema.Unknown)
})

const extensions = Schema.optionalKey(Schema.Array(NamedExtension).check(uniqueNames))

/**
 * How to reach an API server.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cluster extends Schema.Schema.Type<typeof Cluster> {}

/**
 * @category schemas
 * @since 0.1.0
 */
export const Cluster = keepUnknown(
  Schema.Struct({
    /** The address, with scheme, port and path: `https://10.0.0.1:6443`. Without a scheme, http is meant. */
    server: Schema.optionalKey(Schema.String),
    /** The name to ask for and to check in the server's certificate, instead of the host of `server`. */
    "tls-server-name": Schema.optionalKey(Schema.String),
    "insecure-skip-tls-verify": Schema.optionalKey(Schema.Boolean),
    /** A PEM file, relative to the folder of the kubeconfig. */
    "certificate-authority": Schema.optionalKey(Schema.String),
    /** PEM in base64. Comes before `certificate-authority`. */
    "certificate-authority-data": Schema.optionalKey(base64),
    /** `http`, `https`, `socks5` or `socks5h`; may hold a password. */
    "proxy-url": Schema.optionalKey(secret),
    "disable-compression": Schema.optionalKey(Schema.Boolean),
    extensions
  })
)

/**
 * A plugin that is run to get credentials.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExecConfig extends Schema.Schema.Type<typeof ExecConfig> {}

/**
 * @category schemas
 * @since 0.1.0
 */
export const ExecConfig = keepUnknownRedacted(Schema.Struct({
  /** A name looked up in PATH, or a path; one with a separator is relative to the folder of the kubeconfig. */
  command: Schema.optionalKey(Schema.String),
  args: Schema.optionalKey(Schema.Array(secret)),
  env: Schema.optionalKey(
    Schema.Array(Schema.Struct({ name: Schema.optionalKey(Schema.String), value: Schema.optionalKey(secret) }))
  ),
  /** `client.authentication.k8s.io/v1` or `client.authentication.k8s.io/v1beta1`. */
  apiVersion: Schema.optionalKey(Schema.String),
  /** Shown when the command is not found. */
  installHint: Schema.optionalKey(Schema.String),
  /** Whether the plugin is told about the cluster. Default false. */
  provideClusterInfo: Schema.optionalKey(Schema.Boolean),
  /** `Never`, `IfAvailable` or `Always`. Required with v1; `IfAvailable` unless given with v1beta1. */
  interactiveMode: Schema.optionalKey(Schema.String)
}))

/**
 * A credential source built into the client; `oidc` is the one left.
 *
 * @category models
 * @since 0.1.0
 */
export interface AuthProviderConfig extends Schema.Schema.Type<typeof AuthProviderConfig> {}

/**
 * @category schemas
 * @since 0.1.0
 */
export const AuthProviderConfig = keepUnknownRedacted(Schema.Struct({
  name: Schema.optionalKey(Schema.String),
  config: Schema.optionalKey(Schema.Record(Schema.String, secret))
}))

/**
 * Who the client is.
 *
 * @category models
 * @since 0.1.0
 */
export interface User extends Schema.Schema.Type<typeof User> {}

/**
 * @category schemas
 * @since 0.1.0
 */
export const User = keepUnknownRedacted(Schema.Struct({
  /** A PEM file, relative to the folder of the kubeconfig. */
  "client-certificate": Schema.optionalKey(Schema.String),
  /** PEM in base64. Comes before `client-certificate`. */
  "client-certificate-data": Schema.optionalKey(base64),
  /** A PEM file, relative to the folder of the kubeconfig. */
  "client-key": Schema.optionalKey(Schema.String),
  /** PEM in base64. Comes before `client-key`. */
  "client-key-data": Schema.optionalKey(Schema.RedactedFromValue(base64)),
  token: Schema.optionalKey(secret),
  /** A file with a bearer token, read again as it changes. Comes before `token` as long as it can be read. */
  tokenFile: Schema.optionalKey(Schema.String),
  /** The user to impersonate. */
  as: Schema.optionalKey(Schema.String),
  "as-uid": Schema.optionalKey(Schema.String),
  "as-groups": Schema.optionalKey(Schema.Array(Schema.String)),
  "as-user-extra": Schema.optionalKey(Schema.Record(Schema.String, Schema.Array(Schema.String))),
  username: Schema.optionalKey(Schema.String),
  password: Schema.optionalKey(secret),
  "auth-provider": Schema.optionalKey(AuthProviderConfig),
  exec: Schema.optionalKey(ExecConfig),
  extensions
}))

/**
 * A cluster, a user and a namespace under one name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Context extends Schema.Schema.Type<typeof Context> {}

/**
 * @category schemas
 * @since 0.1.0
 */
export const Context = keepUnknown(
  Schema.Struct({
    cluster: Schema.optionalKey(Schema.String),
    /** Empty or absent for an anonymous client. */
    user: Schema.optionalKey(Schema.String),
    namespace: Schema.optionalKey(Schema.String),
    extensions
  })
)

const name = Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed("")))

const cluster = Cluster.pipe(Schema.withDecodingDefaultKey(Effect.succeed({})))
const user = User.pipe(Schema.withDecodingDefaultKey(Effect.succeed({})))
const context = Context.pipe(Schema.withDecodingDefaultKey(Effect.succeed({})))

/**
 * @category schemas
 * @since 0.1.0
 */
export const NamedCluster = keepUnknown(Schema.Struct({ name, cluster }))

/**
 * @category schemas
 * @since 0.1.0
 */
export const NamedUser = keepUnknownRedacted(Schema.Struct({ name, user }))

/**
 * @category schemas
 * @since 0.1.0
 */
export const NamedContext = keepUnknown(Schema.Struct({ name, context }))

/**
 * A whole file. Names are unique in each list: two entries of one name are an error, as in client-go.
 *
 * @category models
 * @since 0.1.0
 */
export interface Kubeconfig extends Schema.Schema.Type<typeof Kubeconfig> {}

/**
 * @category schemas
 * @since 0.1.0
 */
export const Kubeconfig = keepUnknown(Schema.Struct({
  apiVersion: Schema.optionalKey(Schema.Literals(["v1", ""])),
  kind: Schema.optionalKey(Schema.Literals(["Config", ""])),
  /** Settings of kubectl, out of use since Kubernetes 1.34. */
  preferences: Schema.optionalKey(
    keepUnknown(Schema.Struct({ colors: Schema.optionalKey(Schema.Boolean), extensions }))
  ),
  clusters: Schema.Array(NamedCluster).check(uniqueNames).pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
  users: Schema.Array(NamedUser).check(uniqueNames).pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
  contexts: Schema.Array(NamedContext).check(uniqueNames).pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
  /** The name of the context to use where none is asked for; empty where there is none. */
  "current-context": name,
  extensions
}))

/**
 * A kubeconfig that says nothing.
 *
 * @category constructors
 * @since 0.1.0
 */
export const empty: Kubeconfig = { clusters: [], users: [], contexts: [], "current-context": "" }

const decode = Schema.decodeUnknownResult(Kubeconfig)
const encodeSync = Schema.encodeSync(Kubeconfig)
const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

const isExtension = (path: ReadonlyArray<PropertyKey>): boolean => path.includes("extension")

// Go reads null as absent; what stands in an extension is not ours to change.
const withoutNulls = (value: unknown, path: ReadonlyArray<PropertyKey> = []): unknown => {
  if (isExtension(path)) return value
  if (Array.isArray(value)) return value.map((item, index) => withoutNulls(item, [...path, index]))
  if (!Predicate.isReadonlyObject(value)) return value
  const kept: Array<readonly [string, unknown]> = []
  for (const [key, member] of Object.entries(value)) {
    if (member !== null) kept.push([key, withoutNulls(member, [...path, key])])
  }
  return Object.fromEntries(kept)
}

const printPath = (path: ReadonlyArray<PropertyKey>): string =>
  path.map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`).join("").replace(/^\./, "")

const words: { readonly [type: string]: string } = {
  string: "a text",
  object: "a mapping",
  array: "a list",
  boolean: "a boolean"
}

const describe = (message: string, found: string): string => {
  if (!message.startsWith("Expected ")) return message
  const expected = message.slice("Expected ".length)
  // In YAML 1.1 yes, no, on, off, y and n are booleans too.
  const hint = expected === "string" && (found === "a boolean" || found === "a number") ? "; put it in quotes" : ""
  return `expected ${Object.hasOwn(words, expected) ? words[expected] : expected}, found ${found}${hint}`
}

/**
 * Reads a text: YAML, and so JSON. An empty text is an empty kubeconfig, the last of two equal keys counts, and what
 * follows a first document is not read, all as in client-go. Costs about 20 ms for a hundred clusters, users and contexts.
 *
 * Fails with `Parse` for what is not YAML, and with `Invalid` for what is no kubeconfig; neither quotes the text.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (text: string, options: {
  /** Where the text comes from, for messages. */
  readonly path: string
}): Result.Result<Kubeconfig, KubeconfigError.KubeconfigError> => {
  const { path } = options
  const parsed = YamlDocument.parse(text)
  if (Result.isFailure(parsed)) {
    return Result.fail(
      new KubeconfigError.KubeconfigError({ reason: new KubeconfigError.Parse({ path, ...parsed.failure }) })
    )
  }
  const document = parsed.success
  return Result.mapError(decode(withoutNulls(document.value ?? {}), { errors: "all" }), (error) => {
    const [first, ...more] = issuesOf(error.issue).issues.map((issue): KubeconfigError.Issue => {
      const keys = (issue.path ?? []).map((key) => typeof key === "object" ? key.key : key)
      return {
        path,
        ...document.locate(keys),
        member: printPath(keys),
        description: describe(issue.message, document.kindAt(keys))
      }
    })
    return KubeconfigError.invalid(
      first ?? { path, member: "", description: "not a kubeconfig" },
      ...more
    )
  })
}

/**
 * The kubeconfig as plain JSON, secrets in clear.
 *
 * @category accessors
 * @since 0.1.0
 */
export const toJson = (kubeconfig: Kubeconfig): { readonly [member: string]: unknown } => ({
  ...encodeSync(kubeconfig)
})

/**
 * The text of a kubeconfig, secrets in clear. Members keep their order.
 *
 * @category accessors
 * @since 0.1.0
 */
export const print = (kubeconfig: Kubeconfig): string =>
  YamlDocument.print({ apiVersion: "v1", kind: "Config", ...toJson(kubeconfig) })

/**
 * The text of a kubeconfig to show, as `kubectl config view` does: tokens and passwords are `REDACTED`, certificates and
 * keys `DATA+OMITTED`, and so is all else that is `Redacted`.
 *
 * @category accessors
 * @since 0.1.0
 */
export const printRedacted = (kubeconfig: Kubeconfig): string =>
  YamlDocument.print(omit({ apiVersion: "v1", kind: "Config", ...kubeconfig }))

const omit = (value: unknown, member = ""): unknown => {
  if (Redacted.isRedacted(value)) return member.endsWith("-data") ? "DATA+OMITTED" : "REDACTED"
  if (typeof value === "string" && member.endsWith("-data")) return "DATA+OMITTED"
  if (Array.isArray(value)) return value.map((item) => omit(item))
  if (!Predicate.isReadonlyObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, its]) => [key, omit(its, key)]))
}

/**
 * The current context, its cluster and its user alone, as `kubectl config view --minify` has it. Fails with
 * `MissingContext`, `MissingCluster` or `MissingUser`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const minify = (kubeconfig: Kubeconfig): Result.Result<Kubeconfig, KubeconfigError.KubeconfigError> => {
  const fail = (reason: KubeconfigError.Reason) => Result.fail(new KubeconfigError.KubeconfigError({ reason }))
  const names = (entries: ReadonlyArray<{ readonly name: string }>) => entries.map((entry) => entry.name)
  const name = kubeconfig["current-context"]
  const contexts = kubeconfig.contexts.filter((entry) => entry.name === name)
  const chosen = contexts[0]?.context
  if (chosen === undefined) {
    return fail(new KubeconfigError.MissingContext({ context: name, contexts: names(kubeconfig.contexts), paths: [] }))
  }
  const clusters = kubeconfig.clusters.filter((entry) => entry.name === chosen.cluster)
  if (clusters.length === 0 && (chosen.cluster ?? "") !== "") {
    return fail(
      new KubeconfigError.MissingCluster({
        cluster: chosen.cluster ?? "",
        context: name,
        clusters: names(kubeconfig.clusters),
        paths: []
      })
    )
  }
  const users = kubeconfig.users.filter((entry) => entry.name === chosen.user)
  if (users.length === 0 && (chosen.user ?? "") !== "") {
    return fail(
      new KubeconfigError.MissingUser({
        user: chosen.user ?? "",
        context: name,
        users: names(kubeconfig.users),
        paths: []
      })
    )
  }
  return Result.succeed({ ...kubeconfig, clusters, contexts, users })
}

/**
 * Several files as one: of two entries of one name the first is taken whole, `current-context` is the first that is not
 * empty, and what only a later file says is added. Associative, with `empty` as its neutral element.
 *
 * @category combinators
 * @since 0.1.0
 */
export const merge = (files: ReadonlyArray<Kubeconfig>): Kubeconfig => files.reduce(mergeTwo, empty)

const mergeNamed = <A extends { readonly name: string }>(
  first: ReadonlyArray<A>,
  second: ReadonlyArray<A>
): ReadonlyArray<A> => {
  const names = new Set(first.map((entry) => entry.name))
  return [...first, ...second.filter((entry) => !names.has(entry.name))]
}

const mergeExtensions = (
  first: ReadonlyArray<NamedExtension> | undefined,
  second: ReadonlyArray<NamedExtension> | undefined
): { readonly extensions?: ReadonlyArray<NamedExtension> } =>
  first === undefined && second === undefined ? {} : { extensions: mergeNamed(first ?? [], second ?? []) }

const mergeTwo = (first: Kubeconfig, second: Kubeconfig): Kubeconfig => ({
  ...second,
  ...first,
  ...(first.preferences === undefined && second.preferences === undefined ? {} : {
    preferences: {
      ...second.preferences,
      ...first.preferences,
      ...(first.preferences?.colors === true || second.preferences?.colors === true ? { colors: true } : {}),
      ...mergeExtensions(first.preferences?.extensions, second.preferences?.extensions)
    }
  }),
  clusters: mergeNamed(first.clusters, second.clusters),
  users: mergeNamed(first.users, second.users),
  contexts: mergeNamed(first.contexts, second.contexts),
  "current-context": first["current-context"] === "" ? second["current-context"] : first["current-context"],
  ...mergeExtensions(first.extensions, second.extensions)
})
