/**
 * A process that holds and settles on one account that all such processes share, and says what was answered. It runs
 * the built package, because it is started without the tests' compiler.
 *
 * Argument: JSON `{ name, path | url, limit, rounds }`. Output: lines `held ID AMOUNT`, `settled ID AMOUNT`, written
 * only after the store answered; `refused` for each refusal.
 */

import { writeSync } from 'node:fs'
import { postgresStore, sqliteStore } from '../dist/store/index.js'

const { name, path, url, limit, rounds } = JSON.parse(process.argv[2])
const GROUP = 8
const TERM_MS = 60_000

async function openStore() {
  if (path !== undefined) {
    const { default: Database } = await import('libsql')
    return sqliteStore(new Database(path))
  }
  const { default: pg } = await import('pg')
  return await postgresStore(new pg.Pool({ connectionString: url, max: 2 }))
}

function account(key, isEnforced) {
  return { key, budget: key, scope: 'everything', windowStart: 0, windowEnd: null, limit, isEnforced }
}

const accounts = [account('shared', true), account(`own ${name}`, false)]

function holdOf(id, amount) {
  const at = Date.now()
  return { kind: 'hold', hold: id, accounts, amount, owner: name, deadline: at + TERM_MS, at }
}

function settleOf(id, amount) {
  return { kind: 'settle', hold: id, amount, isEstimate: false, at: Date.now() }
}

const store = await openStore()
let held = []
for (let round = 0; round < rounds || held.length > 0; round++) {
  const fresh = round < rounds ? Array.from({ length: GROUP }, (_, n) => holdOf(`${name}.${round}.${n}`, 5 + n)) : []
  const settled = held.map(({ hold, amount }) => settleOf(hold, amount - 4))
  const results = await store.post({ events: [...settled, ...fresh], records: [] })
  for (const { hold, amount } of settled) writeSync(1, `settled ${hold} ${amount}\n`)
  held = fresh.filter((_, index) => results[settled.length + index].kind === 'held')
  for (const { hold, amount } of held) writeSync(1, `held ${hold} ${amount}\n`)
  writeSync(1, 'refused\n'.repeat(fresh.length - held.length))
}
await store.close()
