/** The SQL that pages through calls and sessions. */

import type { SqlRow, Statement } from './sql.js'
import { clip, type TrafficFacts, trafficDimensions } from './traffic-facts.js'
import {
  BY_WIDTH,
  COLUMN_OF,
  type Condition,
  conditionOf,
  followingOne,
  ofNames,
  readNumbers,
  withTag,
} from './traffic-names-sql.js'
import type {
  AgentSum,
  CacheUseFacts,
  CallQuery,
  FactQuery,
  ListPlace,
  SessionQuery,
  SessionSum,
  TrafficFilter,
  TrafficPeriod,
} from './traffic-store.js'

interface CallsAsked extends TrafficPeriod {
  readonly filter: TrafficFilter
  readonly ending?: CallQuery['ending']
  readonly refusal?: CallQuery['refusal']
  readonly isLooping?: boolean | undefined
  /** Only calls whose bill is known exactly. */
  readonly isExact?: boolean
  readonly after?: ListPlace | null
  readonly order: CallQuery['order']
}

function fromCalls(asked: CallsAsked): Condition {
  const { filter, isLooping, isExact = false, after = null, order, since, until } = asked
  const { tables, place, conditions } = withTag(filter.tag)
  const given = givenColumns(asked)
  const isBehind = `(${place}.started_at, ${place}.id) ${order === 'newest' ? '<' : '>'} (?, ?)`
  const direction = order === 'newest' ? ' DESC' : ''
  const { text, values } = conditionOf([
    { text: `${place}.started_at >= ? AND ${place}.started_at < ?`, values: [since, until] },
    ...conditions,
    ...(isLooping === true ? [{ text: 'c.is_looping = 1', values: [] }] : []),
    ...(isExact ? [{ text: 'c.exact_calls = 1', values: [] }] : []),
    // Without it the index of refusals is none for these.
    ...(asked.refusal === undefined ? [] : [{ text: "c.refusal <> ''", values: [] }]),
    ...followingOne(given, isLooping !== true && place === 'c'),
    ...(after === null ? [] : [{ text: isBehind, values: [after.at, after.id] }]),
  ])
  return {
    text: `FROM ${tables} WHERE ${text} ORDER BY ${place}.started_at${direction}, ${place}.id${direction} LIMIT ?`,
    values,
  }
}

/** Columns that have to hold something, the narrowest first. */
function givenColumns({ filter, ending, refusal, isExact = false }: CallsAsked): (readonly [string, string])[] {
  const names = BY_WIDTH.map((dimension) => [`c.${COLUMN_OF[dimension]}`, filter[dimension]] as const)
  const wanted = [
    ...names.slice(0, WIDER_THAN_REFUSALS),
    ['c.refusal', refusal] as const,
    ...names.slice(WIDER_THAN_REFUSALS),
    // Those that are exact ended so, and have an index for it.
    ['c.ending', isExact ? 'exact' : ending] as const,
  ]
  return wanted.flatMap(([column, value]) => (value === undefined ? [] : [[column, value] as const]))
}

/** Names from here on are those of more calls than are refused for one reason. */
const WIDER_THAN_REFUSALS = BY_WIDTH.indexOf('task')

/** A page of calls. */
export function selectCalls({ limit, ...asked }: CallQuery): Statement {
  const source = fromCalls(asked)
  const direction = asked.order === 'newest' ? ' DESC' : ''
  return {
    text: `SELECT detail FROM calls JOIN (SELECT c.id AS found ${source.text}) AS page ON calls.id = page.found
      ORDER BY calls.started_at${direction}, calls.id${direction}`,
    values: [...source.values, limit],
  }
}

const COST_COLUMNS = ['id', 'started_at', ...Object.values(COLUMN_OF), 'tags', 'agent', 'parent_agent', 'ending']
  .concat(['is_looping', 'refusal', 'miss_kind', 'miss_lost_nano', 'calls', 'cost_nano'])
  .map((column) => `c.${column}`)
  .join(', ')

/** Calls as facts, the oldest first. */
export function selectFacts({ limit, isCostOnly = false, ...asked }: FactQuery): Statement {
  const source = fromCalls({ ...asked, order: 'oldest' })
  return { text: `SELECT ${isCostOnly ? COST_COLUMNS : 'c.*'} ${source.text}`, values: [...source.values, limit] }
}

/** A row of {@link selectFacts}. */
export function readFacts(row: SqlRow): TrafficFacts {
  return {
    id: String(row.id),
    startedAt: Number(row.started_at),
    names: Object.fromEntries(
      trafficDimensions.map((dimension) => [dimension, String(row[COLUMN_OF[dimension]])]),
    ) as TrafficFacts['names'],
    tags: JSON.parse(String(row.tags)) as readonly string[],
    agent: String(row.agent),
    parentAgent: String(row.parent_agent),
    ending: String(row.ending) as TrafficFacts['ending'],
    isLooping: Number(row.is_looping) === 1,
    refusal: String(row.refusal),
    missKind: String(row.miss_kind),
    missLostNano: Number(row.miss_lost_nano),
    numbers: readNumbers(row),
  }
}

/** What calls did with the prompt cache, the newest first: few columns, because there may be thousands of rows. */
export function selectCacheUse({
  limit,
  ...asked
}: Pick<FactQuery, 'since' | 'until' | 'filter' | 'limit'>): Statement {
  const source = fromCalls({ ...asked, order: 'newest', isExact: true })
  const columns = ['started_at', 'session', 'agent', 'model', 'read', 'write5m', 'write1h']
  return {
    text: `SELECT ${columns.map((column) => `c.${column}`).join(', ')} ${source.text}`,
    values: [...source.values, limit],
  }
}

/** A row of {@link selectCacheUse}. */
export function readCacheUse(row: SqlRow): CacheUseFacts {
  return {
    startedAt: Number(row.started_at),
    session: String(row.session),
    agent: String(row.agent),
    model: String(row.model),
    read: Number(row.read),
    write5m: Number(row.write5m),
    write1h: Number(row.write1h),
  }
}

/** A page of sessions. */
export function selectSessionSums({ since, until, filter, after, limit }: SessionQuery): Statement {
  const { text, values } = conditionOf([
    { text: 'last_at >= ? AND last_at < ?', values: [since, until] },
    ...ofNames(filter),
    ...(after === null ? [] : [{ text: '(last_at, session) < (?, ?)', values: [after.at, after.id] }]),
  ])
  const page = `SELECT * FROM traffic_sessions WHERE ${text} ORDER BY last_at DESC, session DESC LIMIT ?`
  return { text: page, values: [...values, limit] }
}

/** A row of {@link selectSessionSums}. */
export function readSessionSum(row: SqlRow): SessionSum {
  return {
    session: String(row.session),
    firstAt: Number(row.first_at),
    lastAt: Number(row.last_at),
    calls: Number(row.calls),
    estimatedCalls: Number(row.estimated_calls),
    agents: Number(row.agents),
    costNano: Number(row.cost_nano),
    savedNano: Number(row.saved_nano),
    promptTokens: Number(row.prompt_tokens),
    readTokens: Number(row.read_tokens),
    user: String(row.user_name),
    project: String(row.project),
    team: String(row.team),
  }
}

/** The agents of a session, in no order. An agent has one parent; where calls disagree, the last in the alphabet. */
export function selectAgentSums(session: string): Statement {
  const text = `SELECT agent, MAX(parent_agent) AS parent, COUNT(*) AS calls, SUM(cost_nano) AS cost_nano,
    SUM(estimated_calls) AS estimated_calls, MIN(started_at) AS first_at, MAX(started_at) AS last_at
    FROM traffic_calls WHERE session = ? GROUP BY agent`
  return { text, values: [clip(session)] }
}

/** A row of {@link selectAgentSums}. */
export function readAgentSum(row: SqlRow): AgentSum {
  const [agent, parent] = [String(row.agent), String(row.parent)]
  return {
    agent: agent === '' ? null : agent,
    parent: parent === '' ? null : parent,
    calls: Number(row.calls),
    estimatedCalls: Number(row.estimated_calls),
    costNano: Number(row.cost_nano),
    firstAt: Number(row.first_at),
    lastAt: Number(row.last_at),
  }
}
