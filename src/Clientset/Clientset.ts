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
import * as Record from "effect/Record"
import * as groups from "../Api/groups.ts"
import type { AnyResource, KubeObject, Resource } from "../Machinery/Resource.ts"
import * as RestClient from "../Rest/RestClient.ts"
import * as ResourceClient from "./ResourceClient.ts"

type Groups = typeof groups

/**
 * The clients of one group and version, under client-go's names: `configMaps`, `csiDrivers`. A namespaced kind may take a namespace; without one
 * its client sees all namespaces.
 *
 * @category models
 * @since 0.1.0
 */
export type GroupClient<Kinds> = {
  readonly [Name in keyof Kinds]: Kinds[Name] extends Resource<infer A, infer S, infer Sub>
    ? (...namespace: S extends "Namespaced" ? [namespace?: string] : []) => ResourceClient.ResourceClient<A, S, Sub>
    : never
}

/**
 * A client for every built-in kind: `coreV1.pods("default")`, `rbacV1.clusterRoles()`.
 *
 * @category services
 * @since 0.1.0
 */
export class Clientset
  extends Context.Service<Clientset, { readonly [Group in keyof Groups]: GroupClient<Groups[Group]> }>()(
    "effect-kubernetes/Clientset/Clientset"
  )
{}

const groupClient = (rest: RestClient.RestClient["Service"], kinds: { readonly [name: string]: AnyResource }) =>
  Record.map(
    kinds,
    (resource) => (namespace?: string) =>
      ResourceClient.fromRestClient(rest, resource as Resource<KubeObject, "Namespaced">, namespace)
  )

/**
 * Makes the view of the table of kinds over a `RestClient`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<Clientset["Service"], never, RestClient.RestClient> = Effect.map(
  RestClient.RestClient,
  (rest) => {
    const tables: { readonly [group: string]: { readonly [name: string]: AnyResource } } = groups
    // The service's type reads each name's kind from the table that is mapped here, which no mapping can say.
    return Record.map(tables, (kinds) => groupClient(rest, kinds)) as unknown as Clientset["Service"]
  }
)

/**
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Clientset, never, RestClient.RestClient> = Layer.effect(Clientset, make)
