/** The SQL that adds calls to the sums. Off the way of calls: they only leave a note that they are there. */

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
import { countsOf, type TrafficFacts, trafficDimensions, trafficFacts, trafficNumbers } from './traffic-facts.js'
import { countRows, type NotedCall, nameRows, numberValues, sessionRows, sumRows } from './traffic-rows.js'
import { numberColumn } from './traffic-tables.js'

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
  refusal: 'TEXT',
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
const AGENT_COLUMNS: Columns = { session: 'TEXT', agent: 'TEXT' }
const SESSION_COLUMNS: Columns = {
  session: 'TEXT',
  first_at: 'BIGINT',
  last_at: 'BIGINT',
  calls: 'BIGINT',
  estimated_calls: 'BIGINT',
  agents: 'BIGINT',
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
  const agents = yield* addAgents(dialect, facts)
  const tags = facts.flatMap(({ id, startedAt, tags }) => tags.map((tag): SqlValue[] => [tag, startedAt, id]))
  const writes: readonly [string, Columns, readonly SqlValue[][], string][] = [
    ['traffic_tags', TAG_COLUMNS, tags, 'ON CONFLICT (tag, started_at, id) DO NOTHING'],
    ['traffic_sums', SUM_COLUMNS, sumRows(facts), addTo('traffic_sums', Object.keys(NUMBER_COLUMNS))],
    ['traffic_names', ONE_NAME_COLUMNS, nameRows(facts), addTo('traffic_names', Object.keys(NUMBER_COLUMNS))],
    ['traffic_counts', COUNT_COLUMNS, countRows(calls), addTo('traffic_counts', ['calls', 'nano', 'tokens'])],
    ['traffic_sessions', SESSION_COLUMNS, sessionRows(facts, agents), widenSession],
  ]
  for (const [table, columns, rows, onConflict] of writes) {
    if (rows.length > 0) yield { text: insertText(dialect, table, columns, onConflict), values: [encodeRows(rows)] }
  }
}

/** Notes the agents of calls. Gives how many of each session are new. */
function* addAgents(dialect: Dialect, facts: readonly TrafficFacts[]): Steps<ReadonlyMap<string, number>> {
  const rows = new Map<string, SqlValue[]>()
  for (const { names, agent } of facts) {
    if (names.session !== '') rows.set(JSON.stringify([names.session, agent]), [names.session, agent])
  }
  const found = new Map<string, number>()
  if (rows.size === 0) return found
  const text = insertText(dialect, 'traffic_agents', AGENT_COLUMNS, 'ON CONFLICT (session, agent) DO NOTHING')
  // In one order, so that no two processes lock crosswise.
  const ordered = [...rows].sort(([a], [b]) => compareText(a, b)).map(([, row]) => row)
  for (const row of yield { text: `${text} RETURNING session`, values: [encodeRows(ordered)] }) {
    const session = String(row.session)
    found.set(session, (found.get(session) ?? 0) + 1)
  }
  return found
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
    call.refusal,
    call.missKind,
    call.missLostNano,
    ...numberValues(call.numbers),
  ])
  return { text, values: [encodeRows(rows)] }
}

function addTo(table: string, columns: readonly string[]): string {
  const sums = columns.map((column) => `${column} = ${table}.${column} + excluded.${column}`)
  return `ON CONFLICT (id) DO UPDATE SET ${sums.join(', ')}`
}

const widenSession = `ON CONFLICT (session) DO UPDATE SET
  first_at = CASE WHEN excluded.first_at < traffic_sessions.first_at THEN excluded.first_at ELSE traffic_sessions.first_at END,
  last_at = CASE WHEN excluded.last_at > traffic_sessions.last_at THEN excluded.last_at ELSE traffic_sessions.last_at END,
  ${['calls', 'estimated_calls', 'agents', 'cost_nano', 'saved_nano', 'prompt_tokens', 'read_tokens']
    .map((column) => `${column} = traffic_sessions.${column} + excluded.${column}`)
    .join(', ')},
  ${['user_name', 'project', 'team']
    .map((column) => {
      const isEarlier = `excluded.first_at < traffic_sessions.first_at`
      return `${column} = CASE WHEN ${isEarlier} THEN excluded.${column} ELSE traffic_sessions.${column} END`
    })
    .join(', ')}`
