/**
 * `EventSelector`: which Events are about an object, as a field selector for a list or a watch.
 *
 * `clientset.coreV1.events("default").list({ fieldSelector: EventSelector.regarding(web) })` is what `kubectl describe`
 * asks for. client-go's `events.GetFieldSelector`.
 *
 * @since 0.1.0
 */
import * as FieldSelector from "../Machinery/FieldSelector.ts"
import type * as ObjectReference from "../Machinery/ObjectReference.ts"
import { referenceTo, type Subject } from "./EventRecorder.ts"

/**
 * Selects the Events about an object; what a reference leaves out does not count. The two APIs call the field
 * differently; `core/v1` unless given.
 *
 * @category constructors
 * @since 0.1.0
 */
export const regarding = (
  subject: Subject | ObjectReference.ObjectReference,
  options?: { readonly api?: "core/v1" | "events.k8s.io/v1" | undefined }
): FieldSelector.Selector => {
  const { apiVersion, kind, name, namespace, uid } = referenceTo(subject)
  const prefix = options?.api === "events.k8s.io/v1" ? "regarding" : "involvedObject"
  const fields: { [path: string]: string } = {}
  for (const [field, value] of Object.entries({ name, namespace, kind, apiVersion, uid })) {
    if (value !== undefined && value !== "") fields[`${prefix}.${field}`] = value
  }
  return FieldSelector.fromFields(fields)
}
