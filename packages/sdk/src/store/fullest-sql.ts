/** The SQL of the accounts of one window, the fullest first: in the order of an index, so that no other row is read. */

import { LEDGER_COLUMNS } from './ledger-sql.js'
import { type Dialect, encodeRows, type SqlValue, type Statement } from './sql.js'
import type { FullestQuery, WindowQuery } from './store.js'

/** There may be an account for each session that ever was. */
export const FULLEST_TABLES: readonly string[] = [
  `CREATE INDEX IF NOT EXISTS ledger_accounts_fullest ON ledger_accounts
    (budget, window_start, window_end, (spent_nano + held_nano), id) WHERE entry_count > 0`,
  // It began with the same column, and nothing is looked for by that one alone but accounts with entries.
  'DROP INDEX IF EXISTS ledger_accounts_budget',
]

/** PostgreSQL does not see that an open end is the same in all rows: it has to be in the order too. */
const ORDER = 'ORDER BY window_end DESC, spent_nano + held_nano DESC, id DESC'

/** Accounts of a window, the fullest first. */
export function selectFullest(dialect: Dialect, query: FullestQuery): Statement {
  const { without = [], after, limit } = query
  const { text: conditions, values: given } = conditionsOf(dialect, query)
  const [texts, values]: [string[], SqlValue[]] = [[conditions], [...given]]
  if (without.length > 0) {
    texts.push(`NOT (${dialect.isOneOf('scope')})`)
    values.push(encodeRows(without.map((scope) => [scope])))
  }
  if (after !== undefined) {
    // The first says nothing new, but is what SQLite finds the place by.
    texts.push('spent_nano + held_nano <= ? AND (spent_nano + held_nano, id) < (?, ?)')
    values.push(after.taken, after.taken, after.key)
  }
  const text = `SELECT ${LEDGER_COLUMNS.accounts} FROM ledger_accounts WHERE ${texts.join(' AND ')} ${ORDER} LIMIT ?`
  return { text, values: [...values, limit] }
}

/** How many accounts a window has, as `accounts`. */
export function countAccounts(dialect: Dialect, query: WindowQuery): Statement {
  const { text, values } = conditionsOf(dialect, query)
  return { text: `SELECT COUNT(*) AS accounts FROM ledger_accounts WHERE ${text}`, values }
}

/** An open end is asked for by another text: no index answers a comparison that holds for NULL too. */
function conditionsOf(dialect: Dialect, { budget, keyStart, windowStart, windowEnd }: WindowQuery): Statement {
  const isEnd = windowEnd === null ? 'window_end IS NULL' : 'window_end = ?'
  return {
    text: `entry_count > 0 AND budget = ? AND window_start = ? AND ${isEnd} AND ${dialect.beginsWith('id')}`,
    values: [budget, windowStart, ...(windowEnd === null ? [] : [windowEnd]), keyStart],
  }
}
