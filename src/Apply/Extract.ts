/**
 * `Extract`: what a field manager applied, read back from an object as an apply configuration.
 *
 * The way to change one field with server-side apply without repeating the others: extract, change, apply. What the
 * manager does not own is left out, so applying the result takes nothing away.
 *
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { ApplyConfiguration } from "../Machinery/ApplyConfiguration.ts"
import type { ParseError } from "../Machinery/ParseError.ts"
import * as Resource from "../Machinery/Resource.ts"
import type { KubeObject, Persisted, Scope, Subresources } from "../Machinery/Resource.ts"
import * as FieldSet from "./FieldSet.ts"
import * as StructuredMerge from "./StructuredMerge.ts"

/**
 * Whose fields.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly fieldManager: string
  /** What was applied through a subresource, as `status`. The object itself unless given. */
  readonly subresource?: string
}

/**
 * The configuration that a manager applied: its fields, the keys of the list items they stand in, and the type, name
 * and namespace of the object. A manager that applied nothing gets the latter alone.
 *
 * ```ts
 * const applied = yield* Effect.fromResult(Extract.extract(Deployment, deployment, { fieldManager: "web-controller" }))
 * yield* deployments.apply({ ...applied, spec: { ...applied.spec, replicas: 3 } }, { fieldManager: "web-controller" })
 * ```
 *
 * The object must be the whole one: what a subresource such as `scale` returns has no managed fields. Fails with
 * `ParseError` where the manager's entry is not understood.
 *
 * @category accessors
 * @since 0.1.0
 */
export const extract = <A extends KubeObject, S extends Scope, Sub extends Subresources>(
  resource: Resource.Resource<A, S, Sub>,
  object: A | Persisted<A, S>,
  options: Options
): Result.Result<ApplyConfiguration<A>, ParseError> => {
  const metadata = object.metadata
  const entry = metadata?.managedFields?.find(({ manager, operation, subresource }) =>
    manager === options.fieldManager && operation === "Apply" && (subresource ?? "") === (options.subresource ?? "")
  )
  return Result.map(FieldSet.fromFieldsV1(entry?.fieldsV1 ?? {}), (fields) => {
    const applied = StructuredMerge.extract<KubeObject>(object, FieldSet.leaves(fields), resource.structure)
    // The fields of the object are those of its type, so what is extracted is a configuration of that type.
    return {
      ...applied,
      apiVersion: Resource.apiVersion(resource),
      kind: resource.kind,
      metadata: {
        ...applied.metadata,
        name: metadata?.name ?? "",
        ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace })
      }
    } as unknown as ApplyConfiguration<A>
  })
}
