/**
 * The columns of a kind's table.
 *
 * @internal
 */
import * as BuiltInColumns from "./builtInColumns.ts"
import type { Column } from "./column.ts"
import * as CustomColumns from "./customColumns.ts"
import type { Served } from "./registry.ts"

/** The columns of a resource type. */
export const of = (served: Served): ReadonlyArray<Column> =>
  served.custom === undefined ? BuiltInColumns.of(served.table) : CustomColumns.of(served.custom.columns)
