/** Ladders of budgets, changed through the API. */

import { readConfig } from '@runguard/sdk/core'
import { sqliteStore } from '@runguard/sdk/store'
import Database from 'libsql'
import { expect, it } from 'vitest'
import { startControlHouse } from './control-house.js'
import { answerCostNano } from './harness.js'

const WIDE = { scope: 'everything', limitNano: 20_000_000_000, window: 'month' }
const EARLY = [{ at: 0.000_001, step: 'cheaper-tier' }]

it('a step that is added holds for the next call, and one that is taken away no longer', async () => {
  const house = await startControlHouse()
  const put = (degrade: readonly object[]) => house.ask('budgets/wide', { method: 'PUT', json: { ...WIDE, degrade } })
  const degraded = async () => (await house.call()).headers.get('x-runguard-degraded')
  await put([])
  expect(await degraded()).toBeNull()
  const { body } = await put(EARLY)
  expect(body.degrade).toEqual(EARLY)
  expect(await degraded()).toBe('cheaper-tier; at=0.000001')
  await put([])
  expect(await degraded()).toBeNull()
})

it('steps come in the order of their shares, and stand in the audit log before and after', async () => {
  const house = await startControlHouse()
  const put = (degrade: readonly object[]) => house.ask('budgets/wide', { method: 'PUT', json: { ...WIDE, degrade } })
  const gentle = { at: 0.8, step: 'lower-effort', to: 'medium' }
  await put([{ at: '80%', step: 'lower-effort', to: 'medium' }])
  await put([{ at: '100%', step: 'refuse' }, gentle])
  const [entry] = (await house.ask('audit')).body.items
  expect(entry).toMatchObject({
    action: 'budgets.write',
    before: { degrade: [gentle] },
    after: { degrade: [gentle, { at: 1, step: 'refuse' }] },
  })
})

it('what is wrong with a step is said as the configuration says it, each at its field', async () => {
  const degrade = [
    { at: '180%', step: 'refuse' },
    { at: 0.5, step: 'lower-efort' },
    { at: 0.5, step: 'lower-effort', to: 'lo' },
    { at: 0.5, step: 'tighter-max-tokens', maxTokens: 'few' },
    { at: 0.5, step: 'refuse', maxTokens: 5 },
    { at: 0.5, step: 'cheaper-tier', to: 'smal' },
    { at: 0.5, step: 'defer', too: 1 },
  ]
  const reading = readConfig({ budgets: [{ id: 'wide', scope: 'everything', limit: 20, window: 'month', degrade }] })
  if (reading.kind === 'config') throw new Error('the configuration took it')
  const house = await startControlHouse({ tiers: [{ name: 'small', model: 'claude-haiku-5-5' }] })
  const { status, body } = await house.ask('budgets/wide', { method: 'PUT', json: { ...WIDE, degrade } })
  const wanted = reading.problems.map(({ path, message }) => {
    return { path: path.replace('budgets[0]', 'body').replace(/\[(\d)\]/, '.$1'), message }
  })
  expect([status, body.error.problems]).toEqual([400, wanted])
  expect(wanted.map(({ path }) => path).sort()).toEqual([
    'body.degrade.0.at',
    'body.degrade.1.step',
    'body.degrade.2.to',
    'body.degrade.3.maxTokens',
    'body.degrade.4.maxTokens',
    'body.degrade.5.to',
    'body.degrade.6',
  ])
  expect((await house.ask('budgets')).body.items).toEqual([])
})

it('a budget for each request has no steps, and one of the file keeps its own', async () => {
  const reading = readConfig({ budgets: [{ id: 'filed', scope: 'everything', limit: '$1', window: 'day' }] })
  const house = await startControlHouse({ fileBudgets: reading.kind === 'config' ? reading.config.budgets : [] })
  const put = (id: string, json: object) => house.ask(`budgets/${id}`, { method: 'PUT', json })
  const each = await put('each', { scope: 'request', limitNano: 1, degrade: EARLY })
  expect(each.body.error.problems).toMatchObject([{ path: 'body.degrade' }])
  const filed = await put('filed', { ...WIDE, degrade: EARLY })
  expect([filed.status, filed.body.error.message]).toEqual([
    409,
    'This budget is in the configuration file: change it there.',
  ])
})

it('a ladder that refuses early refuses early in the past as well', async () => {
  const house = await startControlHouse({ store: sqliteStore(new Database(':memory:')) })
  for (let calls = 0; calls < 4; calls++) await house.call()
  const degrade = [
    { at: 0.2, step: 'cheaper-tier' },
    { at: 0.5, step: 'refuse' },
  ]
  const past = { since: 0, until: Date.now() + 1 }
  const json = { scope: 'everything', limitNano: answerCostNano * 4, window: 'lifetime', degrade, ...past }
  const { body } = await house.ask('budgets/what-if', { method: 'POST', json })
  expect(body).toMatchObject({ calls: 4, refusedCalls: 2, refusedNano: answerCostNano * 2 })
  expect(body.steps).toEqual([
    { at: 0.2, step: 'cheaper-tier', calls: 1, costNano: answerCostNano },
    { at: 0.5, step: 'refuse', calls: 2, costNano: answerCostNano * 2 },
  ])
})
