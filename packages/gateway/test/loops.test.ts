import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Anthropic from '@anthropic-ai/sdk'
import { breakerKey, closedBreaker, nanoUsd, stepBreaker } from '@runguard/sdk/core'
import { type EngineConfig, engineDefaults } from '@runguard/sdk/engine'
import { postgresStore, type SessionStore, type Store, sqliteStore } from '@runguard/sdk/store'
import { type RunningSimulator, type SimulatorOptions, startSimulator } from '@runguard/simulator'
import Database from 'libsql'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startPostgres } from '../../../scripts/testing/postgres-server.js'
import { type House, startHouse } from './harness.js'

const model = 'claude-opus-5-5'
const tools: Anthropic.Tool[] = [{ name: 'Bash', input_schema: { type: 'object' } }]
const LOOPING = 'Install it. [[sim:looping Bash {"command":"npm install"}]]'

async function openSimulator(options: SimulatorOptions = {}): Promise<RunningSimulator> {
  const simulator = await startSimulator(options)
  onTestFinished(() => simulator.close())
  return simulator
}

const policies = (loops: Partial<EngineConfig['loops']>): Partial<EngineConfig> => ({
  loops: { ...engineDefaults.loops, ...loops },
})

/** An agent as anybody would write it. */
interface Agent {
  readonly messages: Anthropic.MessageParam[]
  /** Asks once, and answers the calls that the model makes. The headers of the answer, or the error. */
  step(): Promise<Headers | InstanceType<typeof Anthropic.APIError>>
  /** Steps until it is refused or done; what the answers said of a loop, and how it ended. */
  run(): Promise<{ readonly loops: (string | null)[]; readonly end: unknown }>
}

/** @param said what a person asks for, or a conversation that goes on */
function openAgent(
  house: House,
  said: string | Anthropic.MessageParam[],
  resultOf: (call: number) => string = () => 'up to date',
): Agent {
  const client = new Anthropic({
    baseURL: house.gateway.url,
    apiKey: 'sk-ant-test',
    maxRetries: 2,
    defaultHeaders: { 'x-runguard-session': 'job' },
  })
  const messages: Anthropic.MessageParam[] = typeof said === 'string' ? [{ role: 'user', content: said }] : said
  let calls = 0
  const step: Agent['step'] = async () => {
    const asked = { model, max_tokens: 1_000, tools, messages, cache_control: { type: 'ephemeral' } } as const
    try {
      const { data, response } = await client.messages.create(asked).withResponse()
      messages.push({ role: 'assistant', content: data.content })
      const called = data.content.filter(({ type }) => type === 'tool_use') as Anthropic.ToolUseBlock[]
      const results = called.map(
        ({ id }) => ({ type: 'tool_result', tool_use_id: id, content: resultOf(calls++) }) as const,
      )
      if (results.length > 0) messages.push({ role: 'user', content: results })
      return response.headers
    } catch (error) {
      if (error instanceof Anthropic.APIError) return error
      throw error
    }
  }
  const run: Agent['run'] = async () => {
    const loops: (string | null)[] = []
    for (;;) {
      const seen = await step()
      if (!(seen instanceof Headers)) return { loops, end: seen }
      loops.push(seen.get('x-runguard-loop'))
      if (messages.at(-1)?.role === 'assistant') return { loops, end: 'done' }
      if (loops.length > 30) throw new Error('nobody stopped the agent')
    }
  }
  return { messages, step, run }
}

/** What a person reads. */
function wordsOf(error: unknown): string {
  const { error: body } = error as { error?: { error?: { message?: string } } }
  return body?.error?.message ?? ''
}

const NOTICE = 'notice; rule=repeat; repeats=3'

function expectStop(end: unknown, facts: Record<string, unknown>): void {
  expect(end).toBeInstanceOf(Anthropic.APIError)
  const { status, headers, error } = end as InstanceType<typeof Anthropic.APIError>
  expect(status).toBe(402)
  expect([headers?.get('x-should-retry'), headers?.get('retry-after')]).toEqual(['false', null])
  expect(error).toMatchObject({
    error: { details: { error_code: 'runguard_loop_detected', session: 'job', ...facts } },
  })
}

describe('an agent that goes in a loop', () => {
  it('is told of at the third round and stopped at the fourth, with one request and words that help', async () => {
    const simulator = await openSimulator()
    const house = await startHouse(simulator.url)
    const { loops, end } = await openAgent(house, LOOPING).run()
    expect(loops).toEqual([null, null, null, NOTICE])
    expectStop(end, { rule: 'repeat', repeats: 4, rounds: 4, cycle: '["Bash"]' })
    expect(wordsOf(end)).toMatch(
      /Bash was called 4 times in a row with the same input\. It has cost \$0\.\d+ so far\. Send a new message/,
    )
    expect(wordsOf(end)).toContain('`runguard session resume job`')
    expect(simulator.log).toHaveLength(4)
    const records = await house.records(5)
    const billed = records.slice(0, 4).reduce((sum, { cost }) => sum + cost.nano, 0)
    expect(records.at(-1)).toMatchObject({
      ending: { reason: 'refused' },
      cost: { nano: 0 },
      loop: { action: 'stop', isEnforced: true, spent: billed },
    })
  })

  it('whose tool writes is stopped at the fifth time, whatever it answers', async () => {
    const simulator = await openSimulator()
    const house = await startHouse(simulator.url, { config: policies({ tools: { Bash: 'write' } }) })
    const words = ['one', 'two', 'three', 'four', 'five', 'six']
    const { end } = await openAgent(house, LOOPING, (call) => words[call] ?? '').run()
    expectStop(end, { repeats: 5, rounds: 5 })
    expect(simulator.log).toHaveLength(5)
  })

  it('is refused again when it asks again, and the loop becomes no longer by that', async () => {
    const simulator = await openSimulator()
    const house = await startHouse(simulator.url)
    const agent = openAgent(house, LOOPING)
    await agent.run()
    for (let tries = 0; tries < 12; tries++) expectStop(await agent.step(), { repeats: 4, rounds: 4 })
    expect(simulator.log).toHaveLength(4)
    // One stop, however often it was asked for: no breaker opens.
    expect(await house.store.listBreakers(9)).toEqual([])
  })

  it('goes on when a person writes, behind the results or after them', async () => {
    const simulator = await openSimulator()
    for (const isBehind of [true, false]) {
      const house = await startHouse(simulator.url)
      const agent = openAgent(house, LOOPING)
      await agent.run()
      const text = 'Try it another way. [[sim:say I will.]]'
      const last = agent.messages.at(-1)?.content as Anthropic.ContentBlockParam[]
      if (isBehind) last.push({ type: 'text', text })
      else agent.messages.push({ role: 'user', content: text })
      expect(await agent.run()).toEqual({ loops: [null], end: 'done' })
    }
  })

  it('goes on when an operator resumes or exempts its session, and is looked after again only in the first case', async () => {
    const simulator = await openSimulator()
    for (const isExempt of [false, true]) {
      const house = await startHouse(simulator.url)
      const agent = openAgent(house, LOOPING)
      await agent.run()
      const at = Date.now()
      await house.store.putMark({ session: 'job', resumedAt: at, isExempt, by: 'anna', at })
      const steps = []
      for (let count = 0; count < 5; count++) steps.push(await agent.step())
      expect(steps.map((seen) => seen instanceof Headers)).toEqual([true, true, true, true, isExempt])
    }
  })

  it('is only told of and recorded in observe', async () => {
    const simulator = await openSimulator()
    const house = await startHouse(simulator.url, { config: policies({ mode: 'observe' }) })
    const agent = openAgent(house, 'Do it. [[sim:tool-loop 7 Bash {"command":"npm install"}]]')
    const { loops, end } = await agent.run()
    expect([loops.length, end]).toEqual([8, 'done'])
    expect(loops[4]).toBe('stop; rule=repeat; repeats=4; observed')
    const told = (await house.records(8))[4]
    expect(told?.loop).toMatchObject({ action: 'stop', isEnforced: false, rounds: 4 })
    expect(told?.refusal).toMatchObject({ code: 'runguard_loop_detected', isEnforced: false })
  })

  it('first goes on with a cheaper model where that is asked for, and is then stopped', async () => {
    const simulator = await openSimulator()
    const house = await startHouse(simulator.url, { config: policies({ onStop: 'downgrade-first' }) })
    const { loops, end } = await openAgent(house, LOOPING).run()
    expect(loops.slice(3)).toEqual([NOTICE, 'downgrade; rule=repeat; repeats=4', 'downgrade; rule=repeat; repeats=5'])
    expectStop(end, { rounds: 6 })
    const served = simulator.log.map((entry) => entry.model)
    expect(served).toEqual([...Array(4).fill(model), 'claude-sonnet-5-5', 'claude-sonnet-5-5'])
  })
})

describe('an agent that is nudged', () => {
  it('reads the text where it was put in every later request, and loses nothing of its cache', async () => {
    const seen: string[] = []
    const order = { kind: 'tool', name: 'Bash', input: { command: 'npm install' } } as const
    const simulator = await openSimulator({
      script: ({ turns }, { round }) => {
        seen.push(JSON.stringify(turns))
        return { parts: [round < 3 ? order : { ...order, input: { command: `look ${'x'.repeat(round)}` } }] }
      },
    })
    const house = await startHouse(simulator.url, { config: policies({ nudge: true }) })
    const agent = openAgent(house, `Install it. ${'And be careful. '.repeat(1_500)}`)
    const headers = []
    for (let count = 0; count < 7; count++) headers.push(((await agent.step()) as Headers).get('x-runguard-loop'))
    expect(headers).toEqual([null, null, null, 'nudge; rule=repeat; repeats=3', null, null, null])
    expect(seen.map((turns) => turns.split('RunGuard noticed that Bash was called 3 times').length - 1)).toEqual([
      0, 0, 0, 1, 1, 1, 1,
    ])
    expect(seen[6]?.startsWith(seen[3]?.slice(0, -1) ?? 'nothing')).toBe(true)
    await simulator.idle()
    const usages = simulator.log.map(({ usage }) => usage)
    for (const [index, usage] of usages.slice(1).entries()) {
      const before = usages[index]
      const cached = (before?.cache_read_input_tokens ?? 0) + (before?.cache_creation_input_tokens ?? 0)
      expect(usage?.cache_read_input_tokens).toBe(cached)
    }
  })
})

const spending = (dollars: number): Partial<EngineConfig> => ({
  breaker: {
    ...engineDefaults.breaker,
    limits: {
      ...engineDefaults.breaker.limits,
      model: { spendPerMinute: nanoUsd(dollars * 1e9), errors: null, loopStops: null },
    },
  },
})

const once = async (house: House, words: string): Promise<Headers | Error> => openAgent(house, words).step()

describe('a breaker', () => {
  it('opens when a model spends too fast: one request, 402, and when to come again', async () => {
    const simulator = await openSimulator()
    const house = await startHouse(simulator.url, { config: spending(0.01) })
    await once(house, '[[sim:text 1000]]')
    const end = (await once(house, 'And now?')) as InstanceType<typeof Anthropic.APIError>
    expect([end.status, end.headers?.get('x-should-retry')]).toEqual([402, 'false'])
    expect(Number(end.headers?.get('retry-after'))).toBeGreaterThan(50)
    expect(wordsOf(end)).toMatch(
      /stopped model "claude-opus-5-5": \$0\.02\S* were spent in a minute, \$0\.01\S* are allowed/,
    )
    expect(simulator.log).toHaveLength(1)
  })

  it('opens when the API says that a spend limit is reached, and not when it throttles', async () => {
    const simulator = await openSimulator()
    const throttled = await startHouse(simulator.url)
    await once(throttled, '[[sim:fault 429]]')
    expect(await once(throttled, 'And now?')).toBeInstanceOf(Headers)
    const limited = await startHouse(simulator.url)
    await once(limited, '[[sim:fault {"kind":"status","status":429,"errorCode":"enforced_spend_limit_reached"}]]')
    await expect.poll(() => limited.store.listBreakers(1)).toHaveLength(1)
    expect(await once(limited, 'And now?')).toMatchObject({
      status: 402,
      message: expect.stringContaining('a spend limit of the API account is reached (enforced_spend_limit_reached)'),
    })
  })
})

type HouseStore = Store & SessionStore

interface SharedStore {
  readonly name: string
  /** Opens it twice, as two gateways would. */
  open(): Promise<readonly HouseStore[]>
}

const sharedStores: readonly SharedStore[] = [
  {
    name: 'a SQLite file',
    open: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'runguard-loops-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      return [1, 2].map(() => sqliteStore(new Database(join(folder, 'runguard.db'))))
    },
  },
  {
    name: 'a PostgreSQL server',
    open: async () => {
      const server = await startPostgres()
      onTestFinished(() => server.stop())
      const connectionString = await server.schemaUrl('loops')
      const openPool = (): pg.Pool => new pg.Pool({ connectionString }).on('error', () => {})
      return Promise.all([openPool(), openPool()].map((pool) => postgresStore(pool)))
    },
  },
]

describe.each(sharedStores)('two gateways on $name', ({ open }) => {
  it('stop an agent that takes turns between them, share a breaker, and follow an operator', async () => {
    const stores = await open()
    onTestFinished(async () => {
      for (const store of stores) await store.close()
    })
    const simulator = await openSimulator()
    const start = (store: HouseStore) => startHouse(simulator.url, { store, config: spending(0.02) })
    const [one, other] = (await Promise.all(stores.map(start))) as [House, House]
    const agent = openAgent(one, LOOPING)
    const moved = openAgent(other, agent.messages)
    for (let turns = 0; turns < 2; turns++) for (const each of [agent, moved]) await each.step()
    expectStop((await agent.run()).end, { rounds: 4 })
    expect(await one.store.listSessions(9)).toMatchObject([{ session: 'job', isLooping: true }])

    await once(one, '[[sim:text 1000]]')
    await expect.poll(() => other.store.listBreakers(1)).toHaveLength(1)
    await expect.poll(() => once(other, 'hi'), { timeout: 5_000, interval: 250 }).toMatchObject({ status: 402 })
    const key = breakerKey('model', model)
    const [opened = closedBreaker(key)] = await other.store.readBreakers([key])
    expect(await other.store.changeBreaker(stepBreaker(opened, { kind: 'release', at: Date.now() }))).toBe(true)
    for (const house of [one, other]) {
      await expect.poll(() => once(house, 'hi'), { timeout: 5_000, interval: 250 }).toBeInstanceOf(Headers)
    }
  }, 60_000)
})
