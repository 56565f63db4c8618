import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sqliteStore } from '@runguard/sdk/store'
import { type RunningSimulator, startSimulator } from '@runguard/simulator'
import Database from 'libsql'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ask, makeHome, runCli, startCli, startGateway } from './cli.js'

let simulator: RunningSimulator

beforeEach(async () => {
  simulator = await startSimulator()
})

afterEach(async () => {
  await simulator.close()
})

/** Runs a command that has to work, and gives what it printed. */
async function run(home: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(home, args)
  expect([code, code === 0 ? '' : stderr]).toEqual([0, ''])
  return stdout
}

const list = async (home: string, ...args: string[]) => JSON.parse(await run(home, 'budget', 'ls', '--json', ...args))

test('a budget is added, changed, paused, overridden, shown and removed, and keeps its id', async () => {
  const home = makeHome()
  expect(await run(home, 'budget', 'add', '$20', '--per', 'month')).toBe(
    'everything/month: $20.00 per month for everything\n',
  )
  await run(home, 'budget', 'add', '2', '--scope', 'session:*', '--id', 'sessions', '--name', 'Each', '--observe')
  await run(home, 'budget', 'set', 'everything/month', '--limit', '$25', '--thresholds', '90,50%')
  await run(home, 'budget', 'override', 'sessions', '--scope-name', 'long', '--limit', '$50', '--until', '2126-12-01')
  await run(home, 'budget', 'override', 'sessions', '--scope-name', 'long', '--limit', '$60')
  await run(home, 'budget', 'pause', 'everything/month')
  expect((await list(home)).budgets).toMatchObject([
    { id: 'everything/month', limitUsd: '25', thresholds: [50, 90], isPaused: true, isInForce: false },
    { id: 'sessions', name: 'Each', scope: 'session:*', window: 'session', mode: 'observe', source: 'registry' },
  ])
  expect((await list(home)).budgets[1].overrides).toEqual([
    { scopeName: 'long', limitUsd: '60', limitNanoUsd: 60_000_000_000, until: null },
  ])
  expect(await run(home, 'budget', 'resume', 'everything/month')).not.toContain('paused')
  await run(home, 'budget', 'override', 'sessions', '--scope-name', 'long', '--remove')
  await run(home, 'budget', 'set', 'sessions', '--enforce')
  expect(await run(home, 'budget', 'ls')).toMatch(/^sessions "Each" +session:\* +\$2\.00 +session .* never$/m)
  await run(home, 'budget', 'rm', 'sessions')
  expect((await list(home)).budgets).toMatchObject([{ id: 'everything/month', isInForce: true }])
})

test('everything that is wrong with a budget is said at once, in the words of the flags, and nothing is kept', async () => {
  const home = makeHome()
  const args = ['budget', 'add', '$5x', '--scope', 'tem:web', '--per', 'dya', '--time-zone', 'Mars/X']
  const { code, stderr } = await runCli(home, args)
  expect(code).toBe(4)
  for (const problem of [/"team"\?/, /limit: .*"\$5x"/, /--per: .*"day"\?/, /--time-zone: .*Mars/]) {
    expect(stderr).toMatch(problem)
  }
  expect((await runCli(home, ['budget', 'add', '0', '--per', 'day'])).stderr).toContain("Quote the dollar sign ('$20')")
  expect((await list(home)).budgets).toEqual([])
})

test('a budget that is there already, or not there, is named with a way on', async () => {
  const home = makeHome()
  await run(home, 'budget', 'add', '1', '--per', 'day')
  const again = await runCli(home, ['budget', 'add', '2', '--per', 'day'])
  expect([again.code, again.stderr]).toEqual([4, expect.stringContaining('runguard budget set everything/day --limit')])
  for (const args of [['rm'], ['pause'], ['set', '--limit', '3'], ['override', '--limit', '3']]) {
    const { code, stderr } = await runCli(home, ['budget', ...args, 'nobody'])
    expect([code, stderr]).toEqual([1, expect.stringContaining('There are: everything/day')])
  }
  expect((await list(home)).budgets).toMatchObject([{ limitUsd: '1' }])
})

test('a value whose flag was left out is told its flag, and other words for the same are understood', async () => {
  const home = makeHome()
  const add = await runCli(home, ['budget', 'add', '20', 'month'])
  expect([add.code, add.stderr]).toEqual([2, "runguard: Say the period with its flag: --per 'month'\n"])
  await run(home, 'budget', 'add', '20', '--per', 'month')
  const set = await runCli(home, ['budget', 'set', 'everything/month', '30'])
  expect([set.code, set.stderr]).toEqual([2, "runguard: Say the limit with its flag: --limit '30'\n"])
  expect(await run(home, 'budget', 'list')).toContain('$20.00')
  const slip = await runCli(home, ['budget', 'remove', 'evrything/month'])
  expect([slip.code, slip.stderr]).toEqual([1, expect.stringContaining('Did you mean everything/month?')])
  await run(home, 'budget', 'remove', 'everything/month')
  expect((await list(home)).budgets).toEqual([])
})

test('what is wrong with an override is said in the words of its flags, and its scope may be written in full', async () => {
  const home = makeHome()
  await run(home, 'budget', 'add', '2', '--scope', 'user:*', '--per', 'day', '--id', 'users')
  const problemOf = async (...args: string[]) => {
    const { code, stderr } = await runCli(home, ['budget', 'override', 'users', '--limit', '5', ...args])
    return [code, stderr]
  }
  expect(await problemOf('--until', '2020-01-01')).toEqual([4, expect.stringContaining('--until: 2020-01-01 is over')])
  expect(await problemOf('--until', 'tomorrow')).toEqual([4, expect.stringContaining('  --until: must be a date')])
  expect(await problemOf('--scope', 'team:ann')).toEqual([4, expect.stringContaining('write user:<name>')])
  await run(home, 'budget', 'override', 'users', '--limit', '5', '--scope', 'user:ann')
  await run(home, 'budget', 'override', 'users', '--limit', '6', '--scope', 'bob')
  expect((await list(home)).budgets[0].overrides).toMatchObject([{ scopeName: 'ann' }, { scopeName: 'bob' }])
  await run(home, 'budget', 'override', 'users', '--remove', '--scope', 'user:ann')
  expect((await list(home)).budgets[0].overrides).toMatchObject([{ scopeName: 'bob' }])
})

test.each(['', '0.001', '5000', '50,x'])(
  'the thresholds %j are refused by the name of their flag',
  async (thresholds) => {
    const { code, stderr } = await runCli(makeHome(), [
      'budget',
      'add',
      '1',
      '--per',
      'day',
      '--thresholds',
      thresholds,
    ])
    expect([code, stderr]).toEqual([
      4,
      expect.stringContaining('  --thresholds: must be percent of the limit, from 0.01'),
    ])
  },
)

test('a running gateway takes a budget into force when it is added, and out of it when it is removed', async () => {
  const home = makeHome()
  const gateway = await startGateway(home, simulator.url)
  await gateway.outputOf('stderr', /no budgets yet: {2}runguard budget add '\$20' --per month\n/)
  await run(home, 'budget', 'add', '$0.0000001', '--per', 'day')
  await gateway.outputOf('stderr', /Budgets changed: 1 in force/)
  const refused = await ask(gateway.url, 'hello')
  expect(refused.status).toBe(402)
  await gateway.outputOf('stdout', /claude-opus-5-5 +refused: runguard_budget_exceeded/)
  await run(home, 'budget', 'rm', 'everything/day')
  await gateway.outputOf('stderr', /Budgets changed: 0 in force/)
  expect((await ask(gateway.url, 'hello')).status).toBe(200)
})

test('budgets of the file and of the registry are both in force, and both are listed', async () => {
  const home = makeHome()
  const config = join(home, 'rules.yaml')
  const reference = '$' + '{LIMIT}'
  writeFileSync(config, `budgets:\n  - { id: big, scope: everything, window: month, limit: '${reference}' }\n`)
  await run(home, 'budget', 'add', '$0.0000001', '--per', 'day', '--id', 'small')
  const gateway = startCli(home, ['--port', '0', '--upstream', simulator.url, '--config', config], { LIMIT: '$20' })
  const [, url = ''] = await gateway.outputOf('stderr', /ANTHROPIC_BASE_URL=(\S+)/)
  await gateway.outputOf(
    'stderr',
    /2 budgets in force, .*rules\.yaml included: {2}runguard budget ls --config ".*rules\.yaml"\n/,
  )
  expect(await (await ask(url, 'hello')).json()).toMatchObject({ error: { details: { budget: 'small' } } })
  const { stdout } = await runCli(home, ['budget', 'ls', '--config', config], { LIMIT: '$20' })
  expect(stdout).toMatch(/^big .* \$20\.00 .* in the file$/m)
  expect(stdout).toMatch(/^small .* binding$/m)
})

test('a configuration that cannot be used stops the start, each problem with its line and column', async () => {
  const home = makeHome()
  const config = join(home, 'runguard.yaml')
  const lines = ['budgets:', '  - scope: everythin', '    window: month', '    limit: 20x', '  - scope: team:a']
  writeFileSync(config, lines.join('\n'))
  const { code, stdout, stderr } = await runCli(home, ['start', '--port', '0'])
  expect([code, stdout]).toEqual([4, ''])
  expect(stderr).toMatch(/runguard\.yaml:2:12 {2}budgets\[0\]\.scope: .*"everything"\?/)
  expect(stderr).toMatch(/runguard\.yaml:4:12 {2}budgets\[0\]\.limit: /)
  expect(stderr).toMatch(/runguard\.yaml:5:5 {2}budgets\[1\]\.limit: /)
})

test('one id in the file and in the registry is refused by both, with a way out', async () => {
  const home = makeHome()
  const config = join(home, 'rules.yaml')
  writeFileSync(config, 'budgets: [{ scope: everything, window: day, limit: 1 }]')
  await run(home, 'budget', 'add', '2', '--per', 'day')
  const started = await runCli(home, ['start', '--port', '0', '--config', config])
  expect([started.code, started.stderr]).toEqual([4, expect.stringMatching(/everything\/day is in .* and in the reg/)])
  await run(home, 'budget', 'rm', 'everything/day')
  expect((await runCli(home, ['budget', 'add', '2', '--per', 'day', '--config', config])).code).toBe(4)
  const paused = await runCli(home, ['budget', 'pause', 'everything/day', '--config', config])
  expect(paused.stderr).toContain('change it there')
})

test('a stored budget that cannot be read any more is never left out in silence', async () => {
  const home = makeHome()
  await run(home, 'budget', 'add', '2', '--per', 'day')
  const store = sqliteStore(new Database(join(home, '.runguard', 'runguard.db')))
  await store.putBudget({ id: 'old', written: { scope: 'planet:mars', limit: 1, window: 'day', id: 'old' } }, 1)
  const started = await runCli(home, ['start', '--port', '0'])
  expect([started.code, started.stderr]).toEqual([4, expect.stringContaining('runguard budget rm old')])
  const listed = await runCli(home, ['budget', 'ls', '--json'])
  expect(listed.code).toBe(4)
  expect(JSON.parse(listed.stdout)).toMatchObject({
    budgets: [{ id: 'everything/day' }],
    problems: [expect.stringContaining('planet')],
  })
  await store.removeBudget('old')
  const gateway = await startGateway(home, simulator.url)
  await store.putBudget({ id: 'old', written: null }, 1)
  await gateway.outputOf('stderr', /warning: The stored budget old cannot be read .*\n.*from before stay in force/)
  await store.close()
})

test('a threshold is a line on stderr, or an object among the calls', async () => {
  for (const flags of [[], ['--json']]) {
    const home = makeHome()
    await run(home, 'budget', 'add', '$0.003', '--per', 'day', '--thresholds', '50,99')
    const gateway = await startGateway(home, simulator.url, flags)
    await (await ask(gateway.url, '[[sim:text 100]]', { max_tokens: 110 })).text()
    const line = /^alert: 50% of the budget everything\/day is used: \$0\.0020 of \$0\.0030; it resets at .*\n/m
    if (flags.length === 0) await gateway.outputOf('stderr', line)
    else {
      const [text] = await gateway.outputOf('stdout', /^\{"kind":"alert".*$/m)
      expect(JSON.parse(text)).toMatchObject({
        percent: 50,
        spentUsd: '0.00204',
        limitUsd: '0.003',
        scope: 'everything',
      })
    }
    gateway.child.kill('SIGKILL')
  }
})

test('an answer that was cut and one that was clamped say so, and explain says what was set aside', async () => {
  const home = makeHome()
  await run(home, 'budget', 'add', '$0.05', '--per', 'day')
  const gateway = await startGateway(home, simulator.url)
  await (await ask(gateway.url, '[[sim:text 10]]', { max_tokens: 64_000 })).text()
  await gateway.outputOf('stdout', /10 out +\$0\.00\d+ {2}clamped to \d\.\dk$/m)
  const explained = await run(home, 'explain', 'last')
  expect(explained).toMatch(
    /^hold +\$0\.0\d+ set aside while it ran; least was left of everything\/day; max_tokens low/m,
  )
  await (await ask(gateway.url, '[[sim:every 1]] [[sim:text 6000]]', { max_tokens: 64_000, stream: true })).text()
  await gateway.outputOf('stdout', /est\. {2}cut: budget$/m)
  const checked = await runCli(home, ['budget', 'ls', '--check', '--json'])
  const [{ accounts }] = JSON.parse(checked.stdout).budgets
  expect(accounts).toMatchObject([{ isBinding: true, heldNanoUsd: 0, leftNanoUsd: expect.any(Number) }])
  expect(accounts[0].spentNanoUsd).toBeLessThanOrEqual(50_000_000)
})

test('observing counts and refuses nothing', async () => {
  const home = makeHome()
  await run(home, 'budget', 'add', '$0.0000001', '--per', 'day')
  const gateway = await startGateway(home, simulator.url, ['--mode', 'observe'])
  await gateway.outputOf('stderr', /1 budget in force \(observe: nothing is refused\)/)
  expect((await ask(gateway.url, 'hello')).status).toBe(200)
  await gateway.outputOf('stdout', /\$0\.0/)
  const { code, stdout } = await runCli(home, ['budget', 'ls', '--check', '--json'])
  expect(code).toBe(3)
  expect(JSON.parse(stdout).budgets[0].accounts).toMatchObject([{ isUsedUp: true }])
})

test('a budget of a team or a key is taken, and everything that shows it says that no gateway key belongs to it', async () => {
  const home = makeHome()
  const warning = /^warning: The budget team:web\/day counts nothing: there is no gateway key of the team web/m
  const added = await runCli(home, ['budget', 'add', '5', '--per', 'day', '--scope', 'team:web'])
  expect([added.code, added.stderr]).toEqual([0, expect.stringMatching(warning)])
  expect((await runCli(home, ['budget', 'set', 'team:web/day', '--limit', '6'])).stderr).toMatch(warning)
  expect((await runCli(home, ['budget', 'ls'])).stderr).toMatch(warning)
  expect((await list(home)).warnings).toEqual([expect.stringContaining('team:web/day')])
  const gateway = await startGateway(home, simulator.url)
  await gateway.outputOf('stderr', warning)
  await runCli(home, ['budget', 'add', '5', '--per', 'day', '--scope', 'key:*'])
  await gateway.outputOf('stderr', /^warning: The budget 'key:\*\/day' counts nothing: there is no gateway key\./m)
  const paused = await runCli(home, ['budget', 'pause', 'team:web/day'])
  expect(paused.stderr).not.toContain('warning')
})

test('the file says how calls are judged, and a flag says it better', async () => {
  const home = makeHome()
  const config = join(home, 'rules.yaml')
  const lines = ['unknownModel: refuse', 'waitForMoney: 0s', 'mode: observe', 'budgets: []']
  writeFileSync(config, lines.join('\n'))
  const gateway = await startGateway(home, simulator.url, ['--config', config, '--mode', 'enforce'])
  await gateway.outputOf('stderr', /^From .*rules\.yaml: unknownModel refuse, waitForMoney 0\.0 ms$/m)
  await gateway.outputOf('stderr', /runguard report --config ".*rules\.yaml"/)
  expect((await ask(gateway.url, 'hi', { model: 'claude-nobody-1' })).status).toBe(402)
  writeFileSync(config, 'modus: observe\nunknownModel: drearest\nstore: mysql://me:secret@x/y\nwaitForMoney: 30\n')
  const broken = await runCli(home, ['start', '--port', '0', '--config', config])
  expect(broken.code).toBe(4)
  expect(broken.stderr).not.toContain('secret')
  for (const problem of [/1:1 .*"modus", did you mean "mode"/, /2:15 .*"dearest"/, /3:8 .*PostgreSQL/, /4:15 .*unit/]) {
    expect(broken.stderr).toMatch(problem)
  }
})
