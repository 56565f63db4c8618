/** The questions about sums, each as the statements that answer it. They are run in one transaction that sees one moment. */

import type { Dialect, SqlRow, Statement, Steps } from './sql.js'
import { BUCKET_MS, MOST_COUNTS, MOST_POINTS, trafficNumbers, widened } from './traffic-facts.js'
import { readNumbers } from './traffic-names-sql.js'
import { comparePoints, compareSums, restOf } from './traffic-rollup.js'
import { type Source, type SourceQuery, sourceOf } from './traffic-sources-sql.js'
import type {
  TrafficCount,
  TrafficPeriod,
  TrafficPoint,
  TrafficSeriesQuery,
  TrafficSumQuery,
  TrafficSums,
} from './traffic-store.js'
import { DAY_MS, numberColumn } from './traffic-tables.js'

const NUMBER_COLUMNS = trafficNumbers.map(numberColumn)
const NUMBERS = NUMBER_COLUMNS.map((name) => `SUM(${name}) AS ${name}`).join(', ')

/**
 * First the ranking, which needs two numbers of each group, then everything of those that are told apart: wide rows of a
 * hundred thousand groups take a database longer to sort than all the rest.
 */
export function* sumSteps(dialect: Dialect, query: TrafficSumQuery): Steps<TrafficSums> {
  const asked = { ...query, isExact: query.isExact === true, columns: NUMBER_COLUMNS }
  const total = yield* totalSteps(dialect, { ...asked, groupBy: 'total' })
  if (query.groupBy === 'total') {
    return { groups: total.calls === 0 ? [] : [{ group: 'total', ...total }], rest: null, total }
  }
  const ranking = yield rankGroups(sourceOf(dialect, { ...asked, columns: ['cost_nano', 'calls'] }), query.top)
  const source = sourceOf(dialect, { ...asked, groups: ranking.map(({ grp }) => String(grp)) })
  const rows = yield {
    text: `SELECT ${source.group} AS grp, ${NUMBERS} ${source.text} GROUP BY 1`,
    values: source.values,
  }
  const groups = rows.map((row) => ({ group: String(row.grp), ...readNumbers(row) })).sort(compareSums)
  const grouped = isOnce(query) ? total : yield* totalSteps(dialect, asked)
  return { groups, rest: restOf(groups, grouped, Number(ranking[0]?.groups_in_all ?? 0)), total }
}

/** Whether each call is in one group: without a filter, one with several tags is in several. */
function isOnce({ groupBy, filter }: Pick<TrafficSumQuery, 'groupBy' | 'filter'>): boolean {
  return groupBy !== 'tag' || filter.tag !== undefined
}

function rankGroups(source: Source, top: number): Statement {
  const sums = `SELECT ${source.group} AS grp, SUM(cost_nano) AS cost_nano, SUM(calls) AS calls ${source.text} GROUP BY 1`
  return {
    text: `SELECT grp, COUNT(*) OVER () AS groups_in_all FROM (${sums}) AS sums
      ORDER BY cost_nano DESC, calls DESC, grp LIMIT ?`,
    values: [...source.values, top],
  }
}

function* totalSteps(dialect: Dialect, query: SourceQuery): Steps<ReturnType<typeof readNumbers>> {
  const { text, values } = sourceOf(dialect, query)
  return readNumbers((yield { text: `SELECT ${NUMBERS} ${text}`, values })[0])
}

const POINT_COLUMNS = ['calls', 'cost_nano', 'input', 'write5m', 'write1h', 'read', 'cache_saved_nano']
const POINT = `SUM(calls) AS calls, SUM(cost_nano) AS cost_nano,
  SUM(input + write5m + write1h + read) AS prompt_tokens, SUM(read) AS read_tokens,
  SUM(cache_saved_nano) AS cache_saved_nano`
const POINT_SUMS = ['calls', 'cost_nano', 'prompt_tokens', 'read_tokens', 'cache_saved_nano']
  .map((name) => `SUM(${name}) AS ${name}`)
  .join(', ')

/** All groups together come from an order that the index has; only what is told apart is sorted. */
export function* seriesSteps(dialect: Dialect, query: TrafficSeriesQuery): Steps<readonly TrafficPoint[]> {
  const { groups, stepMs, offsetMs, ...more } = query
  const asked: SourceQuery = {
    ...more,
    columns: POINT_COLUMNS,
    isExact: stepMs < BUCKET_MS,
    // A day of a time zone begins at any half hour; days that are those of UTC are kept whole.
    isFine: stepMs % DAY_MS !== 0 || offsetMs % DAY_MS !== 0,
  }
  if (groups === 'all') return readPoints(yield tellApart(query, sourceOf(dialect, asked)), query).sort(comparePoints)
  const whole = sourceOf(dialect, isOnce(query) ? { ...asked, groupBy: 'total' } : asked)
  const all = yield {
    text: `SELECT ${stepOf(query, 'bucket')} AS step, ${POINT_SUMS}
      FROM (SELECT ${whole.bucket} AS bucket, ${POINT} ${whole.text} GROUP BY 1) AS sums GROUP BY 1`,
    values: whole.values,
  }
  const told = groups.length === 0 ? [] : yield tellApart(query, sourceOf(dialect, { ...asked, groups }))
  const apart = readPoints(told, query)
  const rest = restPoints(readPoints(all, query), apart)
  return [...apart, ...rest].sort(comparePoints)
}

function tellApart(query: TrafficSeriesQuery, { group, bucket, text, values }: Source): Statement {
  return {
    text: `SELECT ${stepOf(query, bucket)} AS step, ${group} AS grp, ${POINT} ${text} GROUP BY 1, 2 LIMIT ${MOST_POINTS}`,
    values,
  }
}

function stepOf({ stepMs, offsetMs }: TrafficSeriesQuery, bucket: string): string {
  return `(${bucket} + ${Math.trunc(offsetMs)}) / ${Math.trunc(stepMs)}`
}

function readPoints(rows: readonly SqlRow[], { stepMs, offsetMs }: TrafficSeriesQuery): TrafficPoint[] {
  return rows.map((row) => ({
    at: Number(row.step) * stepMs - offsetMs,
    group: row.grp === undefined ? null : String(row.grp),
    calls: Number(row.calls),
    costNano: Number(row.cost_nano),
    promptTokens: Number(row.prompt_tokens),
    readTokens: Number(row.read_tokens),
    cacheSavedNano: Number(row.cache_saved_nano),
  }))
}

/** What is left of each step without what is told apart. */
function restPoints(all: readonly TrafficPoint[], apart: readonly TrafficPoint[]): TrafficPoint[] {
  const left = new Map(all.map((point) => [point.at, { ...point }]))
  for (const point of apart) {
    const rest = left.get(point.at)
    if (rest === undefined) continue
    for (const name of ['calls', 'costNano', 'promptTokens', 'readTokens', 'cacheSavedNano'] as const)
      rest[name] -= point[name]
  }
  return [...left.values()].filter(({ calls }) => calls > 0)
}

/** What was noted of calls, in no order: the most frequent, because callers may make up as many names as they like. */
export function selectCounts(kind: TrafficCount['kind'], period: TrafficPeriod): Statement {
  const { since, until } = widened(period)
  const text = `SELECT names, SUM(calls) AS calls, SUM(nano) AS nano, SUM(tokens) AS tokens FROM traffic_counts
    WHERE kind = ? AND bucket >= ? AND bucket < ? GROUP BY names ORDER BY SUM(calls) DESC, names LIMIT ?`
  return { text, values: [kind, since, until, MOST_COUNTS] }
}

/** A row of {@link selectCounts}. */
export function readCount(kind: TrafficCount['kind'], row: SqlRow): TrafficCount {
  const names = JSON.parse(String(row.names)) as readonly string[]
  return { kind, names, calls: Number(row.calls), nano: Number(row.nano), tokens: Number(row.tokens) }
}
