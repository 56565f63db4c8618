import { type CallRecord, loadPriceBook, nobody, priceList, readConfig } from '@runguard/sdk/core'
import { type EngineConfig, engineDefaults, systemRuntime } from '@runguard/sdk/engine'
import { memoryStore, type Store } from '@runguard/sdk/store'
import { startSimulator } from '@runguard/simulator'
import { expect, onTestFinished, test } from 'vitest'
import { billedRecord } from '../../test/records.js'
import { type ApiClient, createApiClient } from '../demo/api-client.js'
import { sessionOf, traffic, writtenBudgets } from '../demo/traffic.js'
import { openGateway } from '../operations/running-gateway.js'
import type { PastCall, ReplayedCall } from './past-call.js'
import { pastOfRecords } from './past-records.js'
import { playCalls } from './player.js'

const book = loadPriceBook(priceList)

function readPolicy(written: unknown) {
  const reading = readConfig(written)
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  const { budgets, ...settings } = reading.config
  const config: EngineConfig = { ...engineDefaults, ...settings, book, waitForMoneyMs: 50 }
  return { budgets, config }
}

/** Lets a second pass, so that nothing of the calls before is still being written. */
type Pause = () => Promise<void>

/** Lets clients call a simulated API through a gateway, and gives what was recorded. */
async function record(written: unknown, act: (url: string, pause: Pause) => Promise<void>): Promise<Store> {
  const { budgets, config } = readPolicy(written)
  const system = systemRuntime()
  let passedMs = 0
  const simulator = await startSimulator()
  onTestFinished(() => simulator.close())
  const store = memoryStore()
  const gateway = await openGateway({
    store,
    upstream: simulator.url,
    host: '127.0.0.1',
    port: 0,
    version: '0',
    runtime: { ...system, now: () => system.now() + passedMs, tick: () => system.tick() + passedMs },
    config,
    budgets,
    onRecord: () => {},
  })
  await act(gateway.url, async () => {
    await gateway.flush()
    passedMs += 1_000
  })
  await gateway.close(0)
  return store
}

async function replay(store: Store, written: unknown): Promise<ReplayedCall[]> {
  const { budgets, config } = readPolicy(written)
  const played: ReplayedCall[] = []
  const calls = pastOfRecords(store, { since: 0, until: Number.MAX_SAFE_INTEGER }, () => {})
  await playCalls(calls, {
    config: { ...config, caching: { mode: 'off', ttl: null } },
    budgets,
    hasContent: false,
    onCall: (call) => played.push(call),
    onStopped: () => {},
  })
  return played
}

/** What was decided about a call, and what it cost. */
function decisionsOf({ ending, errorCode, route, degraded, hold, cost, loop, isStream }: CallRecord) {
  return {
    ending,
    errorCode,
    model: route?.isApplied === true ? route.model : null,
    reason: route?.reason ?? null,
    changes: degraded?.map(({ kind, change }) => `${kind} ${change}`) ?? [],
    loop: loop === null || loop === undefined ? null : `${loop.action} ${loop.isEnforced}`,
    // How much a stream held in the end depends on the moments at which it asked.
    hold: hold === null ? null : { budget: hold.budget, clampedTo: hold.clampedTo, nano: isStream ? null : hold.nano },
    nano: cost.nano,
  }
}

function expectSameDecisions(played: readonly ReplayedCall[]): void {
  const pairs = played.map((call) => {
    if (call.kind === 'not-made' || call.past.record === null) throw new Error(`${call.past.id} was not played`)
    return { before: decisionsOf(call.past.record), now: decisionsOf(call.record) }
  })
  expect(pairs.map(({ now }) => now)).toEqual(pairs.map(({ before }) => before))
}

test('a replay of the demo with its own budgets decides as it was decided then, to the nano-dollar', async () => {
  const policy = { budgets: writtenBudgets }
  const store = await record(policy, async (url, pause) => {
    for (const [index, step] of traffic.entries()) {
      await step.run(createApiClient(url, sessionOf(index)))
      await pause()
    }
  })
  const played = await replay(store, policy)
  expect(played.length).toBeGreaterThan(15)
  expectSameDecisions(played)
  const endings = played.flatMap((call) => (call.kind === 'judged' ? [call.record.ending.reason] : []))
  expect(endings).toEqual(expect.arrayContaining(['complete', 'budget-cut', 'caller-aborted', 'error-status']))
})

const messages = (text: string) => [{ role: 'user' as const, content: text }]

/** Sends, and takes a refusal as it comes. */
async function sendAnyway(client: ApiClient, model: string, text: string, maxTokens = 1_000): Promise<void> {
  await client.send({ model, max_tokens: maxTokens, messages: messages(text) }).catch(() => {})
}

const routed = {
  budgets: [
    {
      scope: 'everything',
      limit: '$0.05',
      window: 'day',
      degrade: [
        { at: '40%', step: 'cheaper-tier' },
        { at: '60%', step: 'tighter-max-tokens', maxTokens: 300 },
      ],
    },
  ],
}

test('a budget that runs low, shortens answers and then refuses does so again at the same calls', async () => {
  const store = await record(routed, async (url, pause) => {
    for (let call = 0; call < 14; call++) {
      await sendAnyway(createApiClient(url, `s${call}`), 'claude-opus-5-5', '[[sim:text 300]]', 600)
      await pause()
    }
    const client = createApiClient(url, 'last')
    for (let call = 0; call < 30; call++) {
      await sendAnyway(client, 'claude-opus-5', '[[sim:text 300]]', 4_000)
      await pause()
    }
  })
  const played = await replay(store, routed)
  expectSameDecisions(played)
  const records = played.flatMap((call) => (call.kind === 'judged' ? [call.record] : []))
  expect(records.some(({ errorCode }) => errorCode === 'runguard_budget_exceeded')).toBe(true)
  expect(records.some(({ route }) => route?.isApplied === true && route.model !== 'claude-opus-5-5')).toBe(true)
})

/** An agent that reads the same file again and again. */
async function goRound(url: string): Promise<void> {
  const said: { role: 'user' | 'assistant'; content: unknown }[] = messages('Find the mistake.')
  const post = async () => {
    const body = { model: 'claude-sonnet-5-5', max_tokens: 500, messages: said }
    const headers = {
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
      'x-api-key': 'sk-ant-test',
      'x-runguard-session': 'round',
    }
    return await (await fetch(`${url}/v1/messages`, { method: 'POST', headers, body: JSON.stringify(body) })).text()
  }
  for (let round = 0; round < 8; round++) {
    await post()
    const call = { type: 'tool_use', id: `toolu_${round}`, name: 'read', input: { path: 'a.ts' } }
    said.push({ role: 'assistant', content: [call] })
    said.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'nothing' }] })
  }
}

test('a loop that was stopped is stopped again, and only told of by a policy that observes', async () => {
  const store = await record({}, goRound)
  const played = await replay(store, {})
  expectSameDecisions(played)
  const codesOf = (calls: readonly ReplayedCall[]) =>
    calls.map((call) => (call.kind === 'judged' ? call.record.errorCode : 'not-made'))
  expect(codesOf(played).slice(-2)).toEqual(['runguard_loop_detected', 'runguard_loop_detected'])
  const observed = await replay(store, { loops: { mode: 'observe' } })
  expect(codesOf(observed)).toEqual(observed.map(() => null))
})

test('calls that wait for each other wait again, and none of them is lost', async () => {
  const policy = { budgets: [{ scope: 'everything', limit: '$0.04', window: 'day' }] }
  const store = await record(policy, async (url) => {
    const clients = Array.from({ length: 12 }, (_, index) => createApiClient(url, `c${index}`))
    await Promise.all(clients.map((client) => sendAnyway(client, 'claude-opus-5-5', '[[sim:text 200]]', 400)))
  })
  const played = await replay(store, policy)
  expect(played).toHaveLength(12)
  const spent = played.reduce((sum, call) => sum + (call.kind === 'judged' ? call.record.cost.nano : 0), 0)
  expect(spent).toBeLessThanOrEqual(40_000_000)
  const recordsOf = (calls: readonly ReplayedCall[]) => calls.map((call) => call.kind === 'judged' && call.record)
  expect(recordsOf(await replay(store, policy))).toEqual(recordsOf(played))
})

test('a call is on the account of then: of its gateway key and team, of which no header speaks', async () => {
  const scope = { ...nobody, team: 'web', key: 'rgk_ci', user: 'ada', project: 'shop', tags: ['a b', 'c'] }
  const store = memoryStore()
  const calls = [1, 2, 3].map((call) =>
    billedRecord({ output: 500 }, { id: `rg_${call}`, startedAt: Date.UTC(2026, 10, 26, call), scope }),
  )
  await store.post({ events: [], records: calls })
  for (const written of ['team:web', 'key:rgk_ci', 'team:*', 'user:ada', 'project:shop', 'tag:a b', 'tag:c']) {
    const played = await replay(store, { budgets: [{ scope: written, limit: '$0.00001', window: 'day' }] })
    expect([written, ...played.map((call) => call.kind === 'judged' && call.record.errorCode)]).toEqual([
      written,
      ...calls.map(() => 'runguard_budget_exceeded'),
    ])
    expect(played.map((call) => call.kind === 'judged' && call.record.scope)).toEqual([scope, scope, scope])
  }
})

test('once a run is refused that went on then, its next calls are not made until a person writes', async () => {
  const store = await record({}, async (url) => {
    const client = createApiClient(url, 'long')
    for (const step of traffic.slice(3, 4)) await step.run(client)
    await sendAnyway(client, 'claude-haiku-5-5', 'And now?')
  })
  const played = await replay(store, { budgets: [{ scope: 'session:*', limit: '$0.03' }] })
  const kinds = played.map((call) => (call.kind === 'judged' ? call.record.ending.reason : call.kind))
  const stoppedAt = kinds.indexOf('refused')
  expect(stoppedAt).toBeGreaterThan(0)
  expect(kinds.slice(stoppedAt + 1, -1).every((kind) => kind === 'not-made')).toBe(true)
  expect(kinds.at(-1)).not.toBe('not-made')
})

test('calls that come from nowhere and cost nothing do not stop a replay', async () => {
  const empty: PastCall[] = []
  const { budgets, config } = readPolicy({})
  const accounts = await playCalls(empty, { config, budgets, hasContent: false, onCall: () => {}, onStopped: () => {} })
  expect(accounts).toEqual([])
})
