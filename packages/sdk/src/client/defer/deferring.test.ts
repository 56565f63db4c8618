import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Anthropic from '@anthropic-ai/sdk'
import { auditBills, type RunningSimulator, startSimulator } from '@runguard/simulator'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { systemRuntime } from '../../engine/runtime.js'
import { createGuard } from '../guard.js'
import { sqliteStore } from '../sqlite.js'
import { DeferredCallError } from './defer-errors.js'

let simulator: RunningSimulator
beforeEach(async () => {
  simulator = await startSimulator({ batchMs: 0 })
  onTestFinished(() => simulator.close())
})

const clientOf = () => new Anthropic({ baseURL: simulator.url, apiKey: 'sk-ant-test', maxRetries: 0 })

/** What is scheduled comes at once: no test waits for a minute. */
const hasty = () => {
  const runtime = systemRuntime()
  const schedule = (delayMs: number, task: () => void) => runtime.schedule(Math.min(delayMs, 5), task)
  return { ...runtime, schedule }
}

const params = (content: string) => ({
  model: 'claude-haiku-5-5',
  max_tokens: 50,
  messages: [{ role: 'user' as const, content }],
})

function guardOf(options: Parameters<typeof createGuard>[0] = {}) {
  const defer = { flushAfter: '5ms' }
  const guard = createGuard({ client: clientOf(), runtime: hasty(), defer, ...options })
  onTestFinished(() => guard.close())
  return guard
}

const textOf = (message: Anthropic.Message): string =>
  message.content[0]?.type === 'text' ? message.content[0].text : ''

describe('guard.defer', () => {
  it('gives the answers of a batch, at half price, on the account that was named', async () => {
    const guard = guardOf({ budgets: [{ scope: 'user:*', window: 'day', limit: '$1' }] })
    const options = { within: '6h', on: { user: 'alice', id: 'nightly' } }
    const calls = await Promise.all(['one', 'two'].map((each) => guard.defer<Anthropic.Message>(params(each), options)))
    const answers = await Promise.all(calls.map((call) => call.result()))
    expect(answers.map(textOf)).toEqual(['You said: one', 'You said: two'])
    const [row] = await guard.report({ groupBy: 'session' })
    expect(row).toMatchObject({ group: 'nightly', calls: 2, costNano: Number(auditBills(simulator.log).total) })
    expect(simulator.log.filter(({ isBilled }) => isBilled).every(({ batchItem }) => batchItem !== null)).toBe(true)
    expect(await calls[0]?.status()).toMatchObject({ state: 'ended', outcome: 'succeeded' })
  })

  it('goes on in another process on the same file, by the id alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'runguard-defer-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'store.db')
    const first = sqliteStore(path)
    const submitting = createGuard({ client: clientOf(), store: first })
    const { id } = await submitting.defer(params('later'), { within: '1d' })
    await submitting.close()
    await first.close()
    const second = sqliteStore(path)
    onTestFinished(() => second.close())
    const message = await guardOf({ store: second }).deferred<Anthropic.Message>(id).result()
    expect(textOf(message)).toBe('You said: later')
  })

  it('is sent once however often it is deferred with the same id', async () => {
    const guard = guardOf()
    const calls = await Promise.all([1, 2, 3].map(() => guard.defer(params('x'), { within: '6h', id: 'report-7' })))
    await Promise.all(calls.map((call) => call.result()))
    expect(simulator.log.filter(({ isBilled }) => isBilled)).toHaveLength(1)
  })

  it('tells a call that failed, was given up or is not known by an error', async () => {
    const guard = guardOf()
    const failing = await guard.defer({ ...params('x'), model: 'claude-none' }, { within: '6h' })
    await expect(failing.result()).rejects.toMatchObject({ outcome: 'failed', type: 'not_found_error' })
    const quiet = createGuard({ client: clientOf() })
    onTestFinished(() => quiet.close())
    const canceled = await quiet.defer(params('x'), { within: '6h' })
    expect(await canceled.cancel()).toBe(true)
    await expect(canceled.result()).rejects.toMatchObject({ outcome: 'canceled', id: canceled.id })
    await expect(guard.deferred('nobody').result()).rejects.toBeInstanceOf(DeferredCallError)
    const patient = await quiet.defer(params('x'), { within: '6h' })
    await expect(patient.result({ signal: AbortSignal.abort(new Error('no time')) })).rejects.toThrow('no time')
  })

  it('is refused as every call is, and keeps nothing', async () => {
    const guard = guardOf({ budgets: [{ scope: 'everything', window: 'day', limit: '$0.00000001' }] })
    const refused = guard.defer(params('x'), { within: '6h' })
    await expect(refused).rejects.toMatchObject({ name: 'BudgetExceededError' })
    await expect(refused).rejects.toThrow(/at batch prices/)
  })

  it('ends the waiting of a guard that is closed, and takes no more calls', async () => {
    const guard = createGuard({ client: clientOf() })
    const call = await guard.defer(params('x'), { within: '6h' })
    const waiting = call.result()
    await guard.close()
    await expect(waiting).rejects.toThrow(/is closed/)
    await expect(guard.defer(params('x'), { within: '6h' })).rejects.toThrow(/is closed/)
    await expect(guard.defer(params('x'), { within: '6h', when: 'degraded' })).rejects.toThrow(/is closed/)
  })

  it('says what is missing or makes no sense', async () => {
    const without = createGuard()
    await expect(without.defer(params('x'), { within: '6h' })).rejects.toThrow(/createGuard\(\{ client/)
    const guard = guardOf()
    await expect(guard.defer(params('x'), { within: 'soon' })).rejects.toThrow(/'1m' to '7d'/)
    await expect(guard.defer(params('x'), { within: '6h', id: 'a b' })).rejects.toThrow(/1 to 64/)
    expect(() => createGuard({ client: {} })).toThrow(/client of @anthropic-ai/)
    await without.close()
  })
})
