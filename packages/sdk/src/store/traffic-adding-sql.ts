/** The SQL that adds calls to the sums. Off the way of calls: they only leave a note that they are there. */

import { createHash } from 'node:crypto'
import type { CallRecord } from '../core/cost/record.js'
import { readCall } from './calls-sql.js'
import {
  type Columns,
  type Dialect,
  encodeRows,
  insertText,
  type SqlRow,
  type SqlValue,
  type Statement,
  type Steps,
} from './sql.js'
import { compareText } from './summary.js'
import {
  bucketOf,
  countsOf,
  type TrafficFacts,
  type TrafficNumbers,
  trafficDimensions,
  trafficFacts,
  trafficNumbers,
} from './traffic-facts.js'
import { sumSessions } from './traffic-rollup.js'
import type { TrafficCount } from './traffic-store.js'
import { DAY_MS, numberColumn } from './traffic-tables.js'

const NAME_COLUMNS: Columns = {
  model: 'TEXT',
  team: 'TEXT',
  key_id: 'TEXT',
  user_name: 'TEXT',
  session: 'TEXT',
  project: 'TEXT',
  task: 'TEXT',
}
const NUMBER_COLUMNS: Columns = Object.fromEntries(trafficNumbers.map((name) => [numberColumn(name), 'BIGINT']))

const CALL_COLUMNS: Columns = {
  id: 'TEXT',
  started_at: 'BIGINT',
  ...NAME_COLUMNS,
  tags: 'TEXT',
  agent: 'TEXT',
  parent_agent: 'TEXT',
  ending: 'TEXT',
  is_looping: 'BIGINT',
  miss_kind: 'TEXT',
  miss_lost_nano: 'BIGINT',
  ...NUMBER_COLUMNS,
}
const TAG_COLUMNS: Columns = { tag: 'TEXT', started_at: 'BIGINT', id: 'TEXT' }
const SUM_COLUMNS: Columns = {
  id: 'TEXT',
  bucket: 'BIGINT',
  facet: 'BIGINT',
  ...NAME_COLUMNS,
  tag: 'TEXT',
  ...NUMBER_COLUMNS,
}
const ONE_NAME_COLUMNS: Columns = {
  id: 'TEXT',
  dimension: 'TEXT',
  span: 'TEXT',
  name: 'TEXT',
  bucket: 'BIGINT',
  ...NUMBER_COLUMNS,
}
const COUNT_COLUMNS: Columns = {
  id: 'TEXT',
  bucket: 'BIGINT',
  kind: 'TEXT',
  names: 'TEXT',
  calls: 'BIGINT',
  nano: 'BIGINT',
  tokens: 'BIGINT',
}
const SESSION_COLUMNS: Columns = {
  session: 'TEXT',
  first_at: 'BIGINT',
  last_at: 'BIGINT',
  calls: 'BIGINT',
  cost_nano: 'BIGINT',
  saved_nano: 'BIGINT',
  prompt_tokens: 'BIGINT',
  read_tokens: 'BIGINT',
  user_name: 'TEXT',
  project: 'TEXT',
  team: 'TEXT',
}

/** Notes that records are to be added up; goes before they are kept. Those that are kept already were noted then. */
export function noteNewCalls(dialect: Dialect, records: readonly CallRecord[]): Statement {
  const text = `INSERT INTO traffic_new (id) SELECT value ->> 0 FROM ${dialect.rows}
    WHERE NOT EXISTS (SELECT 1 FROM calls WHERE calls.id = value ->> 0) ON CONFLICT (id) DO NOTHING`
  return { text, values: [encodeRows(records.map(({ id }) => [id]))] }
}

/** Adds some of the noted records up. A record that another process added at the same moment is left out. */
export function* sumUpCalls(dialect: Dialect, limit: number): Steps<number> {
  const noted = yield {
    text: `SELECT noted.id AS noted, detail FROM (SELECT id FROM traffic_new LIMIT ?) AS noted
      LEFT JOIN calls ON calls.id = noted.id`,
    values: [limit],
  }
  if (noted.length === 0) return 0
  const calls = noted.flatMap(readNoted).sort((a, b) => compareText(a.facts.id, b.facts.id))
  const added = yield insertFacts(
    dialect,
    calls.map(({ facts }) => facts),
  )
  const isNew = new Set(added.map(({ id }) => String(id)))
  yield* addSums(
    dialect,
    calls.filter(({ facts }) => isNew.has(facts.id)),
  )
  yield {
    text: `DELETE FROM traffic_new WHERE ${dialect.isOneOf('id')}`,
    values: [encodeRows(noted.map((row) => [String(row.noted)]))],
  }
  return noted.length
}

/** A call that is to be added up. */
interface NotedCall {
  readonly facts: TrafficFacts
  readonly counts: ReturnType<typeof countsOf>
}

/** Nothing for a record that is gone, or that nobody can read: it would be in the way of all others for ever. */
function readNoted(row: SqlRow): NotedCall[] {
  if (typeof row.detail !== 'string') return []
  try {
    const record = readCall(row)
    return [{ facts: trafficFacts(record), counts: countsOf(record) }]
  } catch {
    return []
  }
}

function* addSums(dialect: Dialect, calls: readonly NotedCall[]): Steps<void> {
  const facts = calls.map((call) => call.facts)
  const tags = facts.flatMap(({ id, startedAt, tags }) => tags.map((tag): SqlValue[] => [tag, startedAt, id]))
  const writes: readonly [string, Columns, readonly SqlValue[][], string][] = [
    ['traffic_tags', TAG_COLUMNS, tags, 'ON CONFLICT (tag, started_at, id) DO NOTHING'],
    ['traffic_sums', SUM_COLUMNS, sumRows(facts), addTo('traffic_sums', Object.keys(NUMBER_COLUMNS))],
    ['traffic_names', ONE_NAME_COLUMNS, nameRows(facts), addTo('traffic_names', Object.keys(NUMBER_COLUMNS))],
    ['traffic_counts', COUNT_COLUMNS, countRows(calls), addTo('traffic_counts', ['calls', 'nano', 'tokens'])],
    ['traffic_sessions', SESSION_COLUMNS, sessionRows(facts), widenSession],
  ]
  for (const [table, columns, rows, onConflict] of writes) {
    if (rows.length > 0) yield { text: insertText(dialect, table, columns, onConflict), values: [encodeRows(rows)] }
  }
}

function insertFacts(dialect: Dialect, facts: readonly TrafficFacts[]): Statement {
  const text = insertText(dialect, 'traffic_calls', CALL_COLUMNS, 'ON CONFLICT (id) DO NOTHING RETURNING id')
  const rows = facts.map((call): SqlValue[] => [
    call.id,
    call.startedAt,
    ...trafficDimensions.map((dimension) => call.names[dimension]),
    JSON.stringify(call.tags),
    call.agent,
    call.parentAgent,
    call.ending,
    Number(call.isLooping),
    call.missKind,
    call.missLostNano,
    ...numberValues(call.numbers),
  ])
  return { text, values: [encodeRows(rows)] }
}

function numberValues(numbers: TrafficNumbers): number[] {
  return trafficNumbers.map((name) => numbers[name])
}

function addTo(table: string, columns: readonly string[]): string {
  const sums = columns.map((column) => `${column} = ${table}.${column} + excluded.${column}`)
  return `ON CONFLICT (id) DO UPDATE SET ${sums.join(', ')}`
}

/** Names may be longer than an index takes, all of them together. */
function rowId(key: string): string {
  return createHash('sha256').update(key).digest('base64url').slice(0, 32)
}

/** Rows that are added up by their keys. Sorted by id, so that no two processes lock crosswise. */
class SumRows {
  readonly #rows = new Map<string, { readonly key: readonly (string | number)[]; readonly sums: number[] }>()

  /** @param numbers as {@link numberValues} gives them */
  add(key: readonly (string | number)[], numbers: readonly number[]): void {
    const text = JSON.stringify(key)
    const row = this.#rows.get(text)
    if (row === undefined) this.#rows.set(text, { key, sums: [...numbers] })
    else for (const [index, number] of numbers.entries()) row.sums[index] = (row.sums[index] ?? 0) + number
  }

  list(): SqlValue[][] {
    return sortRows([...this.#rows].map(([text, { key, sums }]) => [rowId(text), ...key, ...sums]))
  }
}

/** A call without tags is one row; else one for itself, and one under each tag. */
function sumRows(calls: readonly TrafficFacts[]): SqlValue[][] {
  const rows = new SumRows()
  for (const { startedAt, names, tags, ...facts } of calls) {
    const numbers = numberValues(facts.numbers)
    const all = trafficDimensions.map((dimension) => names[dimension])
    rows.add([bucketOf(startedAt), tags.length === 0 ? 2 : 0, ...all, ''], numbers)
    for (const tag of tags) rows.add([bucketOf(startedAt), 1, ...all, tag], numbers)
  }
  return rows.list()
}

/** A call under each of its names, in its half hour and in its day. */
function nameRows(calls: readonly TrafficFacts[]): SqlValue[][] {
  const rows = new SumRows()
  for (const { startedAt, names, tags, ...facts } of calls) {
    const numbers = numberValues(facts.numbers)
    const under: (readonly [string, string])[] = [
      ['total', ''],
      ...trafficDimensions.map((dimension) => [dimension, names[dimension]] as const),
      ...(tags.length === 0 ? [''] : tags).map((tag) => ['tag', tag] as const),
    ]
    for (const [dimension, name] of under) {
      rows.add([dimension, 'half-hour', name, bucketOf(startedAt)], numbers)
      rows.add([dimension, 'day', name, Math.floor(startedAt / DAY_MS) * DAY_MS], numbers)
    }
  }
  return rows.list()
}

type MutableCount = { -readonly [K in 'calls' | 'nano' | 'tokens']: TrafficCount[K] }

function countRows(calls: readonly NotedCall[]): SqlValue[][] {
  const rows = new Map<string, { readonly key: (string | number)[] } & MutableCount>()
  for (const { facts, counts } of calls) {
    for (const { kind, names, nano, tokens } of counts) {
      const key = [bucketOf(facts.startedAt), kind, JSON.stringify(names)]
      const id = rowId(JSON.stringify(key))
      const row = rows.get(id) ?? { key, calls: 0, nano: 0, tokens: 0 }
      row.calls += 1
      row.nano += nano
      row.tokens += tokens
      rows.set(id, row)
    }
  }
  return sortRows([...rows].map(([id, { key, calls, nano, tokens }]) => [id, ...key, calls, nano, tokens]))
}

const widenSession = `ON CONFLICT (session) DO UPDATE SET
  first_at = CASE WHEN excluded.first_at < traffic_sessions.first_at THEN excluded.first_at ELSE traffic_sessions.first_at END,
  last_at = CASE WHEN excluded.last_at > traffic_sessions.last_at THEN excluded.last_at ELSE traffic_sessions.last_at END,
  ${['calls', 'cost_nano', 'saved_nano', 'prompt_tokens', 'read_tokens']
    .map((column) => `${column} = traffic_sessions.${column} + excluded.${column}`)
    .join(', ')},
  ${['user_name', 'project', 'team']
    .map((column) => {
      const isEarlier = `excluded.first_at < traffic_sessions.first_at`
      return `${column} = CASE WHEN ${isEarlier} THEN excluded.${column} ELSE traffic_sessions.${column} END`
    })
    .join(', ')}`

function sessionRows(facts: readonly TrafficFacts[]): SqlValue[][] {
  return sortRows(
    sumSessions(facts).map((row) => [
      row.session,
      row.firstAt,
      row.lastAt,
      row.calls,
      row.costNano,
      row.savedNano,
      row.promptTokens,
      row.readTokens,
      row.user,
      row.project,
      row.team,
    ]),
  )
}

function sortRows(rows: SqlValue[][]): SqlValue[][] {
  return rows.sort(([a], [b]) => compareText(String(a), String(b)))
}
