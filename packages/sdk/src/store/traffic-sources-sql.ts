/**
 * Where the SQL that adds up finds its rows.
 *
 * Sums under a single name (`traffic_names`) are few and answer what is asked most; sums under all names together
 * (`traffic_sums`) answer everything that is filtered by one name and told apart by another; the calls themselves
 * (`traffic_calls`) answer what is asked to the millisecond.
 */

import { type Dialect, encodeRows } from './sql.js'
import { clip, type TrafficDimension, trafficDimensions, widened } from './traffic-facts.js'
import { BY_WIDTH, COLUMN_OF, type Condition, conditionOf, followingOne, withTag } from './traffic-names-sql.js'
import type { TrafficFilter, TrafficGroup, TrafficPeriod, TrafficSumQuery } from './traffic-store.js'
import { DAY_MS } from './traffic-tables.js'

/** What is added up, from where. */
export interface SourceQuery extends TrafficPeriod, Pick<TrafficSumQuery, 'groupBy' | 'filter'> {
  /** True: the calls themselves. */
  readonly isExact: boolean
  /** Columns of sums that are read. */
  readonly columns: readonly string[]
  /** Only rows of these groups; absent: all. */
  readonly groups?: readonly string[]
  /** True: no row is longer than a half hour. */
  readonly isFine?: boolean
}

/** Rows to add up: `FROM … WHERE …`, which column tells them apart, and when they were. */
export interface Source extends Condition {
  readonly group: string
  readonly bucket: string
}

/** The source that has the fewest rows for a query. */
export function sourceOf(dialect: Dialect, query: SourceQuery): Source {
  if (query.isExact) return fromCalls(dialect, query)
  const single = singleName(query)
  return single === null ? fromSums(dialect, query) : fromNames(dialect, query, single)
}

interface SingleName {
  readonly dimension: TrafficGroup
  /** Null: all of them. */
  readonly name: string | null
}

/** The name whose own sums answer, if they do: without a filter, or filtered by nothing else. */
function singleName({ groupBy, filter }: SourceQuery): SingleName | null {
  const [first, ...others] = [...trafficDimensions, 'tag' as const].filter((name) => filter[name] !== undefined)
  if (first === undefined) return { dimension: groupBy, name: null }
  if (others.length > 0 || (groupBy !== 'total' && groupBy !== first)) return null
  return { dimension: first, name: clip(filter[first] ?? '') }
}

/** A period in whole days, and the half hours before and behind them. */
function spansOf({ since, until }: TrafficPeriod): readonly (readonly ['half-hour' | 'day', number, number])[] {
  const firstDay = Math.ceil(since / DAY_MS) * DAY_MS
  const lastDay = Math.floor(until / DAY_MS) * DAY_MS
  if (firstDay >= lastDay) return [['half-hour', since, until]]
  const spans = [
    ['half-hour', since, firstDay],
    ['day', firstDay, lastDay],
    ['half-hour', lastDay, until],
  ] as const
  return spans.filter(([, from, to]) => from < to)
}

/** Every part says itself which names it wants: a database that puts the parts together first reads all of them. */
function fromNames(dialect: Dialect, query: SourceQuery, { dimension, name }: SingleName): Source {
  const { since, until } = widened(query)
  const spans = query.isFine === true ? ([['half-hour', since, until]] as const) : spansOf({ since, until })
  const group = query.groupBy === 'total' ? "'total'" : 'name'
  const parts = spans.map(([span, from, to]): Condition => {
    const { text, values } = conditionOf([
      { text: 'dimension = ? AND span = ? AND bucket >= ? AND bucket < ?', values: [dimension, span, from, to] },
      ...(name === null ? [] : [{ text: 'name = ?', values: [name] }]),
      ...ofGroups(dialect, group, query.groups),
    ])
    return {
      text: `SELECT ${['name', 'bucket', ...query.columns].join(', ')} FROM traffic_names WHERE ${text}`,
      values,
    }
  })
  return {
    group,
    bucket: 'bucket',
    text: `FROM (${parts.map(({ text }) => text).join(' UNION ALL ')}) AS kept`,
    values: parts.flatMap(({ values }) => values),
  }
}

function ofGroups(dialect: Dialect, column: string, groups: readonly string[] | undefined): Condition[] {
  if (groups === undefined) return []
  return [{ text: dialect.isOneOf(column), values: [encodeRows(groups.map((group) => [clip(group)]))] }]
}

/** One index is followed: that of the narrowest name of the filter. */
function fromSums(dialect: Dialect, { groupBy, filter, groups, ...period }: SourceQuery): Source {
  const { since, until } = widened(period)
  const { tag } = filter
  const names = BY_WIDTH.flatMap((name) => (filter[name] === undefined ? [] : [name]))
  const group = groupColumn(groupBy)
  const { text, values } = conditionOf([
    { text: `facet IN (${facetsOf(filter, groupBy)})`, values: [] },
    ...(tag === undefined ? [] : [{ text: 'tag = ?', values: [clip(tag)] }]),
    ...followingOne(
      names.map((name) => [COLUMN_OF[name], filter[name] ?? ''] as const),
      tag === undefined,
    ),
    { text: 'bucket >= ? AND bucket < ?', values: [since, until] },
    ...ofGroups(dialect, group, groups),
  ])
  return { group, bucket: 'bucket', text: `FROM traffic_sums WHERE ${text}`, values }
}

/** Which rows of the sums: each call once, or once for each of its tags. */
function facetsOf({ tag }: TrafficFilter, groupBy: TrafficGroup): string {
  if (tag === '') return '2'
  if (tag !== undefined) return '1'
  return groupBy === 'tag' ? '1, 2' : '0, 2'
}

function groupColumn(groupBy: TrafficGroup): string {
  if (groupBy === 'total') return "'total'"
  return groupBy === 'tag' ? 'tag' : COLUMN_OF[groupBy]
}

function fromCalls(dialect: Dialect, { groupBy, filter, groups, since, until }: SourceQuery): Source {
  const { tag } = filter
  const isByTag = groupBy === 'tag' && tag === undefined
  const { tables, place, conditions } = withTag(tag)
  const names = BY_WIDTH.flatMap((name) => (filter[name] === undefined ? [] : [name]))
  const group = callGroup(groupBy, tag)
  const { text, values } = conditionOf([
    { text: `${place}.started_at >= ? AND ${place}.started_at < ?`, values: [since, until] },
    ...conditions,
    ...followingOne(
      names.map((name) => [`c.${COLUMN_OF[name]}`, filter[name] ?? ''] as const),
      place === 'c',
    ),
    ...ofGroups(dialect, group, groups),
  ])
  const each = isByTag ? ` LEFT JOIN ${dialect.each('c.tags')} AS tag ON true` : ''
  return { group, bucket: `${place}.started_at`, text: `FROM ${tables}${each} WHERE ${text}`, values }
}

function callGroup(groupBy: TrafficDimension | 'tag' | 'total', tag: string | undefined): string {
  if (groupBy === 'total') return "'total'"
  if (groupBy !== 'tag') return `c.${COLUMN_OF[groupBy]}`
  if (tag === undefined) return "COALESCE(tag.value, '')"
  return tag === '' ? "''" : 't.tag'
}
