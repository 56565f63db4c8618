import { auditBills, type RunningSimulator, startSimulator, type VirtualClock, virtualClock } from '@runguard/simulator'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { sendToSimulator } from '../../test/simulator-sender.js'
import { resolveEndpoint } from '../core/body/endpoint.js'
import { readConfig } from '../core/config/config.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import { memoryStore } from '../store/memory.js'
import { engineDefaults } from './desk.js'
import { createEngine } from './engine.js'
import { systemRuntime } from './runtime.js'

const MINUTE_MS = 60_000

let clock: VirtualClock
let simulator: RunningSimulator
beforeEach(async () => {
  clock = virtualClock()
  simulator = await startSimulator({ clock, batchMs: 20 * MINUTE_MS })
  onTestFinished(() => simulator.close())
})

const send = sendToSimulator(() => simulator.url)

function open() {
  const store = memoryStore()
  const runtime = { ...systemRuntime(), now: () => clock.now(), tick: () => clock.now(), schedule: () => () => {} }
  const config = { ...engineDefaults, book: loadPriceBook(priceList) }
  const reading = readConfig({ budgets: [{ scope: 'everything', window: 'month', limit: '$1' }] })
  if (reading.kind === 'problems') throw new Error('the budget of the test is none')
  const engine = createEngine({ config, store, runtime, budgets: reading.config.budgets })
  engine.deferred.lend('acc', send)
  const requests = ['a', 'b'].map((id) => {
    const params = { model: 'claude-haiku-5-5', max_tokens: 50, messages: [{ role: 'user', content: id }] }
    return { custom_id: id, params }
  })
  const body = new TextEncoder().encode(JSON.stringify({ requests }))
  const headers = { 'anthropic-version': '2023-06-01', 'content-type': 'application/json' }
  /** As a door does. @param isAnswered false if the answer is lost; null if the request was lost too */
  const create = async (isAnswered: boolean | null = true): Promise<void> => {
    const admission = await engine.admit({
      ...{ method: 'POST', endpoint: resolveEndpoint('POST', '/v1/messages/batches'), headers, body, problem: null },
      ...{ receivedBytes: body.length, readAtTick: clock.now(), credential: 'acc' },
    })
    if (admission.kind === 'refuse') throw new Error(admission.refusal.message)
    const { watch } = admission
    watch.sent()
    if (isAnswered === null) return void watch.end('upstream-failed')
    const answer = await send({ method: 'POST', path: '/v1/messages/batches', headers, body })
    if (answer.kind === 'lost' || !isAnswered) return void watch.end('upstream-failed')
    const guard = watch.head(answer.status, answer.headers)
    for await (const piece of answer.body) guard?.pass(piece)
    watch.end('complete')
  }
  const pass = async (minutes: number): Promise<void> => {
    for (let minute = 0; minute < minutes; minute += 5) {
      await clock.advance(5 * MINUTE_MS)
      await simulator.idle()
      await engine.keep()
    }
    await engine.flush()
  }
  const balances = async () => {
    await engine.flush()
    const [account] = await store.balances({})
    return { spent: account?.spent, held: account?.held }
  }
  return { create, pass, balances, store }
}

const billed = () => Number(auditBills(simulator.log).total)

describe('a batch whose results nobody reads', () => {
  it('is settled to the nano-dollar a while after its end', async () => {
    const { create, pass, balances, store } = open()
    await create()
    await pass(20)
    expect((await balances()).held).toBeGreaterThan(0)
    await pass(20)
    expect(billed()).toBeGreaterThan(0)
    expect(await balances()).toEqual({ spent: billed(), held: 0 })
    expect(await store.listUnsettledBatches(10)).toEqual([])
    expect(await store.verify()).toEqual([])
  })

  it('is settled although the answer to its creation was lost', async () => {
    const { create, pass, balances, store } = open()
    await create(false)
    await pass(60)
    expect(await balances()).toEqual({ spent: billed(), held: 0 })
    expect(await store.listUnsettledBatches(10)).toEqual([])
  })

  it('gives its money back if it was never created', async () => {
    const { create, pass, balances, store } = open()
    await create(null)
    expect((await balances()).held).toBeGreaterThan(0)
    await pass(20)
    expect((await balances()).held).toBeGreaterThan(0)
    await pass(20)
    expect(await balances()).toEqual({ spent: 0, held: 0 })
    expect(await store.listUnsettledBatches(10)).toEqual([])
  })
})
