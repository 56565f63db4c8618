import { describe, expect, it, onTestFinished } from 'vitest'
import { resolveEndpoint } from '../core/body/endpoint.js'
import type { BreakerPolicy } from '../core/breaker/breaker-meter.js'
import { readConfig } from '../core/config/config.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import type { CallRecord } from '../core/cost/record.js'
import { memoryStore } from '../store/memory.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import type { Admission } from './admission.js'
import { changeBreaker } from './changed-breaker.js'
import { engineDefaults } from './desk.js'
import { createEngine } from './engine.js'

const soon = () => new Promise<void>((resolve) => setImmediate(resolve))
const HOLD = { kind: 'hold', by: 'Ada', note: null, at: 1 } as const
const HELD = {
  kind: 'refuse',
  refusal: { code: 'runguard_breaker_open', message: expect.stringContaining('held by Ada') },
}

/** A budget that pays for one call at a time: $0.02 of answer and $0.01 of prompt, of $0.05. */
function setUp(breakers: BreakerPolicy['mode'] = 'enforce') {
  const reading = readConfig({ budgets: [{ scope: 'everything', window: 'day', limit: '$0.05' }] })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  const [runtime, store, records] = [manualRuntime(), memoryStore(), [] as CallRecord[]]
  const breaker = { ...engineDefaults.breaker, mode: breakers }
  const config = { ...engineDefaults, book: loadPriceBook(priceList), breaker, waitForMoneyMs: 30_000 }
  const { budgets } = reading.config
  const engine = createEngine({ config, store, runtime, budgets, onRecord: (record) => records.push(record) })
  onTestFinished(() => engine.close())
  const admit = (session: string, text: string): Promise<Admission> => {
    const messages = [{ role: 'user', content: text.repeat(2_500) }]
    const body = Buffer.from(JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 1_000, messages }))
    const request = { body, receivedBytes: body.length, readAtTick: runtime.tick(), problem: null }
    const endpoint = resolveEndpoint('POST', '/v1/messages')
    return engine.admit({ method: 'POST', endpoint, headers: { 'x-runguard-session': session }, ...request })
  }
  /** One that runs, and one that waits for its money. */
  const wait = async () => {
    const running = await admit('other', 'a')
    if (running.kind !== 'send') throw new Error(running.refusal.message)
    running.watch.sent()
    let isOver = false
    const waiting = admit('job', 'b').finally(() => {
      isOver = true
    })
    await soon()
    expect(isOver).toBe(false)
    return { running: running.watch, waiting }
  }
  const hold = async (key: string) => (await changeBreaker(store, key, HOLD)).breaker
  const held = async () => (await store.balances({}))[0]?.held
  return { engine, runtime, store, records, wait, hold, held }
}

describe('a call that waits for money when an operator holds what it meets', () => {
  it.each(['session:job', 'model:claude-opus-5-5'])('is refused at once, and takes none: %s', async (key) => {
    const { engine, records, wait, hold, held } = setUp()
    const { running, waiting } = await wait()
    const before = await held()
    engine.heed(await hold(key))
    expect(await waiting).toMatchObject(HELD)
    expect(records).toMatchObject([{ errorCode: 'runguard_breaker_open', ending: { kind: 'not-billed' } }])
    expect(await held()).toBe(before)
    running.end('upstream-failed')
  })

  it('is refused within a second where another process is told', async () => {
    const { runtime, wait, hold } = setUp()
    const { running, waiting } = await wait()
    await hold('session:job')
    for (let looks = 0; looks < 20; looks++) {
      runtime.advance(250)
      await soon()
    }
    expect(await waiting).toMatchObject(HELD)
    running.end('upstream-failed')
  })

  it('is not sent although its money comes at that moment, and gives it back', async () => {
    const { engine, store, wait, hold, held } = setUp()
    const { running, waiting } = await wait()
    const breaker = await hold('session:job')
    const { post } = store
    store.post = async (batch) => {
      const results = await post(batch)
      if (batch.events.some(({ kind }) => kind === 'hold')) engine.heed(breaker)
      return results
    }
    running.end('upstream-failed')
    await engine.flush()
    expect(await waiting).toMatchObject(HELD)
    await engine.flush()
    expect(await held()).toBe(0)
  })

  it('goes on waiting where that is for another session', async () => {
    const { engine, wait, hold } = setUp()
    const { running, waiting } = await wait()
    engine.heed(await hold('session:other-job'))
    running.end('upstream-failed')
    await engine.flush()
    expect((await waiting).kind).toBe('send')
  })

  it('goes on waiting where breakers only observe', async () => {
    const { engine, wait, hold } = setUp('observe')
    const { running, waiting } = await wait()
    engine.heed(await hold('session:job'))
    running.end('upstream-failed')
    await engine.flush()
    expect((await waiting).kind).toBe('send')
  })
})
