import Database from 'libsql'
import { describe, expect, it } from 'vitest'
import { type LedgerFinding, verifyLedger } from '../core/ledger/ledger-audit.js'
import { randomGroups } from '../testing/ledger-traffic.js'
import { auditSteps } from './ledger-audit-sql.js'
import { readAccount, readEntry, readHold } from './ledger-sql.js'
import { SQLITE, type SqlRow } from './sql.js'
import { sqliteStore } from './sqlite.js'

/** What somebody with the file and a tool can do to a ledger. */
const damages = [
  'UPDATE ledger_accounts SET spent_nano = spent_nano + 1',
  "DELETE FROM ledger_accounts WHERE id = 'day'",
  'DELETE FROM ledger_holds WHERE amount_nano > 30',
  'DELETE FROM ledger_entries WHERE ordinal % 7 = 3',
  "DELETE FROM ledger_entries WHERE account_id = 'all'",
  'DELETE FROM ledger_entries WHERE hold_id IN (SELECT id FROM ledger_holds ORDER BY id LIMIT 5)',
  "UPDATE ledger_entries SET spent_nano = 7 WHERE kind = 'hold'",
  "UPDATE ledger_holds SET status = 'open' WHERE status = 'settled'",
  "INSERT INTO ledger_accounts SELECT 'idle', budget, scope, 0, NULL, 1, 1, 5, 0, 0 FROM ledger_accounts LIMIT 1",
]

function rowsOf(database: Database.Database, table: string): SqlRow[] {
  return database.prepare(`SELECT * FROM ledger_${table}`).all() as SqlRow[]
}

function auditInPages(database: Database.Database, pageRows: number): LedgerFinding[] {
  const steps = auditSteps(SQLITE, pageRows)
  let step = steps.next()
  while (step.done !== true) {
    const { text, values } = step.value
    step = steps.next(database.prepare(text).all(...values) as SqlRow[])
  }
  return step.value
}

const sorted = (findings: readonly LedgerFinding[]): string[] => findings.map((each) => JSON.stringify(each)).sort()

describe('a ledger that is read in pages', () => {
  it.each([null, ...damages])('is found as right or wrong as one that is read at once: %s', async (damage) => {
    const database = new Database(':memory:')
    const store = sqliteStore(database)
    for (const events of randomGroups(11, 60)) await store.post({ events, records: [] })
    if (damage !== null) database.exec(damage)
    const whole = verifyLedger({
      accounts: rowsOf(database, 'accounts').map(readAccount),
      holds: rowsOf(database, 'holds').map(readHold),
      entries: rowsOf(database, 'entries').map(readEntry),
    })
    expect(whole.length > 0).toBe(damage !== null)
    for (const pageRows of [1, 7, 10_000]) expect(sorted(auditInPages(database, pageRows))).toEqual(sorted(whole))
    await store.close()
  })
})
