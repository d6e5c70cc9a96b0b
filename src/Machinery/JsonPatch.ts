/**
 * @since 0.1.0
 */

/**
 * One operation of RFC 6902. Paths are JSON Pointers: `/` in a key is written `~1`, `~` is written `~0`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6902
 * @category models
 * @since 0.1.0
 */
export type Operation =
  | { readonly op: "add"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "move"; readonly from: string; readonly path: string }
  | { readonly op: "copy"; readonly from: string; readonly path: string }
  | { readonly op: "test"; readonly path: string; readonly value: unknown }
