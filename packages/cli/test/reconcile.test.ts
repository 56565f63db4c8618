import { type RunningSimulator, startSimulator } from '@runguard/simulator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ask, makeHome, runCli, startCli, startGateway } from './cli.js'

let simulator: RunningSimulator

beforeEach(async () => {
  simulator = await startSimulator()
})

afterEach(async () => {
  await simulator.close()
})

const admin = { ANTHROPIC_ADMIN_KEY: 'sk-ant-admin-test', TZ: 'UTC' }

async function reconcile(home: string, ...flags: readonly string[]) {
  const args = ['reconcile', '--base-url', simulator.url, '--since', '2h', ...flags]
  return await runCli(home, args, admin)
}

/** Some calls of two models, the second twice through the cache, and the gateway gone. */
async function makeCalls(home: string, more: (url: string) => Promise<unknown> = async () => {}): Promise<void> {
  const gateway = await startGateway(home, simulator.url)
  const system = [{ type: 'text', text: 'A rule. '.repeat(4_000), cache_control: { type: 'ephemeral' } }]
  await (await ask(gateway.url, '[[sim:text 120]]')).text()
  for (const question of ['One?', 'Two?']) {
    await (await ask(gateway.url, question, { system, model: 'claude-sonnet-5-5' })).text()
  }
  await (await ask(gateway.url, '[[sim:text 700]]', { stream: true, model: 'claude-haiku-5-5' })).text()
  await more(gateway.url)
  gateway.child.kill('SIGTERM')
  await gateway.finished
}

test('what went through RunGuard is what the API reports, in tokens and in dollars', async () => {
  const home = makeHome()
  await makeCalls(home)
  const { code, stdout, stderr } = await reconcile(home)
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^tokens {3}[1-6] hours of a model compared, no difference$/m)
  expect(stdout).toMatch(/^dollars {2}/m)
  expect(code).toBe(0)
  const whole = await reconcile(home, '--since', '2d', '--json')
  expect(JSON.parse(whole.stdout)).toMatchObject({ hourDifferences: [], dayDifferences: [] })
  expect(JSON.parse(whole.stdout).days).toBeGreaterThan(0)
})

test('a call around RunGuard is found, with its tokens and its API key', async () => {
  const home = makeHome()
  await makeCalls(home)
  await (await ask(simulator.url, '[[sim:text 33]]', { model: 'claude-opus-5' })).text()
  const { code, stdout } = await reconcile(home)
  expect(code).toBe(1)
  expect(stdout).toMatch(/claude-opus-5 +input +0 +\d+ +calls outside RunGuard/)
  expect(stdout).toMatch(/output +0 +33$/m)
  const { hourDifferences } = JSON.parse((await reconcile(home, '--json')).stdout)
  expect(hourDifferences).toMatchObject([{ causes: ['outside'], apiKeys: [expect.stringMatching(/^apikey_/)] }])
})

test('an answer that broke off is named as the cause', async () => {
  const home = makeHome()
  await makeCalls(home, async (url) => {
    const response = await ask(url, '[[sim:every 5]] [[sim:text 4000]]', { stream: true })
    const reader = response.body?.getReader()
    for (let events = 0; events < 30; events++) await reader?.read()
    await reader?.cancel()
    await simulator.idle()
  })
  const { hourDifferences } = JSON.parse((await reconcile(home, '--json')).stdout)
  expect(hourDifferences).toMatchObject([{ model: 'claude-opus-5-5', causes: expect.arrayContaining(['estimated']) }])
})

test('of the whole demo nothing differs but what broke off', async () => {
  const home = makeHome()
  const demo = startCli(home, ['demo', '--keep'])
  const [, directory = ''] = await demo.outputOf('stderr', /runguard report --data (\S+)/)
  const [, url = ''] = await demo.outputOf('stderr', /the simulated API behind it at (\S+?)\.\n/)
  const args = ['reconcile', '--base-url', url, '--since', '2h', '--data', directory, '--json']
  const { hourDifferences, dayDifferences } = JSON.parse((await runCli(home, args, admin)).stdout)
  const causes = hourDifferences.map(({ causes, model }: { causes: string[]; model: string }) => [model, causes[0]])
  expect(new Set(causes.map(String))).toEqual(new Set(['claude-opus-5-5,estimated']))
  expect(dayDifferences).toEqual([])
})

test('where too much is asked it waits as it is told, and then goes on', async () => {
  const home = makeHome()
  await makeCalls(home)
  const path = '/v1/organizations/usage_report/messages'
  simulator.fault({ kind: 'status', status: 429, retryAfterSeconds: 1 }, { path, times: 1 })
  const { code } = await reconcile(home)
  expect(code).toBe(0)
  expect(simulator.log.filter((entry) => entry.path === path).map(({ status }) => status)).toEqual([429, 200])
})

test('without a key, with a wrong one, or with nobody there, it says what to do', async () => {
  const home = makeHome()
  const none = await runCli(home, ['reconcile', '--base-url', simulator.url])
  expect([none.code, none.stderr]).toEqual([4, expect.stringContaining('is not set')])
  const open = await runCli(home, ['reconcile', '--admin-key', 'sk-ant-admin-x'])
  expect([open.code, open.stderr]).toEqual([4, expect.stringContaining('Name the variable')])
  const wrong = await runCli(home, ['reconcile', '--base-url', simulator.url], { ANTHROPIC_ADMIN_KEY: 'sk-ant-api' })
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('has to be an admin key')])
  const gone = await runCli(home, ['reconcile', '--base-url', 'http://127.0.0.1:9'], admin)
  expect([gone.code, gone.stderr]).toEqual([5, expect.stringContaining('Cannot reach')])
})
