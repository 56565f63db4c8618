/** The SQL of breakers and of what is remembered of agents. One statement does one change, so that it needs no lock. */

import type { Breaker } from '../core/breaker/breaker.js'
import type { AgentMemory, AgentName } from '../core/loop/steps-memory.js'
import { sqlSamples } from './samples-sql.js'
import type { SessionMark, SessionRow, SessionStore } from './session-store.js'
import { type Dialect, encodeRows, type SqlRow, type Statement } from './sql.js'
import { cleanText, compareText } from './summary.js'

/** Runs one statement and gives its rows. */
export type RunStatement = (statement: Statement) => Promise<readonly SqlRow[]>

/**
 * The store of sessions over a database.
 *
 * @param change the same for a statement that changes something; a database may ask to try it again
 */
export function sqlSessions(dialect: Dialect, fetchRows: RunStatement, change: RunStatement): SessionStore {
  return {
    async readBreakers(keys) {
      return keys.length === 0 ? [] : (await fetchRows(selectBreakers(dialect, keys))).map(readDetail<Breaker>)
    },
    async listBreakers(limit) {
      return (await fetchRows(selectOpenBreakers(limit))).map(readDetail<Breaker>)
    },
    async changeBreaker(breaker) {
      return (await change(writeBreaker(breaker))).length > 0
    },
    ...sqlSamples(dialect, fetchRows, change),
    async findAgent(name) {
      return (await fetchRows(selectAgent(name))).map(readDetail<AgentMemory>)[0] ?? null
    },
    async findAsker(message) {
      return (await fetchRows(selectAsker(message))).map(readDetail<AgentMemory>)[0] ?? null
    },
    async changeAgent(memory) {
      return (await change(writeAgent(memory))).length > 0
    },
    async findMark(session) {
      return (await fetchRows(selectMark(session))).map(readMark)[0] ?? null
    },
    async putMark(mark) {
      await change(writeMark(mark))
    },
    async listSessions(limit) {
      return (await fetchRows(selectSessions(limit))).map(readSession).sort(compareSessions)
    },
    async forgetSessions(before) {
      for (const statement of deleteOld(before)) await change(statement)
    },
  }
}

function readDetail<T>(row: SqlRow): T {
  return JSON.parse(String(row.detail)) as T
}

function selectBreakers(dialect: Dialect, keys: readonly string[]): Statement {
  const list = encodeRows(keys.map((key) => [cleanText(key)]))
  return { text: `SELECT detail FROM breakers WHERE ${dialect.isOneOf('id')}`, values: [list] }
}

function selectOpenBreakers(limit: number): Statement {
  const text = "SELECT detail FROM breakers WHERE state <> 'closed' ORDER BY changed_at DESC, id LIMIT ?"
  return { text, values: [limit] }
}

const INSERT_BREAKER = `INSERT INTO breakers (version, state, changed_at, detail, id) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (id) DO NOTHING RETURNING id`
const UPDATE_BREAKER = `UPDATE breakers SET version = ?, state = ?, changed_at = ?, detail = ?
  WHERE id = ? AND version = ? RETURNING id`

function writeBreaker(breaker: Breaker): Statement {
  const { key, version, state, changedAt } = breaker
  const values = [version, state.kind, changedAt, JSON.stringify(breaker), cleanText(key)]
  if (version === 1) return { text: INSERT_BREAKER, values }
  return { text: UPDATE_BREAKER, values: [...values, version - 1] }
}

function selectAgent({ session, agent }: AgentName): Statement {
  const values = [cleanText(session), cleanText(agent)]
  return { text: 'SELECT detail FROM session_agents WHERE session = ? AND agent = ?', values }
}

function selectAsker(message: string): Statement {
  return { text: 'SELECT detail FROM session_agents WHERE asked_by = ?', values: [cleanText(message)] }
}

const INSERT_AGENT = `INSERT INTO session_agents (version, seen_at, is_looping, detail, asked_by, session, agent)
  VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (session, agent) DO NOTHING RETURNING agent`
const UPDATE_AGENT = `UPDATE session_agents SET version = ?, seen_at = ?, is_looping = ?, detail = ?, asked_by = ?
  WHERE session = ? AND agent = ? AND version = ? RETURNING agent`

function writeAgent(memory: AgentMemory): Statement {
  const { session, agent, version, seenAt, episode, asked } = memory
  const askedBy = asked === null ? null : cleanText(asked.message)
  const state = [version, seenAt, Number(episode !== null), JSON.stringify(memory), askedBy]
  const values = [...state, cleanText(session), cleanText(agent)]
  if (version === 1) return { text: INSERT_AGENT, values }
  return { text: UPDATE_AGENT, values: [...values, version - 1] }
}

const MARK_COLUMNS = 'session, resumed_at, is_exempt, marked_by, marked_at'

function selectMark(session: string): Statement {
  return { text: `SELECT ${MARK_COLUMNS} FROM session_marks WHERE session = ?`, values: [cleanText(session)] }
}

const PUT_MARK = `INSERT INTO session_marks (${MARK_COLUMNS}) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (session) DO UPDATE SET resumed_at = excluded.resumed_at, is_exempt = excluded.is_exempt,
    marked_by = excluded.marked_by, marked_at = excluded.marked_at
  RETURNING session`

function writeMark({ session, resumedAt, isExempt, by, at }: SessionMark): Statement {
  return { text: PUT_MARK, values: [cleanText(session), resumedAt, Number(isExempt), cleanText(by), at] }
}

function readMark(row: SqlRow): SessionMark {
  return {
    session: String(row.session),
    resumedAt: Number(row.resumed_at),
    isExempt: Number(row.is_exempt) === 1,
    by: String(row.marked_by),
    at: Number(row.marked_at),
  }
}

/** Agents and marks in one list, each mark a row of no agent. */
const SELECT_SESSIONS = `SELECT session, SUM(is_agent) AS agents, MAX(agent_seen_at) AS agent_seen_at,
    MAX(is_looping) AS is_looping, MAX(resumed_at) AS resumed_at, MAX(is_exempt) AS is_exempt,
    MAX(marked_by) AS marked_by, MAX(marked_at) AS marked_at
  FROM (
    SELECT session, 1 AS is_agent, seen_at AS agent_seen_at, is_looping, NULL AS resumed_at, NULL AS is_exempt,
      NULL AS marked_by, NULL AS marked_at FROM session_agents
    UNION ALL
    SELECT session, 0, NULL, 0, resumed_at, is_exempt, marked_by, marked_at FROM session_marks
  ) AS seen
  GROUP BY session ORDER BY COALESCE(MAX(agent_seen_at), MAX(marked_at)) DESC, session LIMIT ?`

function selectSessions(limit: number): Statement {
  return { text: SELECT_SESSIONS, values: [limit] }
}

function readSession(row: SqlRow): SessionRow {
  return {
    session: String(row.session),
    agents: Number(row.agents),
    seenAt: Number(row.agent_seen_at ?? row.marked_at),
    isLooping: Number(row.is_looping) === 1,
    mark: row.marked_by === null ? null : readMark(row),
  }
}

/** Databases disagree about the order of texts. */
function compareSessions(a: SessionRow, b: SessionRow): number {
  return b.seenAt - a.seenAt || compareText(a.session, b.session)
}

function deleteOld(before: number): readonly Statement[] {
  return [
    { text: "DELETE FROM breakers WHERE state = 'closed' AND changed_at < ?", values: [before] },
    { text: 'DELETE FROM session_agents WHERE seen_at < ?', values: [before] },
    {
      text: `DELETE FROM session_marks WHERE marked_at < ?
        AND NOT EXISTS (SELECT 1 FROM session_agents WHERE session_agents.session = session_marks.session)`,
      values: [before],
    },
  ]
}
