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

/** The narrowest first: the index of one name is followed, and the others are looked at on the way. */
export const BY_WIDTH: readonly TrafficDimension[] = ['session', 'user', 'key', 'task', 'project', 'team', 'model']

/**
 * Columns and what they must be, the narrowest first. Databases that keep no statistics would follow any of the indexes: an
 * expression has none.
 *
 * @param isFollowed whether the first one may be followed; false where another index is
 */
export function followingOne(wanted: readonly (readonly [string, string])[], isFollowed: boolean): Condition[] {
  return wanted.map(([column, value], index) => {
    const text = index === 0 && isFollowed ? `${column} = ?` : `(${column} || '') = ?`
    return { text, values: [clip(value)] }
  })
}

/** Calls (`c`), by their tag (`t`) if one is given; `place` is the one whose order is followed. */
export function withTag(tag: string | undefined): {
  readonly tables: string
  readonly place: 'c' | 't'
  readonly conditions: readonly Condition[]
} {
  if (tag === undefined) return { tables: 'traffic_calls AS c', place: 'c', conditions: [] }
  if (tag === '')
    return { tables: 'traffic_calls AS c', place: 'c', conditions: [{ text: "c.tags = '[]'", values: [] }] }
  // One database reads a cross join in the order in which it is written, the others in the best.
  const tables = 'traffic_tags AS t CROSS JOIN traffic_calls AS c'
  return { tables, place: 't', conditions: [{ text: 'c.id = t.id AND t.tag = ?', values: [clip(tag)] }] }
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
