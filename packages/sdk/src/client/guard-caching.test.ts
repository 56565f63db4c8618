import Anthropic from '@anthropic-ai/sdk'
import { auditBills, type RunningSimulator, startSimulator, type VirtualClock, virtualClock } from '@runguard/simulator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ManualRuntime, manualRuntime } from '../testing/manual-runtime.js'
import { type CallRecord, createGuard, type Guard, type GuardOptions } from './index.js'

type Params = Anthropic.MessageCreateParamsNonStreaming
type Message = Anthropic.MessageParam

const MODEL = 'claude-haiku-5-5'
const prose = (words: number, about: string): string =>
  `${about} walks along the river and counts the boats. `.repeat(words / 9)
const tools: Anthropic.Tool[] = [
  { name: 'read', description: prose(300, 'The reader'), input_schema: { type: 'object', properties: {} } },
]
const system: Anthropic.TextBlockParam[] = [{ type: 'text', text: prose(1_800, 'Somebody') }]

let clock: VirtualClock
let runtime: ManualRuntime
let api: RunningSimulator
let records: CallRecord[]
/** Bodies as the API received them. */
let bodies: string[]
const guards: Guard[] = []

beforeEach(async () => {
  clock = virtualClock()
  runtime = manualRuntime(clock.now())
  api = await startSimulator({ clock })
  records = []
  bodies = []
})

afterEach(async () => {
  for (const guard of guards.splice(0)) await guard.close()
  await api.close()
})

async function pass(ms: number): Promise<void> {
  await clock.advance(ms)
  runtime.advance(ms)
}

const recordingFetch: typeof fetch = (url, init) => {
  bodies.push(String(init?.body))
  return fetch(url, init)
}

function clientOf(key = 'sk-ant-test'): Anthropic {
  return new Anthropic({ apiKey: key, baseURL: api.url, maxRetries: 0, fetch: recordingFetch })
}

function guardOf(options: GuardOptions = {}): Guard {
  const guard = createGuard({ runtime, onRecord: (record) => records.push(record), ...options })
  guards.push(guard)
  return guard
}

/** An agent that calls a tool in each turn but the last. */
async function runAgent(
  claude: Anthropic,
  turns: number,
  between: (turn: number) => Promise<void> = () => pass(20_000),
) {
  const messages: Message[] = [{ role: 'user', content: [{ type: 'text', text: 'Read it all.' }] }]
  for (let turn = 0; turn < turns; turn++) {
    await claude.messages.create({ model: MODEL, max_tokens: 100, tools, system, messages })
    messages.push(
      { role: 'assistant', content: [{ type: 'tool_use', id: `t${turn}`, name: 'read', input: { page: turn } }] },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: `t${turn}`, content: prose(360, `Page ${turn}`) }],
      },
    )
    await between(turn)
  }
}

const promptOf = ({ usage }: CallRecord) => {
  const { input = 0, read = 0, write5m = 0, write1h = 0 } = usage?.parts[0] ?? {}
  return { input, read, write5m, write1h }
}

describe('an agent that sets no markers', () => {
  it('costs a fraction with the guard of what it costs without, to the nano-dollar of the auditor', async () => {
    await runAgent(clientOf(), 20)
    const bare = auditBills(api.log).total
    api.reset()
    await runAgent(guardOf().wrap(clientOf()), 20)
    const { total, byRequest } = auditBills(api.log)
    expect(Number(total)).toBeLessThan(Number(bare) * 0.35)
    expect(records).toHaveLength(20)
    for (const { upstreamId, cost } of records) expect(BigInt(cost.nano)).toBe(byRequest.get(upstreamId ?? ''))
    const saved = records.reduce((sum, { cache }) => sum + (cache?.savedNano ?? 0), 0)
    expect(Math.abs(Number(bare - total) - saved)).toBeLessThanOrEqual(2 * records.length)
  })

  it('is billed as was foretold, call by call, and misses nothing', async () => {
    await runAgent(guardOf().wrap(clientOf()), 20)
    for (const { cache } of records) {
      expect(cache).toMatchObject({ mode: 'fill', ownMarkers: 0, isAsExpected: true, isShortened: false, miss: null })
    }
    expect(records.slice(1).every((record) => promptOf(record).read > 0)).toBe(true)
    // All that caching saved was the work of the guard.
    for (const { cache } of records) expect(cache?.addedNano).toBe(cache?.savedNano)
    expect(records[0]?.cache?.savedNano).toBeLessThan(0)
  })

  it('reads on after a turn of more blocks than a breakpoint looks back over', async () => {
    const claude = guardOf().wrap(clientOf())
    const messages: Message[] = [{ role: 'user', content: [{ type: 'text', text: 'Go.' }] }]
    const ask = () => claude.messages.create({ model: MODEL, max_tokens: 50, tools, system, messages })
    await ask()
    for (let at = 0; at < 30; at++) {
      messages.push({ role: at % 2 === 0 ? 'assistant' : 'user', content: [{ type: 'text', text: `Note ${at}.` }] })
    }
    messages.push({ role: 'user', content: [{ type: 'text', text: 'And now?' }] })
    await ask()
    const [first, second] = records.map(promptOf)
    expect(second?.read).toBe((first?.write1h ?? 0) + (first?.write5m ?? 0))
    expect(records[1]?.cache?.isAsExpected).toBe(true)
  })

  it('is foretold right as well where calls are streamed, and where one fails', async () => {
    const claude = guardOf().wrap(clientOf())
    const ask = (messages: Message[]) =>
      claude.messages.stream({ model: MODEL, max_tokens: 50, tools, system, messages }).finalMessage()
    const messages: Message[] = [{ role: 'user', content: [{ type: 'text', text: 'Go.' }] }]
    api.fault({ kind: 'status', status: 529 })
    await expect(ask(messages)).rejects.toThrow()
    const { content } = await ask(messages)
    messages.push({ role: 'assistant', content }, { role: 'user', content: prose(450, 'He') })
    await ask(messages)
    const [failed, ...others] = records
    expect(failed?.cache).toMatchObject({ isAsExpected: null, savedNano: 0, miss: null })
    for (const { cache } of others) expect(cache).toMatchObject({ isAsExpected: true })
    expect(others.map((record) => promptOf(record).read > 0)).toEqual([false, true])
  })

  it('is told why a prompt was not read again, and what that cost', async () => {
    await runAgent(guardOf({ caching: { ttl: '5m' } }).wrap(clientOf()), 4, (turn) =>
      pass(turn === 1 ? 400_000 : 1_000),
    )
    const [, second, third] = records
    expect(third?.cache?.miss).toMatchObject({ cause: { kind: 'expired', ttl: '5m' }, before: second?.id })
    expect(third?.cache?.miss?.lostNano).toBeGreaterThan(0)
    expect(third?.cache?.isAsExpected).toBe(true)
  })
})

describe('a request', () => {
  const single: Params = { model: MODEL, max_tokens: 50, system, messages: [{ role: 'user', content: 'What is it?' }] }
  const marked: Params = {
    ...single,
    tools,
    system: [{ ...system[0], type: 'text', text: system[0]?.text ?? '', cache_control: { type: 'ephemeral' } }],
  }

  it.each([
    ['that comes once', single, {}],
    ['with markers of its own', marked, {}],
    ['where caching is off', { ...single, tools }, { caching: { mode: 'off' } }],
    ['where it is only explained', { ...single, tools }, { caching: { mode: 'explain' } }],
    ['where the guard only observes', { ...single, tools }, { mode: 'observe' }],
  ] as const)('%s goes out byte for byte', async (_, params, options) => {
    await clientOf().messages.create(params)
    await guardOf(options as GuardOptions)
      .wrap(clientOf())
      .messages.create(params)
    expect(bodies[1] === bodies[0]).toBe(true)
  })

  it('may choose by a header, which the API never sees', async () => {
    const claude = guardOf({ caching: { mode: 'off' } }).wrap(clientOf())
    await claude.messages.create({ ...single, tools })
    await claude.messages.create({ ...single, tools }, { headers: { 'x-runguard-cache': 'fill' } })
    expect(records[0]?.cache).toBeNull()
    expect(records[1]?.cache?.mode).toBe('fill')
    expect(bodies[1]?.includes('cache_control')).toBe(true)
  })

  it('of a session that is over writes nothing for it to read', async () => {
    const session = guardOf().session()
    const claude = session.wrap(clientOf())
    const ask = () => claude.messages.create({ ...single, tools })
    session.presence('closed')
    await ask()
    session.presence('waiting')
    await ask()
    const tails = records.map(({ cache }) => cache?.marks.some(({ reason }) => reason === 'tail'))
    expect(tails).toEqual([false, true])
    expect(() => session.presence('gone' as never)).toThrow(TypeError)
  })

  it('keeps its strings where thinking may be bound to them: the whole request is marked instead', async () => {
    const claude = guardOf({ caching: { mode: 'fill' } }).wrap(clientOf())
    const messages: Message[] = [{ role: 'user', content: prose(1_800, 'Nobody') }]
    await claude.messages.create(
      { model: MODEL, max_tokens: 50, tools, messages },
      { headers: { 'x-runguard-presence': 'waiting' } },
    )
    const sent = JSON.parse(bodies[0] ?? '{}') as Record<string, unknown>
    expect(sent.messages).toEqual(messages)
    expect(sent.cache_control).toMatchObject({ type: 'ephemeral' })
    expect(records[0]?.cache?.isAsExpected).toBe(true)
  })

  it('is not refused because a guard wanted to write to the cache', async () => {
    const params = { ...single, tools, system: [{ type: 'text' as const, text: prose(9_000, 'Somebody') }] }
    const probe = guardOf({ caching: { mode: 'explain' }, budgets: [{ scope: 'request', limit: '$1' }] })
    await probe.wrap(clientOf()).messages.create(params)
    // Enough for the prompt as plain input with its answer, and not for writing it.
    const { input } = promptOf(records[0] as CallRecord)
    const limit = (input * 1.1 * 0.1 + 50 * 0.5) / 1e6
    const guard = guardOf({ budgets: [{ scope: 'request', limit }], waitForMoneyMs: 0 })
    await guard.wrap(clientOf()).messages.create(params)
    expect(bodies.at(-1)?.includes('cache_control')).toBe(false)
    expect(records[1]?.cache).toMatchObject({ mode: 'fill', isAsExpected: true, addedNano: 0 })
  })
})
