import { type CachingPolicy, type CallRecord, loadPriceBook, nanoUsd, priceList } from '@runguard/sdk/core'
import { createEngine, engineDefaults, systemRuntime } from '@runguard/sdk/engine'
import { memoryStore } from '@runguard/sdk/store'
import { manualRuntime } from '@runguard/sdk/testing'
import { startSimulator, virtualClock } from '@runguard/simulator'
import { expect, it, onTestFinished } from 'vitest'
import type { GatewayKeys } from '../src/access/gateway-keys.js'
import { startGateway } from '../src/index.js'

const BEFORE_IT_DIES_MS = 285_000

/** A gateway whose engine has the time of the simulator. */
async function openHouse(caching: CachingPolicy, keys?: GatewayKeys) {
  const clock = virtualClock()
  const simulator = await startSimulator({ clock })
  onTestFinished(() => simulator.close())
  const time = manualRuntime(clock.now())
  const records: CallRecord[] = []
  let tellRecord = (): void => {}
  const config = { ...engineDefaults, book: loadPriceBook(priceList), caching }
  const onRecord = (record: CallRecord): void => {
    records.push(record)
    tellRecord()
  }
  const engine = createEngine({ config, store: memoryStore(), runtime: time, onRecord })
  const runtime = systemRuntime()
  const gateway = await startGateway({
    engine,
    runtime,
    upstream: simulator.url,
    host: '127.0.0.1',
    port: 0,
    version: 't',
    ...(keys && { callers: { keys, upstreamKey: 'sk-ant-test' } }),
  })
  onTestFinished(() => gateway.close(0))
  const ask = async (stream: boolean): Promise<void> => {
    const response = await fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': 'sk-ant-test', 'anthropic-version': '2023-06-01', 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'claude-opus-5-5',
        max_tokens: 1_000,
        stream,
        tools: [{ name: 'read', input_schema: { type: 'object' } }],
        messages: [
          { role: 'user', content: [{ type: 'text', text: 'The house stands by the river. '.repeat(2_000) }] },
        ],
      }),
    })
    await response.text()
  }
  const wait = async (ms: number): Promise<void> => {
    // What was set off before plans what comes next.
    await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(ms)
    time.advance(ms)
  }
  const nextRecord = () => new Promise<void>((resolve) => (tellRecord = resolve))
  return { simulator, records, time, ask, wait, nextRecord }
}

it('keeps the prompt of a stream warm, with the credentials it came with, until nobody has come back', async () => {
  const keepWarm = { maxPerSession: nanoUsd(1_000_000_000), maxPings: 2 }
  const { simulator, records, time, ask, wait, nextRecord } = await openHouse({ mode: null, ttl: null, keepWarm })
  await ask(true)
  for (let pings = 0; pings < 2; pings++) {
    const isSent = nextRecord()
    await wait(BEFORE_IT_DIES_MS)
    await isSent
  }
  await wait(60 * 60_000)
  expect(simulator.log).toHaveLength(3)
  expect(records.map(({ cache, status }) => [cache?.isPing ?? false, status])).toEqual([
    [false, 200],
    [true, 200],
    [true, 200],
  ])
  const read = records[0]?.usage?.parts[0]?.write5m
  expect(read).toBeGreaterThan(4_096)
  for (const { usage } of records.slice(1)) expect(usage?.parts[0]).toMatchObject({ read, output: 0, write5m: 0 })
  expect(time.lines.filter(({ level }) => level !== 'info')).toEqual([])
})

it('sends nothing of its own unless it was told what that may cost', async () => {
  const { simulator, time, ask, wait } = await openHouse({ mode: null, ttl: null })
  await ask(false)
  await wait(BEFORE_IT_DIES_MS)
  expect(simulator.log).toHaveLength(1)
  expect(time.lines).toEqual([])
})

it('sends nothing for a caller whose key was revoked meanwhile', async () => {
  let isRevoked = false
  const refusal = { code: 'runguard_key_refused', message: 'revoked' } as const
  const keys = {
    isIn: () => false,
    resolve: async () => (isRevoked ? { kind: 'refuse', refusal } : { kind: 'none' }),
  } as unknown as GatewayKeys
  const keepWarm = { maxPerSession: nanoUsd(1_000_000_000), maxPings: 2 }
  const { simulator, ask, wait } = await openHouse({ mode: null, ttl: null, keepWarm }, keys)
  await ask(false)
  isRevoked = true
  await wait(BEFORE_IT_DIES_MS)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(simulator.log).toHaveLength(1)
})
