/**
 * `Rbac`: the least rights a controller needs, from what it watches and what it says it writes.
 *
 * Sources carry the rules of their kinds; a controller's `grants` add what its reconciler does. `manifests` turns the
 * rules of one or several controllers into what `kubectl apply` takes, so that a Role is derived from the program and
 * not guessed beside it. Nothing here talks to a server.
 *
 * @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/
 * @since 0.1.0
 */
import type { ClusterRole, PolicyRule, Role } from "../Api/rbac/v1.ts"
import type { AnyResource, Verb } from "../Machinery/Resource.ts"

/**
 * One right: verbs on one resource, in one namespace or in all.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rule {
  readonly group: string
  /** The plural, with the subresource after a slash: `deployments/status`. */
  readonly resource: string
  readonly verbs: ReadonlyArray<Verb>
  /** Where. All namespaces, or a kind of cluster scope, where it is absent. */
  readonly namespace: string | undefined
  /**
   * The only names; none where the list is empty. Any name unless given. `create` cannot be limited by it, `list` and `watch`
   * only for who selects one name.
   */
  readonly names?: ReadonlyArray<string> | undefined
}

/**
 * What a reconciler does with a kind beyond watching it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Grant {
  readonly resource: AnyResource
  /** `Rbac.apply`, `Rbac.readWrite`, or one's own list. */
  readonly verbs: ReadonlyArray<Verb>
  /** `status`, `scale`, `finalizers`; the object itself unless given. */
  readonly subresource?: string | undefined
  /** Where; all namespaces unless given, and for the empty one, as Kubernetes' clients say it. */
  readonly namespaces?: string | ReadonlyArray<string> | undefined
  /** The only names, none where the list is empty; any unless given. */
  readonly names?: ReadonlyArray<string> | undefined
}

/**
 * The verbs of a cache.
 *
 * @category constants
 * @since 0.1.0
 */
export const watch: ReadonlyArray<Verb> = ["list", "watch"]

/**
 * The verbs of server-side apply: `patch`, and `create` where there is no object yet.
 *
 * @category constants
 * @since 0.1.0
 */
export const apply: ReadonlyArray<Verb> = ["create", "patch"]

/**
 * The verbs of who reads, makes, changes and deletes single objects.
 *
 * @category constants
 * @since 0.1.0
 */
export const readWrite: ReadonlyArray<Verb> = ["create", "delete", "get", "patch", "update"]

/**
 * How a candidate stands for election, as it says it to `LeaderElection`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ElectionOptions {
  /** Whether it follows at once, by watching the Lease. False unless given. */
  readonly watch?: boolean | undefined
  /** Whether the server picks the leader among `LeaseCandidate`s. False unless given. */
  readonly isCoordinated?: boolean | undefined
}

/**
 * What a candidate of a leader election needs, its Events included.
 *
 * @category constants
 * @since 0.1.0
 */
export const leaderElection = (
  namespace: string,
  { isCoordinated = false, watch: isWatching = false }: ElectionOptions = {}
): ReadonlyArray<Rule> => [
  {
    group: "coordination.k8s.io",
    resource: "leases",
    verbs: isWatching ? ["create", "get", "update", "watch"] : ["create", "get", "update"],
    namespace
  },
  ...isCoordinated
    ? [{
      group: "coordination.k8s.io",
      resource: "leasecandidates",
      verbs: ["create", "delete", "get", "update", "watch"] as const,
      namespace
    }]
    : [],
  ...events(namespace)
]

/**
 * What the replicas of a sharded controller need for the Leases that divide the keys.
 *
 * @category constants
 * @since 0.1.0
 */
export const sharding = (namespace: string): ReadonlyArray<Rule> => [
  {
    group: "coordination.k8s.io",
    resource: "leases",
    verbs: ["create", "delete", "get", "list", "patch", "update"],
    namespace
  }
]

/**
 * What a recorder of Events needs.
 *
 * @category constants
 * @since 0.1.0
 */
export const events = (namespace?: string): ReadonlyArray<Rule> =>
  ["", "events.k8s.io"].map((group) => ({ group, resource: "events", verbs: ["create", "patch"], namespace }))

/**
 * The rules of a grant, one for each namespace.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromGrant = ({ names, namespaces, resource, subresource, verbs }: Grant): ReadonlyArray<Rule> => {
  const where = resource.scope === "Cluster" || namespaces === undefined
    ? [undefined]
    : typeof namespaces === "string"
    ? [namespaces]
    : namespaces
  const name = subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`
  return where.map((namespace) => ({
    group: resource.group,
    resource: name,
    verbs,
    namespace: namespace === "" ? undefined : namespace,
    names
  }))
}

/**
 * What holds rules: a controller, or several.
 *
 * @category models
 * @since 0.1.0
 */
export interface Holder {
  readonly rules: ReadonlyArray<Rule>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface ManifestOptions {
  /** The name of the ClusterRole and of each Role. */
  readonly name: string
  /** Rules that no controller has: `Rbac.leaderElection(namespace)`. None unless given. */
  readonly more?: ReadonlyArray<Rule> | undefined
}

/**
 * The roles that grant the rules and nothing else: one ClusterRole for what is needed everywhere, and a Role in each
 * namespace that something is needed in alone. Rules are merged and sorted, so that the same program prints the same text.
 *
 * @category accessors
 * @since 0.1.0
 */
export const manifests = (
  holders: Holder | ReadonlyArray<Holder>,
  { more = [], name }: ManifestOptions
): ReadonlyArray<ClusterRole | Role> => {
  const rules = ("rules" in holders ? [holders] : holders).flatMap((holder) => holder.rules).concat(more)
    // RBAC takes no names for any name.
    .filter(({ names, verbs }) => names?.length !== 0 && verbs.length > 0)
  const everywhere = new Map<string, Merged>()
  for (const rule of rules) if (rule.namespace === undefined) merge(everywhere, rule)
  const namespaced = new Map<string, Map<string, Merged>>()
  for (const rule of rules) {
    if (rule.namespace === undefined) continue
    // What is granted everywhere needs no second word.
    const granted = everywhere.get(idOf(rule))?.verbs
    const missing = rule.verbs.filter((verb) => granted?.has(verb) !== true)
    if (missing.length === 0) continue
    const inNamespace = namespaced.get(rule.namespace) ?? new Map<string, Merged>()
    namespaced.set(rule.namespace, inNamespace)
    merge(inNamespace, { ...rule, verbs: missing })
  }
  const roles = Array.from(namespaced, ([namespace, merged]): Role => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name, namespace },
    rules: policy(merged)
  })).toSorted((left, right) => compare(left.metadata?.namespace, right.metadata?.namespace))
  if (everywhere.size === 0) return roles
  return [
    { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name }, rules: policy(everywhere) },
    ...roles
  ]
}

interface Merged {
  readonly rule: Rule
  readonly verbs: Set<Verb>
}

const idOf = ({ group, names, resource }: Rule): string => JSON.stringify([group, resource, names?.toSorted(compare)])

const merge = (into: Map<string, Merged>, rule: Rule): void => {
  const id = idOf(rule)
  const known = into.get(id)
  if (known === undefined) return void into.set(id, { rule, verbs: new Set(rule.verbs) })
  for (const verb of rule.verbs) known.verbs.add(verb)
}

/** Resources of one group with the same verbs and names share a rule. */
const policy = (merged: ReadonlyMap<string, Merged>): ReadonlyArray<PolicyRule> => {
  const byVerbs = new Map<
    string,
    { readonly rule: Rule; readonly verbs: ReadonlyArray<Verb>; resources: Set<string> }
  >()
  for (const { rule, verbs } of merged.values()) {
    const sorted = Array.from(verbs).toSorted(compare)
    const id = JSON.stringify([rule.group, sorted, rule.names?.toSorted(compare)])
    const known = byVerbs.get(id) ?? { rule, verbs: sorted, resources: new Set() }
    known.resources.add(rule.resource)
    byVerbs.set(id, known)
  }
  return Array.from(byVerbs.values(), ({ resources, rule, verbs }): PolicyRule => ({
    apiGroups: [rule.group],
    resources: Array.from(resources).toSorted(compare),
    ...(rule.names === undefined ? {} : { resourceNames: rule.names.toSorted(compare) }),
    verbs
  })).toSorted((left, right) =>
    compare(left.apiGroups?.[0], right.apiGroups?.[0]) || compare(left.resources?.[0], right.resources?.[0])
  )
}

const compare = (left = "", right = ""): number => left < right ? -1 : left > right ? 1 : 0
