import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resolveEndpoint } from '../core/body/endpoint.js'
import type { Call } from '../core/body/incoming-call.js'
import { scanCall } from '../core/body/scan.js'
import { readConfig } from '../core/config/config.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import type { CallRecord } from '../core/cost/record.js'
import { memoryStore } from '../store/memory.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { engineDefaults } from './desk.js'
import { createEngine } from './engine.js'

const book = loadPriceBook(priceList)
const ephemeral = { type: 'ephemeral' } as const

interface Block {
  readonly type: string
  readonly cache_control?: unknown
}
type Content = string | readonly Block[]
interface Request {
  readonly model: string
  readonly tools?: readonly object[]
  readonly system?: Content
  readonly messages: readonly { readonly role: string; readonly content: Content }[]
  readonly cache_control?: unknown
}

const prose = fc.integer({ min: 1, max: 400 }).map((times) => 'The boats go down to the sea. '.repeat(times))
const textBlock = fc.record({ type: fc.constant('text'), text: prose })
const marked = (block: fc.Arbitrary<Block>) =>
  fc
    .tuple(block, fc.constantFrom(null, null, null, ephemeral))
    .map(([each, marker]) => (marker === null ? each : { ...each, cache_control: marker }))
const personSays = fc.oneof(prose, fc.array(marked(textBlock), { minLength: 1, maxLength: 2 }))
const modelSays = fc.tuple(
  fc.record({ type: fc.constant('thinking'), thinking: prose, signature: fc.base64String() }),
  fc.oneof(
    fc.record({ type: fc.constant('tool_use'), id: fc.uuid(), name: fc.constant('read'), input: fc.constant({}) }),
    textBlock,
  ),
)
const conversation = fc.array(fc.tuple(personSays, modelSays), { minLength: 1, maxLength: 6 })
const requestOf = fc.record({
  model: fc.constantFrom('claude-opus-5-5', 'claude-sonnet-5-5', 'claude-fable-5-2', 'claude-opus-4-6'),
  tools: fc.constantFrom(undefined, [{ name: 'read', input_schema: { type: 'object' } }]),
  system: fc.oneof(fc.constant(undefined), personSays),
  rounds: conversation,
})

/** All requests of a conversation, each with one round more. */
function requestsOf({ rounds, ...rest }: { rounds: readonly (readonly [Content, readonly Block[]])[]; model: string }) {
  return rounds.map((_, last): Request => {
    const before = rounds.slice(0, last).flatMap(([asked, answered]) => [
      { role: 'user', content: asked },
      { role: 'assistant', content: answered },
    ])
    return { ...rest, messages: [...before, { role: 'user', content: rounds[last]?.[0] ?? '' }] }
  })
}

function callOf(request: object, readAtTick: number): Call {
  const body = Buffer.from(JSON.stringify(request))
  return {
    method: 'POST',
    endpoint: resolveEndpoint('POST', '/v1/messages'),
    headers: { 'x-api-key': 'sk-ant-test' },
    body,
    receivedBytes: body.length,
    readAtTick,
    problem: null,
  }
}

function openTestEngine() {
  const runtime = manualRuntime()
  const caching = { mode: 'fill', ttl: null } as const
  const engine = createEngine({ config: { ...engineDefaults, book, caching }, store: memoryStore(), runtime })
  const send = async (request: Request): Promise<Uint8Array | null> => {
    const admission = await engine.admit(callOf(request, runtime.tick()))
    if (admission.kind !== 'send') throw new Error(admission.refusal.message)
    admission.watch.sent()
    admission.watch.head(500, {})
    admission.watch.end('complete')
    runtime.advance(1_000)
    return admission.body
  }
  return { send }
}

const MARKER = /,"cache_control":\{"type":"ephemeral"(?:,"ttl":"1h")?\}/g
const bindsThinking = ({ model }: Request): boolean => model !== 'claude-opus-4-6'

describe('a request with thinking that is filled', () => {
  it('differs by markers alone, at most four of them, those for an hour first; the own ones stay', async () => {
    let filled = 0
    await fc.assert(
      fc.asyncProperty(requestOf, async (made) => {
        const { send } = openTestEngine()
        for (const request of requestsOf(made)) {
          const own = scanCall(Buffer.from(JSON.stringify(request)))
          const ownMarkers = own.blocks.filter(({ marker }) => marker !== null).length
          if (ownMarkers > 4) return
          const body = await send(request)
          if (body === null) continue
          filled += 1
          const text = new TextDecoder().decode(body)
          const view = scanCall(body)
          const markers = [...view.blocks.map(({ marker }) => marker), view.marker].filter((marker) => marker !== null)
          expect(markers.length).toBeLessThanOrEqual(4)
          expect(markers.lastIndexOf('1h')).toBeLessThan(markers.includes('5m') ? markers.indexOf('5m') : 5)
          for (const [at, { marker }] of own.blocks.entries()) {
            if (marker !== null) expect(view.blocks[at]?.marker).toBe(marker)
          }
          expect(plainOf(text, bindsThinking(request))).toBe(plainOf(JSON.stringify(request), bindsThinking(request)))
        }
      }),
      { numRuns: 150 },
    )
    expect(filled).toBeGreaterThan(50)
  })
})

describe('a request that is filled', () => {
  const prompt = 'The boats go down to the sea. '.repeat(1_000)
  const request = {
    model: 'claude-opus-5-5',
    max_tokens: 100,
    tools: [{ name: 'read', input_schema: { type: 'object' } }],
    system: [{ type: 'text', text: prompt }],
    messages: [{ role: 'user', content: 'Count them.' }],
  }

  function setUp(limit: number, mode: 'fill' | 'off' | null) {
    const reading = readConfig({ budgets: [{ scope: 'everything', window: 'day', limit }] })
    if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
    const runtime = manualRuntime()
    const records: CallRecord[] = []
    const engine = createEngine({
      config: { ...engineDefaults, book, caching: { mode, ttl: null } },
      budgets: reading.config.budgets,
      store: memoryStore(),
      runtime,
      onRecord: (record) => records.push(record),
    })
    const admit = async (asked: object = request) => {
      const admission = await engine.admit(callOf(asked, runtime.tick()))
      if (admission.kind !== 'send') throw new Error(admission.refusal.message)
      admission.watch.sent()
      return admission
    }
    return { admit, records, runtime }
  }

  async function heldFor(mode: 'fill' | 'off'): Promise<number> {
    const { admit, records } = setUp(10, mode)
    const { watch } = await admit()
    watch.end('complete')
    return records[0]?.hold?.nano ?? 0
  }

  it.each([
    ['is no object', 5],
    ['has no type', { ttl: '1h' }],
    ['has a type that is none', { type: 7 }],
  ])('keeps a marker of the whole request that %s: it is for the API to refuse', async (_, cache_control) => {
    const text = { ...request, messages: [{ role: 'user', content: prompt }] }
    const { admit } = setUp(10, 'fill')
    const { body } = await admit({ ...text, cache_control })
    const sent = body === null ? { cache_control } : (JSON.parse(new TextDecoder().decode(body)) as object)
    expect(sent).toMatchObject({ cache_control })
    const { body: other } = await setUp(10, null).admit({ ...text, cache_control })
    expect(other).toBeNull()
  })

  it('waits for no money that it does not need without markers', async () => {
    const [plain, filled] = [await heldFor('off'), await heldFor('fill')]
    expect(filled).toBeGreaterThan(plain * 1.2)
    const { admit } = setUp((filled * 1.05) / 1e9, 'fill')
    // It runs, and holds half of what the markers would cost; a token of its answer costs 20,000 nano-dollars.
    const maxTokens = Math.round((filled - plain) / 2 / 20_000)
    await admit({ ...request, max_tokens: maxTokens, tools: [], system: [] })
    expect((await admit()).body).toBeNull()
  })

  it('goes as it came if no list names its model', async () => {
    const { admit } = setUp(10, 'fill')
    expect((await admit({ ...request, model: 'claude-next-9' })).body).toBeNull()
    expect((await admit()).body).not.toBeNull()
  })

  it.each([
    ['its markers', 'tools.0: cache_control is not supported here', [true, false, false, true]],
    ['something else', 'max_tokens: too many', [true, true, true, true]],
  ])(
    'and refused by the API for %s is not filled again for an hour if they are to blame',
    async (_, message, filled) => {
      const { admit, runtime } = setUp(10, 'fill')
      const ask = async (asked: object, status: number): Promise<boolean> => {
        const { body, watch } = await admit(asked)
        watch.head(status, { 'content-type': 'application/json' })
        watch.chunk(Buffer.from(JSON.stringify({ type: 'error', error: { type: 'invalid_request_error', message } })))
        watch.end('complete')
        return body !== null
      }
      const seen = [await ask(request, 400), await ask(request, 400)]
      seen.push(await ask({ ...request, messages: [{ role: 'user', content: 'Another one.' }] }, 400))
      runtime.advance(3_600_000)
      expect([...seen, await ask(request, 400)]).toEqual(filled)
    },
  )
})

describe('the first request of an agent', () => {
  const tools = [{ name: 'read', description: 'The boats go down to the sea. '.repeat(1_000), input_schema: {} }]
  const usageOf = (tokens: Record<string, number>) => ({ output_tokens: 1, input_tokens: 0, ...tokens })

  /** Two agents of one session; the markers of the first are those of its client. */
  async function playSiblings(markTools: boolean, gapMs: number) {
    const runtime = manualRuntime()
    const records: CallRecord[] = []
    const config = { ...engineDefaults, book, caching: { mode: 'explain' as const, ttl: null } }
    const engine = createEngine({ config, store: memoryStore(), runtime, onRecord: (record) => records.push(record) })
    const mark = { cache_control: ephemeral }
    for (const agent of ['first', 'second']) {
      const said = [{ type: 'text', text: `I am the ${agent}.`, ...mark }]
      const marked = markTools ? tools.map((tool) => ({ ...tool, ...mark })) : tools
      const asked = {
        model: 'claude-opus-5-5',
        max_tokens: 9,
        tools: marked,
        messages: [{ role: 'user', content: said }],
      }
      const call = callOf(asked, runtime.tick())
      const headers = { ...call.headers, 'x-runguard-session': 's', 'x-claude-code-agent-id': agent }
      const admission = await engine.admit({ ...call, headers })
      if (admission.kind !== 'send') throw new Error(admission.refusal.message)
      admission.watch.sent()
      admission.watch.head(200, { 'content-type': 'application/json' })
      const usage = usageOf({ cache_creation_input_tokens: 10_000 })
      admission.watch.chunk(Buffer.from(JSON.stringify({ type: 'message', model: 'claude-opus-5-5', usage })))
      admission.watch.end('complete')
      runtime.advance(gapMs)
    }
    return records.map(({ cache }) => cache?.miss?.cause.kind ?? null)
  }

  it('is told what another of its session wrote, and did not write, for it to read', async () => {
    expect(await playSiblings(false, 1_000)).toEqual([null, 'wrote-elsewhere'])
    expect(await playSiblings(true, 6 * 60_000)).toEqual([null, 'expired'])
  })
})

it.each([false, true])('what the API says of a miss is kept, in a stream (%s) as well', async (isStream) => {
  const runtime = manualRuntime()
  const records: CallRecord[] = []
  const config = { ...engineDefaults, book }
  const engine = createEngine({ config, store: memoryStore(), runtime, onRecord: (record) => records.push(record) })
  const messages = [{ role: 'user', content: 'Count them.' }]
  const asked = { model: 'claude-opus-5-5', max_tokens: 9, stream: isStream, messages }
  const admission = await engine.admit(callOf({ ...asked, diagnostics: { previous_message_id: 'msg_1' } }, 0))
  if (admission.kind !== 'send') throw new Error(admission.refusal.message)
  const cache_miss_reason = { type: 'system_changed', cache_missed_input_tokens: 4_000 }
  const usage = { input_tokens: 10, output_tokens: 1 }
  const message = {
    type: 'message',
    model: asked.model,
    usage,
    stop_reason: 'end_turn',
    diagnostics: { cache_miss_reason },
  }
  const event = `event: message_start\ndata: ${JSON.stringify({ type: 'message_start', message })}\n\n`
  admission.watch.sent()
  admission.watch.head(200, { 'content-type': isStream ? 'text/event-stream' : 'application/json' })
  admission.watch.chunk(Buffer.from(isStream ? event : JSON.stringify(message)))
  admission.watch.end('complete')
  expect(records[0]?.cache?.diagnosis).toEqual({ type: 'system_changed', missedTokens: 4_000 })
})

/** The text without markers; where strings may become blocks, with all of them as blocks. */
function plainOf(text: string, mustKeepStrings: boolean): string {
  const bare = text.replace(MARKER, '')
  if (mustKeepStrings) return bare
  const listOf = (content: Content): Content =>
    typeof content === 'string' ? [{ type: 'text', text: content } as Block] : content
  const { system, messages, ...rest } = JSON.parse(bare) as Request
  return JSON.stringify({
    ...rest,
    system: system && listOf(system),
    messages: messages.map(({ role, content }) => ({ role, content: listOf(content) })),
  })
}
