import Anthropic from '@anthropic-ai/sdk'
import { type RunningSimulator, startSimulator, type VirtualClock, virtualClock } from '@runguard/simulator'
import { afterEach, describe, expect, it } from 'vitest'
import { createGuard, type Guard, type GuardOptions, type GuardSession } from '../src/client/index.js'
import type { CallRecord } from '../src/core/cost/record.js'
import { type ManualRuntime, manualRuntime } from '../src/testing/manual-runtime.js'

const MINUTE = 60_000
const STEP_MS = 5_000
const words = (count: number, word: string): string => `${word} `.repeat(count)
const tools = [{ name: 'read', description: words(3_000, 'file'), input_schema: { type: 'object' as const } }]

/** A program, the API and their one time. */
class Stage {
  readonly records: CallRecord[] = []
  readonly clock: VirtualClock
  readonly runtime: ManualRuntime
  readonly simulator: RunningSimulator
  readonly guard: Guard
  readonly session: GuardSession
  readonly client: Anthropic
  readonly messages: Anthropic.MessageParam[] = []
  private readonly running = new Set<Promise<unknown>>()

  constructor(simulator: RunningSimulator, clock: VirtualClock, options: GuardOptions) {
    this.simulator = simulator
    this.clock = clock
    this.runtime = manualRuntime(clock.now())
    this.guard = createGuard({
      runtime: this.runtime,
      onRecord: (record) => this.records.push(record),
      waitForMoneyMs: 0,
      ...options,
    })
    this.session = this.guard.session({ id: 'slow' })
    const client = new Anthropic({ apiKey: 'sk-ant-test', baseURL: simulator.url, maxRetries: 0, fetch: this.track })
    this.client = this.session.wrap(client)
  }

  /** Time passes for both, and whatever it sets off is done before it goes on. */
  async wait(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      await this.clock.advance(STEP_MS)
      this.runtime.advance(STEP_MS)
      await this.settle()
    }
  }

  async ask(
    text: string,
    headers: Record<string, string> = {},
    more: Partial<Anthropic.MessageCreateParamsNonStreaming> = {},
  ): Promise<void> {
    this.messages.push({ role: 'user', content: `${text} ${words(2_000, 'more')}` })
    const asked = { model: 'claude-opus-5-5', max_tokens: 500, tools, messages: this.messages, ...more }
    const { content } = await this.client.messages.create(asked, { headers })
    this.messages.push({ role: 'assistant', content })
  }

  get pings(): readonly CallRecord[] {
    return this.records.filter(({ cache, status }) => cache?.isPing === true && status !== null)
  }

  get inputNano(): number {
    const lines = this.records.flatMap(({ cost }) => cost.lines).filter(({ item }) => item !== 'output')
    return lines.reduce((sum, { pico }) => sum + Number(pico) / 1_000, 0)
  }

  async close(): Promise<void> {
    await this.guard.close()
    await this.simulator.close()
  }

  private async settle(): Promise<void> {
    for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve))
    while (this.running.size > 0) {
      await Promise.allSettled(this.running)
      for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  private readonly track: typeof fetch = (input, init) => {
    const answer = fetch(input, init)
    this.running.add(answer)
    void answer.finally(() => this.running.delete(answer)).catch(() => {})
    return answer
  }
}

let open: Stage[] = []
afterEach(async () => {
  await Promise.all(open.map((stage) => stage.close()))
  open = []
})

async function openStage(options: GuardOptions = {}): Promise<Stage> {
  const clock = virtualClock()
  const stage = new Stage(await startSimulator({ clock }), clock, options)
  open.push(stage)
  return stage
}

async function converse(options: GuardOptions, gapMs = 7 * MINUTE, turns = 9): Promise<Stage> {
  const stage = await openStage(options)
  for (let turn = 0; turn < turns; turn++) {
    await stage.ask(`turn ${turn}`)
    if (turn < turns - 1 || turns === 1) await stage.wait(gapMs)
  }
  return stage
}

const warm = (more: object = {}): GuardOptions => ({ caching: { keepWarm: { maxPerSession: '$1', ...more } } })

describe('a conversation that pauses for some minutes', () => {
  it('costs less with its prompt kept warm, by calls that are recorded for what they are', async () => {
    const [cold, kept] = [await converse({}), await converse(warm())]
    expect(cold.pings).toHaveLength(0)
    expect(cold.records).toHaveLength(9)
    expect(kept.pings.length).toBeGreaterThanOrEqual(7)
    expect(kept.inputNano).toBeLessThan(cold.inputNano * 0.9)
    for (const { scope, usage, cost, cache, client } of kept.pings) {
      expect(scope.session).toBe('slow')
      expect(usage?.parts[0]?.output).toBe(0)
      expect(cache).toMatchObject({ isAsExpected: true, savedNano: -cost.nano })
      expect(client).toContain('keeps a prompt warm')
    }
    const all = kept.records.reduce((sum, { cost }) => sum + cost.nano, 0)
    expect(kept.session.spentUsd).toBeCloseTo(all / 1e9, 6)
  })

  it('is left alone once the next ping might cost more than is allowed for its session', async () => {
    const kept = await converse(warm({ maxPerSession: '$0.1' }))
    const spent = kept.pings.reduce((sum, { cost }) => sum + cost.nano, 0)
    expect(kept.pings.length).toBeGreaterThan(0)
    expect(spent).toBeLessThanOrEqual(0.1e9)
  })
})

describe('a conversation whose end is said otherwise in its next turn', () => {
  it('pauses in one place only', async () => {
    const stage = await openStage(warm({ maxPings: 2 }))
    await stage.ask(`hello ${words(3_000, 'there')}`)
    await stage.ask('look')
    await stage.wait(MINUTE)
    stage.messages[2] = { role: 'user', content: 'look: this was said otherwise, and at less length' }
    await stage.ask('and again')
    await stage.wait(30 * MINUTE)
    expect(stage.pings).toHaveLength(2)
  })
})

it('a prompt that its caller warms is metered as it is billed, held for as much, and read by the next call', async () => {
  const stage = await openStage({ budgets: [{ scope: 'session:*', limit: '$1' }] })
  stage.messages.push({ role: 'user', content: `hello ${words(2_000, 'there')}` })
  const asked = {
    model: 'claude-opus-5-5',
    tools,
    messages: stage.messages,
    cache_control: { type: 'ephemeral' },
  } as const
  await stage.client.messages.create({ ...asked, max_tokens: 0 })
  await stage.client.messages.create({ ...asked, max_tokens: 100 })
  const [warmed, read] = stage.records.map(({ usage }) => usage?.parts[0])
  expect(warmed).toMatchObject({ output: 0, read: 0 })
  expect(warmed?.write5m).toBeGreaterThan(4_000)
  expect(read).toMatchObject({ read: warmed?.write5m, write5m: 0 })
  const [{ ending, hold, cost } = {}] = stage.records
  expect(ending?.kind).toBe('exact')
  expect(hold?.nano).toBeGreaterThanOrEqual(cost?.nano ?? 0)
  expect(stage.session.spentUsd).toBeCloseTo(stage.records.reduce((sum, each) => sum + each.cost.nano, 0) / 1e9, 6)
})

describe('a conversation that does not go on', () => {
  it('is not kept warm for longer than should pay, nor more often than was allowed', async () => {
    const kept = await converse(warm(), 70 * MINUTE, 1)
    const few = await converse(warm({ maxPings: 1 }), 30 * MINUTE, 1)
    expect(kept.pings.length).toBeGreaterThan(0)
    expect(kept.pings.length).toBeLessThanOrEqual(11)
    expect(few.pings).toHaveLength(1)
    expect(kept.runtime.lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  it.each<readonly [string, (stage: Stage) => unknown]>([
    ['its session is over', (stage) => stage.session.presence('closed')],
    ['the guard is closed', (stage) => stage.guard.close()],
  ])('is left alone when %s', async (_, stop) => {
    const stage = await openStage(warm())
    await stage.ask('hello')
    await stop(stage)
    await stage.wait(20 * MINUTE)
    expect(stage.pings).toHaveLength(0)
  })

  it('is left alone where a budget has nothing left for it', async () => {
    const stage = await openStage({ ...warm(), budgets: [{ scope: 'session:*', limit: '$1' }] })
    await stage.ask('hello')
    stage.guard.setBudgets([{ scope: 'session:*', limit: '$0.000001' }])
    await stage.wait(20 * MINUTE)
    expect(stage.pings).toHaveLength(0)
    const refused = stage.records.slice(1).map(({ errorCode, cache }) => [errorCode, cache?.isPing, cache?.savedNano])
    expect(refused).toEqual([['runguard_budget_exceeded', true, 0]])
  })

  it('is left alone where a budget has reached the first step of its ladder', async () => {
    const degrade = [{ at: 0.000001, step: 'tighter-max-tokens' as const, maxTokens: 400 }]
    const stage = await openStage({
      ...warm(),
      budgets: [{ scope: 'everything', window: 'day', limit: '$100', degrade }],
    })
    await stage.ask('hello')
    await stage.wait(20 * MINUTE)
    expect(stage.records).toHaveLength(1)
  })

  it('is left alone where its caller wants to be told only', async () => {
    const stage = await openStage(warm())
    await stage.ask('hello', { 'x-runguard-cache': 'explain' }, { cache_control: { type: 'ephemeral' } })
    await stage.wait(20 * MINUTE)
    expect(stage.records.map(({ cache }) => cache?.mode)).toEqual(['explain'])
  })
})
