/** The order of the rows of a table. */

/** By which column, and which way. */
export interface Order {
  readonly column: number
  readonly isDown: boolean
}

type Value = string | number | boolean | null

/** The rows in order; what has no value stands last, whichever way. Equal rows keep their order. */
export function orderBy<Row>(
  rows: readonly Row[],
  read: ((row: Row) => Value) | undefined,
  isDown: boolean,
): readonly Row[] {
  if (read === undefined) return rows
  return rows
    .map((row) => ({ row, value: read(row) }))
    .sort((left, right) => {
      if (left.value === null || right.value === null) return Number(left.value === null) - Number(right.value === null)
      return compare(left.value, right.value) * (isDown ? -1 : 1)
    })
    .map(({ row }) => row)
}

function compare(left: NonNullable<Value>, right: NonNullable<Value>): number {
  if (typeof left === 'string' && typeof right === 'string') return left.localeCompare(right, 'en', { numeric: true })
  return Number(left) - Number(right)
}
