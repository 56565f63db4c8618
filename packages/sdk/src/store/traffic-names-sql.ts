/** Names and conditions that the queries about calls share. */

import type { SqlRow, SqlValue } from './sql.js'
import {
  clip,
  makeNumbers,
  type TrafficDimension,
  type TrafficNumbers,
  trafficDimensions,
  trafficNumbers,
} from './traffic-facts.js'
import type { TrafficFilter } from './traffic-store.js'
import { numberColumn } from './traffic-tables.js'

/** The column of each name. */
export const COLUMN_OF: Readonly<Record<TrafficDimension, string>> = {
  model: 'model',
  team: 'team',
  key: 'key_id',
  user: 'user_name',
  session: 'session',
  project: 'project',
  task: 'task',
}

/** A part of a `WHERE`. */
export interface Condition {
  readonly text: string
  readonly values: readonly SqlValue[]
}

/** All of them. */
export function conditionOf(conditions: readonly Condition[]): Condition {
  return {
    text: conditions.map(({ text }) => text).join(' AND '),
    values: conditions.flatMap(({ values }) => values),
  }
}

/** Every name of a filter but its tag. */
export function ofNames(filter: TrafficFilter): Condition[] {
  return trafficDimensions.flatMap((dimension) => {
    const wanted = filter[dimension]
    return wanted === undefined ? [] : [{ text: `${COLUMN_OF[dimension]} = ?`, values: [clip(wanted)] }]
  })
}

const NUMBER_COLUMN_OF = Object.fromEntries(trafficNumbers.map((name) => [name, numberColumn(name)])) as Readonly<
  Record<keyof TrafficNumbers, string>
>

/** Numbers out of a row; 0 where there are none. */
export function readNumbers(row: SqlRow | undefined): TrafficNumbers {
  return makeNumbers((name) => Number(row?.[NUMBER_COLUMN_OF[name]] ?? 0))
}
