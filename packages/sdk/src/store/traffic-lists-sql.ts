/** The SQL that pages through calls and sessions. */

import type { SqlRow, Statement } from './sql.js'
import { clip, type TrafficDimension, type TrafficFacts, trafficDimensions } from './traffic-facts.js'
import { COLUMN_OF, type Condition, conditionOf, ofNames, readNumbers } from './traffic-names-sql.js'
import type {
  CallQuery,
  FactQuery,
  ListPlace,
  SessionQuery,
  SessionSum,
  TrafficFilter,
  TrafficPeriod,
} from './traffic-store.js'

/** The narrowest first: the index of one name is followed, and the others are looked at on the way. */
const BY_WIDTH: readonly TrafficDimension[] = ['session', 'user', 'key', 'task', 'project', 'team', 'model']

/** Databases that keep no statistics would follow any of the indexes: an expression has none. */
function followingOne(filter: TrafficFilter, ending: CallQuery['ending'], isFollowing: boolean): Condition[] {
  const wanted: readonly (readonly [string, string | undefined])[] = [
    ...BY_WIDTH.map((dimension) => [COLUMN_OF[dimension], filter[dimension]] as const),
    ['ending', ending],
  ]
  const given = wanted.flatMap(([column, value]) => (value === undefined ? [] : [[column, clip(value)] as const]))
  return given.map(([column, value], index) => {
    const text = index === 0 && !isFollowing ? `c.${column} = ?` : `(c.${column} || '') = ?`
    return { text, values: [value] }
  })
}

interface CallsAsked extends TrafficPeriod {
  readonly filter: TrafficFilter
  readonly ending?: CallQuery['ending']
  readonly isLooping?: boolean | undefined
  readonly after?: ListPlace | null
  readonly order: CallQuery['order']
}

function fromCalls({ filter, ending, isLooping, after = null, order, since, until }: CallsAsked): Condition {
  const { tag } = filter
  const isTagged = tag !== undefined && tag !== ''
  const place = isTagged ? 't' : 'c'
  const way = order === 'newest' ? '<' : '>'
  const conditions: Condition[] = [
    { text: `${place}.started_at >= ? AND ${place}.started_at < ?`, values: [since, until] },
  ]
  // One database reads a cross join in the order in which it is written, the others in the best.
  if (isTagged) conditions.push({ text: 'c.id = t.id AND t.tag = ?', values: [clip(tag)] })
  if (tag === '') conditions.push({ text: "c.tags = '[]'", values: [] })
  if (isLooping === true) conditions.push({ text: 'c.is_looping = 1', values: [] })
  conditions.push(...followingOne(filter, ending, isLooping === true))
  if (after !== null) {
    conditions.push({ text: `(${place}.started_at, ${place}.id) ${way} (?, ?)`, values: [after.at, after.id] })
  }
  const direction = order === 'newest' ? ' DESC' : ''
  const { text, values } = conditionOf(conditions)
  const tables = isTagged ? 'traffic_tags AS t CROSS JOIN traffic_calls AS c' : 'traffic_calls AS c'
  return {
    text: `FROM ${tables} WHERE ${text} ORDER BY ${place}.started_at${direction}, ${place}.id${direction} LIMIT ?`,
    values,
  }
}

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
  .concat(['is_looping', 'miss_kind', 'miss_lost_nano', 'calls', 'cost_nano'])
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
    missKind: String(row.miss_kind),
    missLostNano: Number(row.miss_lost_nano),
    numbers: readNumbers(row),
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
    costNano: Number(row.cost_nano),
    savedNano: Number(row.saved_nano),
    promptTokens: Number(row.prompt_tokens),
    readTokens: Number(row.read_tokens),
    user: String(row.user_name),
    project: String(row.project),
    team: String(row.team),
  }
}
