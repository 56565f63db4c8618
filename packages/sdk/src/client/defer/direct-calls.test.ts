import type Anthropic from '@anthropic-ai/sdk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asking, type ClientStage, openStage, rejection } from '../../../test/client-stage.js'
import { parseUsd } from '../../core/cost/money.js'
import { systemRuntime } from '../../engine/runtime.js'
import type { BudgetInput, DeferOptions } from '../index.js'
import { BudgetExceededError } from '../index.js'

let stage: ClientStage
beforeEach(async () => {
  stage = await openStage({ batchMs: 0 })
})
afterEach(() => stage.close())

const opus = 'claude-opus-5-5'
/** So small a limit that the first answer reaches the step. */
const BUDGET: BudgetInput = {
  scope: 'everything',
  window: 'day',
  limit: '$1',
  degrade: [{ at: 0.000001, step: 'defer' }],
}
const options: DeferOptions = { within: '6h', when: 'degraded', on: { user: 'alice' } }

/** What is scheduled comes at once: no test waits for a minute. */
function hasty() {
  const runtime = systemRuntime()
  return {
    ...runtime,
    schedule: (delayMs: number, task: () => void) => runtime.schedule(Math.min(delayMs, 5), task),
  }
}

function openProgram(budgets: readonly BudgetInput[] = [BUDGET]) {
  const client = stage.client()
  const guard = stage.guard({ client, runtime: hasty(), defer: { flushAfter: '5ms' }, budgets })
  const defer = (content: string, more: Partial<DeferOptions> = {}) =>
    guard.defer<Anthropic.Message>(asking(content), { ...options, ...more })
  return { guard, client, defer }
}
const billedItems = () =>
  stage.simulator.log.filter(({ isBilled }) => isBilled).map(({ batchItem }) => batchItem !== null)

describe("guard.defer with when: 'degraded'", () => {
  it('sends at once while the budget is fine, and in a batch at half price when it runs low', async () => {
    const { guard, defer } = openProgram()
    const direct = await defer('first')
    expect(await direct.result()).toMatchObject({ type: 'message', model: opus })
    expect(await direct.status()).toMatchObject({ state: 'ended', outcome: 'succeeded' })
    await guard.flush()
    const waiting = await defer('second')
    expect(await waiting.result()).toMatchObject({ type: 'message', model: opus })
    expect(billedItems()).toEqual([false, true])
    await guard.flush()
    const [first, second] = stage.records
    expect([first?.scope.user, second?.scope.user]).toEqual(['alice', 'alice'])
    expect(first?.degraded).toEqual([])
    expect(second?.degraded).toMatchObject([{ kind: 'defer', change: 'at once → in a batch' }])
    expect(second?.cost.nano).toBeLessThan((first?.cost.nano ?? 0) * 0.6)
  })

  it('says in the record why a call that may wait went at once', async () => {
    const { guard, client, defer } = openProgram()
    await (await defer('first')).result()
    await guard.flush()
    await (await defer('second', { within: '10m' })).result()
    await guard.wrap(client).messages.create(asking('third'), { headers: { 'x-runguard-may-wait': '6h' } })
    await guard.wrap(client).messages.create(asking('fourth'))
    expect(stage.records.slice(1).map(({ degraded }) => degraded?.map(({ why }) => why))).toEqual([
      ['it may not wait long enough for a batch'],
      ['whoever sent it waits for its answer'],
      ['nobody said that it may wait'],
    ])
  })

  it('keeps nothing of a call that went at once, which this process knows by its id as long as it runs', async () => {
    const { guard, defer } = openProgram()
    const call = await defer('[[sim:first-byte 50]] first', { id: 'report-7' })
    expect(await defer('[[sim:first-byte 50]] first', { id: 'report-7' })).toBe(call)
    expect(guard.deferred('report-7')).toBe(call)
    expect(await call.status()).toMatchObject({ state: 'direct', outcome: null })
    await expect(defer('other', { id: 'report-7' })).rejects.toThrow(/Another request with this id/)
    const otherBetas = defer('[[sim:first-byte 50]] first', { id: 'report-7', betas: ['files-api-2025-04-14'] })
    await expect(otherBetas).rejects.toThrow(/Another request with this id/)
    await call.result()
    await guard.flush()
    expect(stage.simulator.log).toHaveLength(1)
    await expect(guard.deferred('report-7').result()).rejects.toMatchObject({ outcome: 'unknown' })
  })

  it('tells failures as those of calls that wait', async () => {
    const { guard, defer } = openProgram([])
    const failing = await guard.defer({ ...asking('x'), model: 'claude-none' }, options)
    await expect(failing.result()).rejects.toMatchObject({ outcome: 'failed', type: 'not_found_error' })
    const slow = await defer('[[sim:first-byte 5000]] x')
    expect(await slow.cancel()).toBe(true)
    expect(await slow.cancel()).toBe(false)
    await expect(slow.result()).rejects.toMatchObject({ outcome: 'canceled', id: slow.id })
    const patient = await defer('[[sim:first-byte 50]] x')
    const signal = AbortSignal.abort(new Error('no time'))
    await expect(patient.result({ signal })).rejects.toThrow('no time')
    expect(await patient.result()).toMatchObject({ type: 'message' })
  })

  it('is refused where the budget is used up', async () => {
    const { defer } = openProgram([{ ...BUDGET, limit: 1e-9, degrade: [{ at: 1, step: 'defer' }] }])
    const call = await defer('x')
    expect(await rejection(call.result())).toBeInstanceOf(BudgetExceededError)
    expect(stage.records[0]?.cost.nano).toBe(parseUsd(0))
  })

  it('says what makes no sense', async () => {
    const { guard, defer } = openProgram()
    await expect(defer('x', { when: 'cheap' as never })).rejects.toThrow(/'always' or 'degraded'/)
    await expect(guard.defer(null as never, options)).rejects.toThrow('the params of defer are an object, not null')
    await expect(guard.defer({ ...asking('x'), messages: 'x' } as never, options)).rejects.toThrow('messages is a list')
    const stream = { ...asking('x'), stream: true }
    await expect(guard.defer(stream as never, options)).rejects.toThrow(/cannot be a stream/)
  })
})
