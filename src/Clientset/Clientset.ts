/**
 * `Clientset`: a `ResourceClient` for every built-in kind, under the names client-go gives them.
 *
 * `clientset.appsV1.deployments("default").get("web")` reads as in client-go's `kubernetes.Interface`. It is a view of
 * the generated table of kinds: nothing is made before it is asked for. Importing it brings the descriptors of all
 * kinds along; a program that works with a few takes `ResourceClient.make(Deployment)` instead.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as groups from "../Api/groups.ts"
import type { AnyResource, Resource } from "../Machinery/Resource.ts"
import * as RestClient from "../Rest/RestClient.ts"
import * as ResourceClient from "./ResourceClient.ts"

type Groups = typeof groups

/**
 * The clients of one group and version, by the plural of the kind. A namespaced kind may take a namespace; without one
 * its client sees all namespaces.
 *
 * @category models
 * @since 0.1.0
 */
export type GroupClient<Kinds> = {
  readonly [Plural in keyof Kinds]: Kinds[Plural] extends Resource<infer A, infer S, infer Sub>
    ? (...namespace: S extends "Namespaced" ? [namespace?: string] : []) => ResourceClient.ResourceClient<A, S, Sub>
    : never
}

/**
 * A client for every built-in kind: `coreV1.pods("default")`, `rbacV1.clusterRoles()`.
 *
 * @category services
 * @since 0.1.0
 */
export class Clientset extends Context.Service<Clientset, { readonly [Group in keyof Groups]: GroupClient<Groups[Group]> }>()(
  "effect-kubernetes/Clientset/Clientset"
) {}
