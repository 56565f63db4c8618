import { join } from 'node:path'
import { nanoUsd } from '@runguard/sdk/core'
import { sqliteStore } from '@runguard/sdk/store'
import Database from 'libsql'
import { expect, test } from 'vitest'
import { makeHome, runCli } from './cli.js'

const account = {
  key: 'everything/day|everything|day|0',
  budget: 'everything/day',
  scope: 'everything',
  windowStart: 0,
  windowEnd: null,
  limit: nanoUsd(20_000_000_000),
  isEnforced: true,
}

/** A home whose ledger has an open hold, an exact settlement and an estimate. */
async function homeWithLedger(): Promise<string> {
  const home = makeHome()
  await runCli(home, ['budget', 'add', '20', '--per', 'day'])
  const store = sqliteStore(new Database(join(home, '.runguard', 'runguard.db')))
  const hold = (id: string) =>
    ({ kind: 'hold', hold: id, accounts: [account], amount: nanoUsd(5_000_000), at: 1 }) as const
  const owner = { owner: 'test', deadline: 2 }
  await store.post({
    events: [
      ...['rg_open', 'rg_exact', 'rg_guess'].map((id) => ({ ...hold(id), ...owner })),
      { kind: 'settle', hold: 'rg_exact', amount: nanoUsd(3_000_000), isEstimate: false, at: 3 },
      { kind: 'expire', hold: 'rg_guess', at: 4 },
    ],
    records: [],
  })
  await store.close()
  return home
}

test.each([
  ['void --expired', ['void', '--expired', '--reason', 'x']],
  ['show --expired', ['show', '--expired']],
  ['show', ['show']],
])('a budget that is not there is not taken for one without holds: ledger %s', async (_, args) => {
  const home = await homeWithLedger()
  const { code, stdout, stderr } = await runCli(home, ['ledger', ...args, '--budget', 'evrything/day'])
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain('There is no budget evrything/day. Did you mean everything/day?')
  // What was held under a budget is there when the budget is gone; and a budget is there before anything is held.
  await runCli(home, ['budget', 'rm', 'everything/day'])
  expect((await runCli(home, ['ledger', ...args, '--budget', 'everything/day'])).code).toBe(0)
  await runCli(home, ['budget', 'add', '1', '--per', 'week'])
  expect((await runCli(home, ['ledger', ...args, '--budget', 'everything/week'])).code).toBe(0)
})

test('accounts, open holds, and the entries of one hold or account are shown', async () => {
  const home = await homeWithLedger()
  const { stdout } = await runCli(home, ['ledger', 'show'])
  expect(stdout).toMatch(/^everything\/day\|everything\|day\|0 +\$0\.0080 +\$0\.0050 +\$20\.00 +\$19\.99 +no end$/m)
  expect(stdout).toMatch(/^rg_open +open +\$0\.0050/m)
  expect(stdout).not.toContain('rg_exact')
  const one = await runCli(home, ['ledger', 'show', '--hold', 'rg_guess', '--json'])
  expect(JSON.parse(one.stdout)).toMatchObject({
    holds: [{ id: 'rg_guess', status: 'expired', postedUsd: '0.005', isEstimate: true }],
    entries: [
      { kind: 'expire', spentDeltaUsd: '0.005', heldDeltaUsd: '-0.005' },
      { kind: 'hold', heldDeltaNanoUsd: 5_000_000, limitUsd: '20' },
    ],
  })
  const account = await runCli(home, ['ledger', 'show', '--account', 'everything/day|everything|day|0', '--limit', '2'])
  expect(account.stdout).toMatch(/ expire \(est\.\) +rg_guess .* \+\$0\.0050 +-\$0\.0050$/m)
  expect(account.stdout.match(/ rg_/g)).toHaveLength(2)
  expect((await runCli(home, ['ledger', 'show', '--account', 'nobody'])).stderr).toContain('for "nobody"')
})

test('an estimate is voided with a reason that stays; nothing else is, and never without one', async () => {
  const home = await homeWithLedger()
  const voided = async (id: string, ...flags: string[]) => await runCli(home, ['ledger', 'void', id, ...flags])
  expect((await voided('rg_guess')).code).toBe(2)
  expect((await voided('rg_guess', '--reason', ' ')).code).toBe(4)
  expect(await voided('rg_exact', '--reason', 'x')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/exact cost/),
  })
  expect(await voided('rg_open', '--reason', 'x')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/still open/),
  })
  expect(await voided('rg_nobody', '--reason', 'x')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/not in the ledger/),
  })
  expect(await voided('rg_guess', '--reason', 'the API billed nothing')).toMatchObject({
    code: 0,
    stdout: 'rg_guess: voided\n',
  })
  expect(await voided('rg_guess', '--reason', 'again')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/voided before/),
  })
  const { stdout } = await runCli(home, ['ledger', 'show', '--hold', 'rg_guess'])
  expect(stdout).toMatch(/^\S+ \S+ \S+ +void +rg_guess .* -\$0\.0050 +the API billed nothing$/m)
  expect((await runCli(home, ['ledger', 'verify'])).code).toBe(0)
})

test('verify says what it checked, and fails where somebody changed a number', async () => {
  const home = await homeWithLedger()
  const sound = await runCli(home, ['ledger', 'verify'])
  expect([sound.code, sound.stdout]).toEqual([
    0,
    expect.stringMatching(/^Checked 1 accounts and 5 entries.*All of it holds/s),
  ])
  const raw = new Database(join(home, '.runguard', 'runguard.db'))
  raw.exec('UPDATE ledger_accounts SET spent_nano = spent_nano - 1')
  raw.close()
  const broken = await runCli(home, ['ledger', 'verify'])
  expect(broken.code).toBe(1)
  expect(broken.stdout).toMatch(/Not so in 1 place:\n {2}balance-is-sum: account everything\/day\|/)
  const json = await runCli(home, ['ledger', 'verify', '--json'])
  expect(JSON.parse(json.stdout)).toMatchObject({ accounts: 1, entries: 5, findings: [{ rule: 'balance-is-sum' }] })
})

test('what nobody ended is listed with the largest first, and a whole budget of it is taken back at once', async () => {
  const home = await homeWithLedger()
  const store = sqliteStore(new Database(join(home, '.runguard', 'runguard.db')))
  const other = { ...account, key: 'user:a/day|user:a|day|0', budget: 'user:a/day', scope: 'user:a' }
  const lost = { owner: 'gone', deadline: 2, at: 1 }
  await store.post({
    events: [
      { kind: 'hold', hold: 'rg_big', accounts: [account, other], amount: nanoUsd(9_000_000_000), ...lost },
      { kind: 'hold', hold: 'rg_other', accounts: [other], amount: nanoUsd(1_000_000_000), ...lost },
      { kind: 'expire', hold: 'rg_big', at: 4 },
      { kind: 'expire', hold: 'rg_other', at: 4 },
    ],
    records: [],
  })
  await store.close()
  const expired = async (...flags: string[]): Promise<string[]> => {
    const { stdout } = await runCli(home, ['ledger', 'show', '--expired', '--json', ...flags])
    return JSON.parse(stdout).holds.map(({ id }: { id: string }) => id)
  }
  expect(await expired()).toEqual(['rg_big', 'rg_other', 'rg_guess'])
  expect(await expired('--budget', 'everything/day')).toEqual(['rg_big', 'rg_guess'])
  const shown = await runCli(home, ['ledger', 'show', '--expired'])
  expect(shown.stdout).toMatch(/^rg_big +expired \(est\.\) +\$9\.00 +\$9\.00 /m)
  expect(shown.stderr).toContain('runguard ledger void --expired --budget')

  const report = await runCli(home, ['report'])
  expect(report.stderr).toContain('note: budgets count $10.01 more, est., for 3 calls that nobody ended:')

  const voidAll = ['ledger', 'void', '--expired', '--reason', 'the machine was switched off']
  expect((await runCli(home, voidAll)).code).toBe(2)
  expect((await runCli(home, [...voidAll, '--budget', 'everything/day', 'rg_big'])).code).toBe(2)
  expect(await runCli(home, [...voidAll, '--budget', 'everything/day'])).toMatchObject({
    code: 0,
    stdout: 'everything/day: 2 voided, $9.01 taken back\n',
  })
  expect(await expired()).toEqual(['rg_other'])
  const again = await runCli(home, [...voidAll, '--budget', 'everything/day', '--json'])
  expect(JSON.parse(again.stdout)).toMatchObject({ kind: 'voided-expired', holds: [], postedUsd: '0' })
  expect((await runCli(home, ['ledger', 'verify'])).code).toBe(0)
})

test('of a budget that many sessions left accounts of, the fullest are listed and the others counted', async () => {
  const home = makeHome()
  await runCli(home, ['budget', 'add', '2', '--scope', 'session:*'])
  const store = sqliteStore(new Database(join(home, '.runguard', 'runguard.db')))
  const events = Array.from({ length: 1_234 }, (_, index) => {
    const scope = `session:s${index}`
    const key = `session:*/session|${scope}|session|s${index}`
    const accounts = [{ ...account, key, budget: 'session:*/session', scope }]
    const amount = nanoUsd((index + 1) * 1_000_000)
    return { kind: 'hold', hold: scope, accounts, amount, owner: 'test', deadline: 2, at: 1 } as const
  })
  await store.post({ events, records: [] })
  await store.close()
  const table = (await runCli(home, ['budget', 'ls'])).stdout
  expect(table).toMatch(/^session:\*\/session +session:s1233 .*\n.* session:s1232 /m)
  expect(table).toMatch(/^session:\*\/session +and 1,229 more/m)
  expect(table).not.toContain('binding')
  const [budget] = JSON.parse((await runCli(home, ['budget', 'ls', '--json'])).stdout).budgets
  expect([budget.accountCount, budget.accounts.length, budget.accounts[0].scope]).toEqual([
    1_234,
    1_000,
    'session:s1233',
  ])
})
