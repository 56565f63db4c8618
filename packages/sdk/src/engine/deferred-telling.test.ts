import { expect, it } from 'vitest'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import { memoryStore } from '../store/memory.js'
import { sampleRecord } from '../testing/sample-record.js'
import type { TellEnd } from './deferred-telling.js'
import { engineDefaults } from './desk.js'
import { createEngine } from './engine.js'
import { systemRuntime } from './runtime.js'

/** A queue with calls that were given up, and whose ends are to be told to these receivers. */
async function openEnded(receivers: readonly string[], tell: TellEnd) {
  const store = memoryStore()
  let tick = 0
  const runtime = { ...systemRuntime(), tick: () => tick, schedule: () => () => {} }
  const config = { ...engineDefaults, book: loadPriceBook(priceList) }
  const engine = createEngine({ config, store, runtime, tellDeferred: tell })
  const body = new TextEncoder().encode('{"model":"claude-haiku-5-5","max_tokens":5,"messages":[]}')
  for (const [index, webhook] of receivers.entries()) {
    const id = `job-${String(index).padStart(4, '0')}`
    const place = { account: 'acc', owner: 'own', scope: sampleRecord().scope, client: null, headers: {} }
    await engine.deferred.submit({ draft: { ...place, id, body, withinMs: 3_600_000, webhook }, headers: {} })
    await engine.deferred.cancel(id)
  }
  const pass = (ms: number): void => {
    tick += ms
  }
  return { engine, store, pass }
}

it('who asked to be told is told until it has heard, and no more', async () => {
  const told: (string | null)[] = []
  const { engine } = await openEnded(['https://hooks.test/'], async ({ job, answer }) => {
    told.push(`${job.id} ${job.outcome} ${answer?.slice(0, 6)}`)
    return told.length > 1
  })
  for (let round = 0; round < 4; round++) await engine.deferred.round()
  expect(told).toEqual(Array(2).fill('job-0000 canceled {"type'))
})

const dead = (count: number): string[] => Array(count).fill('https://dead.test/x')

it('a receiver that does not hear is asked a few times at once at most, and does not keep others from being told', async () => {
  const asked: string[] = []
  const { engine, store } = await openEnded([...dead(300), 'https://well.test/x'], async ({ job }) => {
    asked.push(job.webhook ?? '')
    return job.webhook !== 'https://dead.test/x'
  })
  await engine.deferred.round()
  expect(asked).toContain('https://well.test/x')
  expect(asked.length).toBeLessThanOrEqual(10)
  expect(await store.listUntold(1_000)).toHaveLength(300)
})

it('receivers that are slow do not hold up the calls that wait: the rest is told later', async () => {
  let told = 0
  const { engine, pass } = await openEnded(
    Array.from({ length: 40 }, (_, index) => `https://slow-${index}.test/`),
    async () => {
      told += 1
      pass(2_000)
      return true
    },
  )
  await engine.deferred.round()
  expect(told).toBeGreaterThan(0)
  expect(told).toBeLessThan(16)
  for (let round = 0; round < 8; round++) await engine.deferred.round()
  expect(told).toBe(40)
})
