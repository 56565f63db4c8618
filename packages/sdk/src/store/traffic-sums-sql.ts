/**
 * The SQL that answers from the sums.
 *
 * Sums under a single name (`traffic_names`) are few and answer what is asked most; sums under all names together
 * (`traffic_sums`) answer everything that is filtered by one name and told apart by another.
 */

import { widened } from './memory-traffic.js'
import type { RunStatement } from './sessions-sql.js'
import { type Dialect, encodeRows, type SqlRow, type Statement } from './sql.js'
import { clip, trafficDimensions, trafficNumbers } from './traffic-facts.js'
import { COLUMN_OF, type Condition, conditionOf, ofNames, readNumbers } from './traffic-names-sql.js'
import { comparePoints, compareSums, restOf } from './traffic-rollup.js'
import type {
  TrafficCount,
  TrafficFilter,
  TrafficGroup,
  TrafficPeriod,
  TrafficPoint,
  TrafficSeriesQuery,
  TrafficSumQuery,
  TrafficSums,
} from './traffic-store.js'
import { DAY_MS, numberColumn } from './traffic-tables.js'

type Asked = TrafficPeriod & Pick<TrafficSumQuery, 'groupBy' | 'filter'>

/** Rows to add up: where they are, and which column tells them apart. */
interface Source extends Condition {
  readonly group: string
}

const NUMBER_COLUMNS = trafficNumbers.map(numberColumn)
const NUMBERS = NUMBER_COLUMNS.map((name) => `SUM(${name}) AS ${name}`).join(', ')
const POINT = `SUM(calls) AS calls, SUM(cost_nano) AS cost_nano,
  SUM(input + write5m + write1h + read) AS prompt_tokens, SUM(read) AS read_tokens,
  SUM(cache_saved_nano + route_saved_nano) AS saved_nano`

/** The name whose own sums answer, if they do: without a filter, or filtered by nothing else. */
function singleName({
  groupBy,
  filter,
}: Asked): { readonly dimension: TrafficGroup; readonly name: string | null } | null {
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

/** @param names only rows of these names */
function fromNames(
  asked: Asked,
  { dimension, name }: { readonly dimension: TrafficGroup; readonly name: string | null },
  columns: readonly string[],
  spans = spansOf(widened(asked)),
): Source {
  const parts = spans.map(([span, from, to]): Condition => {
    const ofName = name === null ? '' : ' AND name = ?'
    return {
      text: `SELECT ${columns.join(', ')} FROM traffic_names
        WHERE dimension = ? AND span = ? AND bucket >= ? AND bucket < ?${ofName}`,
      values: [dimension, span, from, to, ...(name === null ? [] : [name])],
    }
  })
  return {
    group: asked.groupBy === 'total' ? "'total'" : 'name',
    text: `FROM (${parts.map(({ text }) => text).join(' UNION ALL ')}) AS kept WHERE true`,
    values: parts.flatMap(({ values }) => values),
  }
}

/** Which rows of the sums: each call once, or once for each of its tags. */
function ofFacets({ tag }: TrafficFilter, groupBy: TrafficGroup): Condition {
  if (tag === '') return { text: 'facet = 2', values: [] }
  if (tag !== undefined) return { text: 'facet = 1 AND tag = ?', values: [clip(tag)] }
  return { text: groupBy === 'tag' ? 'facet IN (1, 2)' : 'facet IN (0, 2)', values: [] }
}

function fromSums({ groupBy, filter, ...period }: Asked): Source {
  const { since, until } = widened(period)
  const within = { text: 'bucket >= ? AND bucket < ?', values: [since, until] }
  const { text, values } = conditionOf([ofFacets(filter, groupBy), within, ...ofNames(filter)])
  return { group: groupColumn(groupBy), text: `FROM traffic_sums WHERE ${text}`, values }
}

function groupColumn(groupBy: TrafficGroup): string {
  if (groupBy === 'total') return "'total'"
  return groupBy === 'tag' ? 'tag' : COLUMN_OF[groupBy]
}

function sourceOf(asked: Asked, columns: readonly string[]): Source {
  const single = singleName(asked)
  return single === null ? fromSums(asked) : fromNames(asked, single, columns)
}

/**
 * First the ranking, which needs two numbers of each group, then everything of those that are told apart: wide rows of a
 * hundred thousand groups take a database longer to sort than all the rest.
 */
export async function fetchSums(
  dialect: Dialect,
  fetchRows: RunStatement,
  query: TrafficSumQuery,
): Promise<TrafficSums> {
  const total = await fetchTotal(fetchRows, { ...query, groupBy: 'total' })
  if (query.groupBy === 'total') {
    return { groups: total.calls === 0 ? [] : [{ group: 'total', ...total }], rest: null, total }
  }
  const ranked = sourceOf(query, ['name', 'cost_nano', 'calls'])
  const ranking = await fetchRows({
    text: `SELECT grp, COUNT(*) OVER () AS groups_in_all FROM (
        SELECT ${ranked.group} AS grp, SUM(cost_nano) AS cost_nano, SUM(calls) AS calls ${ranked.text} GROUP BY 1
      ) AS sums ORDER BY cost_nano DESC, calls DESC LIMIT ?`,
    values: [...ranked.values, query.top],
  })
  const source = sourceOf(query, ['name', ...NUMBER_COLUMNS])
  const rows = await fetchRows({
    text: `SELECT ${source.group} AS grp, ${NUMBERS} ${source.text} AND ${dialect.isOneOf(source.group)} GROUP BY 1`,
    values: [...source.values, encodeRows(ranking.map(({ grp }) => [String(grp)]))],
  })
  const groups = rows.map((row) => ({ group: String(row.grp), ...readNumbers(row) })).sort(compareSums)
  const isOnce = query.groupBy !== 'tag' || query.filter.tag !== undefined
  const grouped = isOnce ? total : await fetchTotal(fetchRows, query)
  return { groups, rest: restOf(groups, grouped, Number(ranking[0]?.groups_in_all ?? 0)), total }
}

async function fetchTotal(fetchRows: RunStatement, asked: Asked) {
  const source = sourceOf(asked, NUMBER_COLUMNS)
  return readNumbers((await fetchRows({ text: `SELECT ${NUMBERS} ${source.text}`, values: source.values }))[0])
}

const POINT_COLUMNS = [
  'bucket',
  'calls',
  'cost_nano',
  'input',
  'write5m',
  'write1h',
  'read',
  'cache_saved_nano',
  'route_saved_nano',
]

/** By half hours, because a day of a time zone begins at any of them; by days where those are days of UTC. */
function seriesSource(asked: Omit<TrafficSeriesQuery, 'groups'>): Source {
  const single = singleName(asked)
  if (single === null) return fromSums(asked)
  const { since, until } = widened(asked)
  const isWholeDays = asked.stepMs % DAY_MS === 0 && asked.offsetMs % DAY_MS === 0
  const spans = isWholeDays ? spansOf({ since, until }) : ([['half-hour', since, until]] as const)
  return fromNames(asked, single, ['name', ...POINT_COLUMNS], spans)
}

/** All groups together come from an order that the index has; only what is told apart is sorted. */
export async function fetchSeries(dialect: Dialect, fetchRows: RunStatement, query: TrafficSeriesQuery) {
  const { groupBy, groups, stepMs, offsetMs } = query
  const step = `(bucket + ${Math.trunc(offsetMs)}) / ${Math.trunc(stepMs)}`
  const isOnce = groupBy !== 'tag' || query.filter.tag !== undefined
  const whole = seriesSource(isOnce ? { ...query, groupBy: 'total' } : query)
  const all = await fetchRows({
    text: `SELECT ${step} AS step, SUM(calls) AS calls, SUM(cost_nano) AS cost_nano,
        SUM(prompt_tokens) AS prompt_tokens, SUM(read_tokens) AS read_tokens, SUM(saved_nano) AS saved_nano
      FROM (SELECT bucket, ${POINT} ${whole.text} GROUP BY bucket) AS sums GROUP BY 1`,
    values: whole.values,
  })
  const source = seriesSource(query)
  const told =
    groups.length === 0
      ? []
      : await fetchRows({
          text: `SELECT ${step} AS step, ${source.group} AS grp, ${POINT} ${source.text}
            AND ${dialect.isOneOf(source.group)} GROUP BY 1, 2`,
          values: [...source.values, encodeRows(groups.map((group) => [clip(group)]))],
        })
  const apart = told.map((row) => readPoint(row, query, String(row.grp)))
  const rest = restPoints(
    all.map((row) => readPoint(row, query, null)),
    apart,
  )
  return [...apart, ...rest].sort(comparePoints)
}

function readPoint(row: SqlRow, { stepMs, offsetMs }: TrafficSeriesQuery, group: string | null): TrafficPoint {
  return {
    at: Number(row.step) * stepMs - offsetMs,
    group,
    calls: Number(row.calls),
    costNano: Number(row.cost_nano),
    promptTokens: Number(row.prompt_tokens),
    readTokens: Number(row.read_tokens),
    savedNano: Number(row.saved_nano),
  }
}

/** What is left of each step without what is told apart. */
function restPoints(all: readonly TrafficPoint[], apart: readonly TrafficPoint[]): TrafficPoint[] {
  const left = new Map(all.map((point) => [point.at, { ...point }]))
  for (const point of apart) {
    const rest = left.get(point.at)
    if (rest === undefined) continue
    for (const name of ['calls', 'costNano', 'promptTokens', 'readTokens', 'savedNano'] as const)
      rest[name] -= point[name]
  }
  return [...left.values()].filter(({ calls }) => calls > 0)
}

/** What was noted of calls, in no order. */
export function selectCounts(kind: TrafficCount['kind'], period: TrafficPeriod): Statement {
  const { since, until } = widened(period)
  const text = `SELECT names, SUM(calls) AS calls, SUM(nano) AS nano, SUM(tokens) AS tokens FROM traffic_counts
    WHERE kind = ? AND bucket >= ? AND bucket < ? GROUP BY names`
  return { text, values: [kind, since, until] }
}

/** A row of {@link selectCounts}. */
export function readCount(kind: TrafficCount['kind'], row: SqlRow): TrafficCount {
  const names = JSON.parse(String(row.names)) as readonly string[]
  return { kind, names, calls: Number(row.calls), nano: Number(row.nano), tokens: Number(row.tokens) }
}
