/** What is measured: the ledger on each store, the engine over it, and the bare database's own conditional update. */

import { type Account, type Budget, loadPriceBook, priceList, readConfig, resolveEndpoint } from '@runguard/sdk/core'
import { createEngine, type EngineOptions, engineDefaults, systemRuntime } from '@runguard/sdk/engine'
import type { SqliteDatabase, Store } from '@runguard/sdk/store'
import type pg from 'pg'

/** Does so many pairs of hold and settlement at once; resolves when all are done. */
export type Round = (atOnce: number) => Promise<void>

const NANO = 1_000_000
const PLENTY = 1_000_000_000_000_000

/** Hold and settle on one account, all that is at once in one commit, as the engine groups it. */
export function ledgerRounds(store: Store, name: string): Round {
  const account = { key: 'hot', budget: 'hot', scope: 'everything', windowStart: 0, windowEnd: null, isEnforced: true }
  const accounts = [{ ...account, limit: PLENTY as Account['limit'] }]
  const amount = NANO as Account['spent']
  let count = 0
  return async (atOnce) => {
    const ids = Array.from({ length: atOnce }, () => `${name}-${++count}`)
    const at = Date.now()
    const moment = { at, owner: name, deadline: at + 60_000, accounts, amount }
    await store.post({ events: ids.map((hold) => ({ kind: 'hold', hold, ...moment })), records: [] })
    await store.post({
      events: ids.map((hold) => ({ kind: 'settle', hold, at, amount, isEstimate: false })),
      records: [],
    })
  }
}

const BODY = new TextEncoder().encode(
  JSON.stringify({
    model: 'claude-opus-4-8',
    max_tokens: 1_024,
    messages: [{ role: 'user', content: 'x'.repeat(2_000) }],
  }),
)
const ANSWER = new TextEncoder().encode(
  '{"id":"msg_1","type":"message","model":"claude-opus-4-8","usage":{"input_tokens":700,"output_tokens":100}}',
)

/** A budget that never ends. */
export function plentyBudget(): readonly Budget[] {
  const reading = readConfig({ budgets: [{ scope: 'everything', window: 'month', limit: PLENTY / 1e9 }] })
  if (reading.kind === 'problems') throw new Error(reading.problems.map(({ message }) => message).join('; '))
  return reading.config.budgets
}

/** Whole calls of 2 kB through the engine, from `admit` to `end`; the last write is awaited with {@link EngineRounds.close}. */
export function engineRounds(
  store: EngineOptions['store'],
  budgets: readonly Budget[],
): { round: Round; close(): Promise<void> } {
  const runtime = systemRuntime()
  const config = { ...engineDefaults, book: loadPriceBook(priceList) }
  // Somebody listens, as in every gateway: thresholds are looked at.
  const engine = createEngine({ config, store, runtime, budgets, onAlert: () => {} })
  const one = async (): Promise<void> => {
    const readAtTick = runtime.tick()
    const endpoint = resolveEndpoint('POST', '/v1/messages')
    const call = {
      method: 'POST',
      endpoint,
      headers: {},
      body: BODY,
      receivedBytes: BODY.length,
      readAtTick,
      problem: null,
    }
    const admission = await engine.admit(call)
    if (admission.kind === 'refuse') throw new Error(admission.refusal.message)
    const { watch } = admission
    watch.sent()
    watch.head(200, { 'content-type': 'application/json' })
    watch.chunk(ANSWER)
    watch.end('complete')
  }
  const round: Round = async (atOnce) => {
    await Promise.all(Array.from({ length: atOnce }, one))
  }
  return { round, close: () => engine.close() }
}

const TABLE =
  'CREATE TABLE bare (id INTEGER PRIMARY KEY, spent BIGINT NOT NULL, held BIGINT NOT NULL, cap BIGINT NOT NULL)'
const ROW = `INSERT INTO bare VALUES (1, 0, 0, ${PLENTY})`
const HOLD = `UPDATE bare SET held = held + ${NANO} WHERE id = 1 AND spent + held + ${NANO} <= cap`
const SETTLE = `UPDATE bare SET held = held - ${NANO}, spent = spent + ${NANO} WHERE id = 1`

/** Two updates of one row, each in a commit of its own; a file has one writer, so what is at once waits in line. */
export function bareSqliteRounds(database: SqliteDatabase): Round {
  for (const pragma of ['journal_mode = WAL', 'synchronous = NORMAL']) database.exec(`PRAGMA ${pragma}`)
  database.exec(TABLE)
  database.exec(ROW)
  const [hold, settle] = [database.prepare(HOLD), database.prepare(SETTLE)]
  return async (atOnce) => {
    for (let count = 0; count < atOnce; count++) {
      hold.run()
      settle.run()
    }
  }
}

/** The same on as many connections as are at once. */
export async function barePostgresRounds(pool: pg.Pool): Promise<Round> {
  await pool.query(TABLE)
  await pool.query(ROW)
  const one = async (): Promise<void> => {
    await pool.query(HOLD)
    await pool.query(SETTLE)
  }
  return async (atOnce) => {
    await Promise.all(Array.from({ length: atOnce }, one))
  }
}
