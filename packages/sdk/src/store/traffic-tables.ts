/** The tables of sums over calls. */

import { trafficNumbers } from './traffic-facts.js'

/** Of days in UTC. */
export const DAY_MS = 86_400_000

/** A number of the sums as the databases name it. */
export function numberColumn(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

const NAMES = ['model', 'team', 'key_id', 'user_name', 'session', 'project', 'task']
const NAME_COLUMNS = NAMES.map((name) => `${name} TEXT NOT NULL`).join(', ')
const NUMBER_COLUMNS = trafficNumbers.map((name) => `${numberColumn(name)} BIGINT NOT NULL`).join(', ')

/** For both databases. */
export const TRAFFIC_TABLES: readonly string[] = [
  // What was posted and is in no sum yet.
  'CREATE TABLE traffic_new (id TEXT PRIMARY KEY)',
  `CREATE TABLE traffic_calls (
    id TEXT PRIMARY KEY, started_at BIGINT NOT NULL, ${NAME_COLUMNS}, tags TEXT NOT NULL, agent TEXT NOT NULL,
    parent_agent TEXT NOT NULL, ending TEXT NOT NULL, is_looping BIGINT NOT NULL, miss_kind TEXT NOT NULL,
    miss_lost_nano BIGINT NOT NULL, ${NUMBER_COLUMNS}
  )`,
  'CREATE INDEX traffic_calls_started_at ON traffic_calls (started_at, id)',
  ...NAMES.map((name) => `CREATE INDEX traffic_calls_${name} ON traffic_calls (${name}, started_at, id)`),
  'CREATE INDEX traffic_calls_ending ON traffic_calls (ending, started_at, id)',
  'CREATE INDEX traffic_calls_looping ON traffic_calls (started_at, id) WHERE is_looping = 1',
  "CREATE INDEX traffic_calls_missed ON traffic_calls (miss_kind, miss_lost_nano, started_at) WHERE miss_kind <> ''",
  'CREATE TABLE traffic_tags (tag TEXT NOT NULL, started_at BIGINT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (tag, started_at, id))',
  // `facet`: 0 calls with tags, 1 the same under each of their tags, 2 calls without.
  `CREATE TABLE traffic_sums (
    id TEXT PRIMARY KEY, bucket BIGINT NOT NULL, facet BIGINT NOT NULL, ${NAME_COLUMNS}, tag TEXT NOT NULL,
    ${NUMBER_COLUMNS}
  )`,
  ...[...NAMES, 'tag'].map((name) => `CREATE INDEX traffic_sums_${name} ON traffic_sums (${name}, facet, bucket)`),
  // The same under one name at a time, by half hours and by days (UTC).
  `CREATE TABLE traffic_names (
    id TEXT PRIMARY KEY, dimension TEXT NOT NULL, span TEXT NOT NULL, name TEXT NOT NULL, bucket BIGINT NOT NULL,
    ${NUMBER_COLUMNS}
  )`,
  'CREATE INDEX traffic_names_bucket ON traffic_names (dimension, span, bucket)',
  'CREATE INDEX traffic_names_name ON traffic_names (dimension, span, name, bucket)',
  `CREATE TABLE traffic_counts (
    id TEXT PRIMARY KEY, bucket BIGINT NOT NULL, kind TEXT NOT NULL, names TEXT NOT NULL, calls BIGINT NOT NULL,
    nano BIGINT NOT NULL, tokens BIGINT NOT NULL
  )`,
  'CREATE INDEX traffic_counts_bucket ON traffic_counts (kind, bucket)',
  `CREATE TABLE traffic_sessions (
    session TEXT PRIMARY KEY, first_at BIGINT NOT NULL, last_at BIGINT NOT NULL, calls BIGINT NOT NULL,
    cost_nano BIGINT NOT NULL, saved_nano BIGINT NOT NULL, prompt_tokens BIGINT NOT NULL, read_tokens BIGINT NOT NULL,
    user_name TEXT NOT NULL, project TEXT NOT NULL, team TEXT NOT NULL
  )`,
  'CREATE INDEX traffic_sessions_last_at ON traffic_sessions (last_at, session)',
  'INSERT INTO traffic_new (id) SELECT id FROM calls',
]

/** What calls could be refused with before they were listed by it. */
const CODES_BEFORE = (
  'malformed_request request_too_large unsupported_encoding unpriced_model budget_exceeded loop_detected breaker_open ' +
  'ledger_unavailable upstream_unreachable shutting_down closed not_loaded key_required key_refused'
)
  .split(' ')
  .map((code) => `runguard_${code}`)

/** One text for both databases: they read JSON in ways of their own. Quotes in what callers sent are escaped there. */
const CODE_BEFORE = `CASE ${CODES_BEFORE.map((code) => `WHEN calls.detail LIKE '%"errorCode":"${code}"%' THEN '${code}'`).join(' ')} ELSE '' END`

/** Calls by what refused them; how many agents a session has, and how many of its calls cost an estimate. */
export const LISTING_TABLES: readonly string[] = [
  "ALTER TABLE traffic_calls ADD COLUMN refusal TEXT NOT NULL DEFAULT ''",
  `UPDATE traffic_calls SET refusal = ${CODE_BEFORE} FROM calls
    WHERE calls.id = traffic_calls.id AND traffic_calls.refused_calls = 1`,
  "CREATE INDEX traffic_calls_refusal ON traffic_calls (refusal, started_at, id) WHERE refusal <> ''",
  // Which agents a session is known to have, so that each counts once.
  'CREATE TABLE traffic_agents (session TEXT NOT NULL, agent TEXT NOT NULL, PRIMARY KEY (session, agent))',
  "INSERT INTO traffic_agents (session, agent) SELECT DISTINCT session, agent FROM traffic_calls WHERE session <> ''",
  'ALTER TABLE traffic_sessions ADD COLUMN agents BIGINT NOT NULL DEFAULT 0',
  'ALTER TABLE traffic_sessions ADD COLUMN estimated_calls BIGINT NOT NULL DEFAULT 0',
  `UPDATE traffic_sessions SET agents = known.agents
    FROM (SELECT session, COUNT(*) AS agents FROM traffic_agents GROUP BY session) AS known
    WHERE known.session = traffic_sessions.session`,
  `UPDATE traffic_sessions SET estimated_calls = known.calls
    FROM (SELECT session, COUNT(*) AS calls FROM traffic_calls WHERE estimated_calls > 0 GROUP BY session) AS known
    WHERE known.session = traffic_sessions.session`,
]
