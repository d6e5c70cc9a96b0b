/**
 * @since 0.1.0
 */

/**
 * What is accepted where a field selector is asked for: the text form, or equalities as a record.
 *
 * @category models
 * @since 0.1.0
 */
export type Input = string | { readonly [path: string]: string }
