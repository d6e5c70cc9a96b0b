/**
 * @since 0.1.0
 */

/**
 * What is accepted where a label selector is asked for: the text form, equalities as a record, or the object form.
 *
 * @category models
 * @since 0.1.0
 */
export type Input = string | { readonly [key: string]: string } | LabelSelector

/**
 * The object form, as workloads and policies write it.
 *
 * @category models
 * @since 0.1.0
 */
export interface LabelSelector {
  readonly matchLabels?: { readonly [key: string]: string }
  readonly matchExpressions?: ReadonlyArray<LabelSelectorRequirement>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface LabelSelectorRequirement {
  readonly key: string
  /** `In`, `NotIn`, `Exists`, `DoesNotExist`. */
  readonly operator: string
  readonly values?: ReadonlyArray<string>
}
