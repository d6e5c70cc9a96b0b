/**
 * `KubeconfigValidation`: whether everything in a kubeconfig can be used, not only what the current context names.
 *
 * For tools that check or edit kubeconfigs. A client does not need it: ClientConfig checks what it uses, and a broken
 * entry for another cluster is no reason to refuse this one.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import * as Name from "../Machinery/Name.ts"
import * as Files from "./internal/files.ts"
import * as Stanzas from "./internal/stanzas.ts"
import * as Validate from "./internal/validate.ts"
import type * as Kubeconfig from "./Kubeconfig.ts"
import * as KubeconfigError from "./KubeconfigError.ts"
import type * as KubeconfigLoader from "./KubeconfigLoader.ts"

type Issues = ReadonlyArray<KubeconfigError.Issue>

/**
 * Checks all clusters, users and contexts: members that are missing or exclude each other, names that do not exist, files
 * that cannot be read. Succeeds where all is well; fails with `Invalid`, which holds everything that is wrong, or with
 * `NotConfigured` where there is nothing at all.
 *
 * @category combinators
 * @since 0.1.0
 */
export const validate: (
  loaded: KubeconfigLoader.Loaded
) => Effect.Effect<void, KubeconfigError.KubeconfigError, FileSystem.FileSystem> = Effect.fnUntraced(function*(loaded) {
  const { clusters, contexts, "current-context": current, users } = loaded.kubeconfig
  if (clusters.length + contexts.length + users.length === 0 && current === "") {
    return yield* new KubeconfigError.KubeconfigError({
      reason: new KubeconfigError.NotConfigured({
        searched: loaded.searchPath.paths,
        found: loaded.files.map(({ path }) => path),
        contexts: []
      })
    })
  }
  const issues: Array<KubeconfigError.Issue> = []
  if (current !== "" && !contexts.some(({ name }) => name === current)) {
    issues.push({ member: "current-context", description: `the context ${JSON.stringify(current)} does not exist` })
  }
  for (const { context, name } of contexts) {
    issues.push(...contextIssues(loaded, Stanzas.chosen(loaded, "contexts", "context", name, context)))
  }
  for (const { name, user } of users) {
    const chosen = Stanzas.chosen(loaded, "users", "user", name, user)
    issues.push(...Validate.userIssues(chosen))
    issues.push(...yield* fileIssues(chosen, ["client-certificate", "client-key"]))
  }
  for (const { cluster, name } of clusters) {
    const chosen = Stanzas.chosen(loaded, "clusters", "cluster", name, cluster)
    issues.push(...Validate.clusterIssues(chosen))
    issues.push(...yield* fileIssues(chosen, ["certificate-authority"]))
  }
  if (Arr.isReadonlyArrayNonEmpty(issues)) {
    return yield* new KubeconfigError.KubeconfigError({ reason: new KubeconfigError.Invalid({ issues }) })
  }
})

const contextIssues = (
  { kubeconfig }: KubeconfigLoader.Loaded,
  { name, place, stanza }: Stanzas.Chosen<Kubeconfig.Context>
): Issues => {
  const issues: Array<KubeconfigError.Issue> = []
  const { cluster = "", namespace = "", user = "" } = stanza
  if (name === "") issues.push({ ...place(""), description: "the name is empty" })
  if (user === "") issues.push({ ...place("user"), description: "the context names no user" })
  else if (!kubeconfig.users.some((entry) => entry.name === user)) {
    issues.push({ ...place("user"), description: `the user ${JSON.stringify(user)} does not exist` })
  }
  if (cluster === "") issues.push({ ...place("cluster"), description: "the context names no cluster" })
  else if (!kubeconfig.clusters.some((entry) => entry.name === cluster)) {
    issues.push({ ...place("cluster"), description: `the cluster ${JSON.stringify(cluster)} does not exist` })
  }
  if (namespace !== "") {
    issues.push(...Name.dns1123Label(namespace).map((description) => ({ ...place("namespace"), description })))
  }
  return issues
}

const fileIssues = Effect.fnUntraced(function*<S extends object, K extends Extract<keyof S, string>>(
  { namedBy, place, stanza }: Stanzas.Chosen<S>,
  members: ReadonlyArray<K>
) {
  const issues: Array<KubeconfigError.Issue> = []
  for (const member of members) {
    const path = stanza[member]
    if (typeof path !== "string" || path === "") continue
    const result = yield* Effect.result(Files.ensureReadable(path, namedBy(member)))
    if (Result.isFailure(result) && result.failure.reason._tag === "UnreadableFile") {
      issues.push({ ...place(member), description: `cannot read ${path}: ${result.failure.reason.description}` })
    }
  }
  return issues
})
