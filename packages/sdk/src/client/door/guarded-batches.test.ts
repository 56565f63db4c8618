import { auditBills, virtualClock } from '@runguard/simulator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asking, type ClientStage, openStage, rejection } from '../../../test/client-stage.js'
import { systemRuntime } from '../../engine/runtime.js'
import { openBatches } from '../batch/batches.js'
import { memoryStore } from '../index.js'

let stage: ClientStage

beforeEach(async () => {
  stage = await openStage()
})

afterEach(() => stage.close())

const prompts = (count: number, words = 'hello') =>
  Array.from({ length: count }, (_, index) => ({ custom_id: `item ${index}`, params: asking(`${words} ${index}`) }))

const billed = (): number => Number(auditBills(stage.simulator.log).total)

describe('batches of a guarded client', () => {
  it('are on the account of the session that submits them, whoever reads the results', async () => {
    const store = memoryStore()
    const guard = stage.guard({ store, budgets: [{ scope: 'session:*', limit: '$5' }] })
    const job = await openBatches({ client: guard.session({ id: 'nightly' }).wrap(stage.client()) }).submit(prompts(12))
    stage.simulator.finishBatches()
    const bill = await openBatches({ client: guard.wrap(stage.client()) })
      .open(job.id)
      .bill()
    await guard.flush()
    expect(bill.nano).toBe(billed())
    expect(await store.balances({})).toMatchObject([{ scope: 'session:nightly', spent: billed(), held: 0 }])
    expect(await guard.report({ groupBy: 'session' })).toMatchObject([
      { group: 'nightly', calls: 14, costNano: billed() },
      {},
    ])
    expect(await store.verify()).toEqual([])
  })

  it('are settled although nobody reads their results, by the client that they were created with', async () => {
    await stage.close()
    const clock = virtualClock()
    stage = await openStage({ clock })
    const scheduled: (() => void)[] = []
    const schedule = (_: number, task: () => void) => {
      scheduled.push(task)
      return () => {}
    }
    const runtime = { ...systemRuntime(), now: () => clock.now(), tick: () => clock.now(), schedule }
    const store = memoryStore()
    const guard = stage.guard({ store, runtime, budgets: [{ scope: 'everything', limit: '$5', window: 'month' }] })
    const requests = [{ custom_id: 'a', params: asking('a') }]
    await guard.wrap(stage.client()).messages.batches.create({ requests })
    await guard.flush()
    stage.simulator.finishBatches()
    while ((await store.listUnsettledBatches(1)).length > 0) {
      await clock.advance(60_000)
      for (const task of scheduled.splice(0)) task()
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await guard.flush()
    expect(billed()).toBeGreaterThan(0)
    expect(await store.balances({})).toMatchObject([{ spent: billed(), held: 0 }])
  })

  it('are refused with an exception of ours before they are created', async () => {
    const guard = stage.guard({ budgets: [{ scope: 'everything', limit: '$0.05', window: 'day' }] })
    const batches = openBatches({ client: guard.wrap(stage.client()) })
    const error = await rejection(batches.submit(prompts(1_000)))
    expect(error).toMatchObject({ name: 'BudgetExceededError', limitUsd: 0.05, details: { items: 1_000 } })
    expect(stage.simulator.log.filter(({ method }) => method === 'POST')).toHaveLength(0)
  })

  it('are held for in whatever script they are written, and wherever a long text is cut', async () => {
    const store = memoryStore()
    const guard = stage.guard({ store, budgets: [{ scope: 'everything', limit: '$500', window: 'day' }] })
    const job = await openBatches({ client: guard.wrap(stage.client()) }).submit(prompts(3, '🙂ü漢'.repeat(150_000)))
    await guard.flush()
    const [account] = await store.balances({})
    stage.simulator.finishBatches()
    const bill = await job.bill()
    expect(account?.held).toBeGreaterThan(bill.nano)
    await guard.flush()
    expect(await store.balances({})).toMatchObject([{ spent: billed(), held: 0 }])
  })
})
