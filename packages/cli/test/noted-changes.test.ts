import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nanoUsd } from '@runguard/sdk/core'
import { finishAudits, sqliteStore } from '@runguard/sdk/store'
import Database from 'libsql'
import { expect, test } from 'vitest'
import { makeHome, runCli } from './cli.js'

const account = {
  key: 'a',
  budget: 'everything/day',
  scope: 'everything',
  windowStart: 0,
  windowEnd: null,
  limit: nanoUsd(1_000),
  isEnforced: true,
}

/** A home in which there is something to change, and a look into its store. */
async function setUp() {
  const home = makeHome()
  await runCli(home, ['budget', 'add', '2', '--per', 'day'])
  const file = new Database(join(home, '.runguard', 'runguard.db'))
  const store = sqliteStore(file)
  for (const hold of ['h1', 'h2']) {
    const opened = {
      kind: 'hold',
      hold,
      at: 1,
      owner: 'o',
      deadline: 2,
      accounts: [account],
      amount: nanoUsd(7),
    } as const
    await store.post({ events: [opened, { kind: 'expire', hold, at: 3 }], records: [] })
  }
  return { home, file, store }
}

test('a program that dies behind its change has noted it before: a gateway adds the entry later', async () => {
  const { home, file, store } = await setUp()
  // From here on nothing is added to the log: as if the program died with each change.
  file.exec("CREATE TRIGGER dies BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'gone'); END")
  const changes = [
    [['budget', 'add', '3', '--per', 'week'], 'budgets.write', 'everything/week'],
    [['budget', 'set', 'everything/day', '--limit', '9'], 'budgets.write', 'everything/day'],
    [['budget', 'pause', 'everything/day'], 'budgets.write', 'everything/day'],
    [['budget', 'rm', 'everything/week'], 'budgets.remove', 'everything/week'],
    [['breaker', 'hold', 'model:x'], 'breakers.hold', 'model:x'],
    [['session', 'exempt', 's-1'], 'sessions.exempt', 's-1'],
    [['ledger', 'void', 'h1', '--reason', 'never sent'], 'ledger.void', 'h1'],
    [
      ['ledger', 'void', '--expired', '--budget', 'everything/day', '--reason', 'never sent'],
      'ledger.void',
      'everything/day',
    ],
  ] as const
  for (const [args] of changes) expect((await runCli(home, args)).code).toBe(1)

  expect((await store.listBudgets()).map(({ id, written }) => [id, written])).toEqual([
    ['everything/day', expect.objectContaining({ limit: '9', paused: true })],
  ])
  expect(await store.readBreakers(['model:x'])).toMatchObject([{ state: { kind: 'held' } }])
  expect(await store.findMark('s-1')).toMatchObject({ isExempt: true })
  expect([await store.findHold('h1'), await store.findHold('h2')]).toMatchObject([
    { status: 'voided' },
    { status: 'voided' },
  ])

  file.exec('DROP TRIGGER dies')
  expect(await finishAudits(store, Date.now() + 3_600_000)).toBe(changes.length)
  const [, ...entries] = await store.listAudit({ after: 0, limit: 100 })
  expect(entries.map(({ action, subject, after }) => [action, subject, after]).sort()).toEqual(
    changes.map(([, action, subject]) => [action, subject, { outcome: 'unknown' }]).sort(),
  )
  await store.close()
})

test('the admin token of a first start is in the log, also where the program dies just then', async () => {
  const { home, file, store } = await setUp()
  writeFileSync(join(home, 'runguard.yaml'), 'access:\n  requireLogin: true\n')
  file.exec("CREATE TRIGGER dies BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'gone'); END")
  expect((await runCli(home, ['start', '--port', '0'])).code).toBe(1)
  expect(await store.adminToken()).not.toBeNull()
  file.exec('DROP TRIGGER dies')
  await finishAudits(store, Date.now() + 3_600_000)
  const [entry] = await store.listAudit({ limit: 1 })
  expect(entry).toMatchObject({ action: 'users.admin-token', actor: { kind: 'cli' }, after: { outcome: 'unknown' } })
  await store.close()
})

test('what is refused leaves no entry', async () => {
  const { home, store } = await setUp()
  for (const args of [
    ['budget', 'add', '2', '--per', 'day'],
    ['budget', 'rm', 'nobody'],
    ['budget', 'set', 'nobody', '--limit', '1'],
    ['ledger', 'void', 'nobody', '--reason', 'no'],
  ]) {
    expect((await runCli(home, args)).code).not.toBe(0)
  }
  await runCli(home, ['ledger', 'void', 'h1', '--reason', 'never sent'])
  expect((await runCli(home, ['ledger', 'void', 'h1', '--reason', 'again'])).code).toBe(1)
  expect((await store.listAudit({ after: 0, limit: 100 })).map(({ action, subject }) => [action, subject])).toEqual([
    ['budgets.write', 'everything/day'],
    ['ledger.void', 'h1'],
  ])
  expect(await store.begunAudits(Number.MAX_SAFE_INTEGER, 10)).toEqual([])
  await store.close()
})
