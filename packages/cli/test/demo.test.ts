import { existsSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ask, makeHome, runCli, startCli } from './cli.js'

test('the demo agrees with the bill of the simulator on every call, and leaves nothing behind', async () => {
  const home = makeHome()
  const { code, stdout } = await runCli(home, ['demo', '--json'])
  expect(code).toBe(0)
  const { isSimulated, rows, total, check } = JSON.parse(stdout)
  expect(isSimulated).toBe(true)
  expect(check).toEqual({ exact: 13, estimated: 2, unbilled: 2, mismatches: [] })
  expect(total.calls).toBe(17)
  expect(rows.map(({ group }: { group: string }) => group)).toContain('claude-opus-5-5')
  expect(total.cacheReadTokens).toBeGreaterThan(total.cacheWrite5mTokens)
  expect(readdirSync(home)).toEqual([])
})

test('for people the table says that it is simulated and how it was checked', async () => {
  const { stdout } = await runCli(makeHome(), ['demo'])
  expect(stdout).toMatch(/Simulated traffic by model\nmodel +calls/)
  expect(stdout).toContain('13 calls equal to the nano-dollar')
})

test('with --keep everything goes on until Ctrl-C, and is cleared away then', async () => {
  const demo = startCli(makeHome(), ['demo', '--keep'])
  const [, directory = ''] = await demo.outputOf('stderr', /runguard report --data (\S+)/)
  const [, url = ''] = await demo.outputOf('stderr', /The gateway goes on at ([^\s,]+)/)
  expect((await ask(url, 'still there?')).status).toBe(200)
  expect(existsSync(directory)).toBe(true)
  const readOverview = async () =>
    (await (await fetch(`${url}/runguard/api/overview`)).json()) as { today: object; budgets: object[] }
  // The last call is in the books a moment after its answer.
  await expect.poll(async () => (await readOverview()).today).toMatchObject({ calls: 18, refusedCalls: 0 })
  expect((await readOverview()).budgets).toMatchObject([{ source: 'config', scope: { kind: 'session' } }])
  demo.child.kill('SIGINT')
  expect((await demo.finished).code).toBe(0)
  expect(existsSync(directory)).toBe(false)
})
