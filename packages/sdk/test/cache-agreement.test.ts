import { type RunningSimulator, startSimulator, virtualClock } from '@runguard/simulator'
import fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import {
  bodyMarks,
  type CacheReading,
  findPrice,
  freshRatio,
  keepsThinking,
  loadPriceBook,
  markBody,
  measurePrefix,
  minimumTokens,
  noteReturns,
  type PlannedPrompt,
  PrefixIndex,
  PrintMemory,
  planCache,
  priceList,
  ReturnBook,
  readPrefix,
  scanCall,
  tokenFacts,
  withMarks,
} from '../src/core/index.js'

const book = loadPriceBook(priceList)
const facts = tokenFacts(null)
const MINUTE = 60_000
const words = (count: number, word: string): string => `${word} `.repeat(count)

type Request = Record<string, unknown> & { messages: { role: string; content: unknown }[]; tools: object[] }

/** What happens between two requests of a conversation. */
const changes: Readonly<Record<string, (request: Request, turn: number) => Request>> = {
  'goes on': (request, turn) => addTurn(request, `turn ${turn}`),
  'uses tools': (request, turn) => addTools(request, turn, 3),
  'uses many tools': (request, turn) => addTools(request, turn, 30),
  'says much': (request, turn) => {
    const parts = Array.from({ length: 24 }, (_, at) => ({ type: 'text', text: `part ${turn}.${at}` }))
    return addTurn(request, parts)
  },
  'brings its own markers': (request, turn) => {
    const mark = { cache_control: { type: 'ephemeral' } }
    return addTurn(request, [{ type: 'text', text: words(30, `mine${turn}`), ...mark }])
  },
  'asks for automatic caching': (request) => ({ ...request, cache_control: { type: 'ephemeral' } }),
  'asks for it no more': ({ cache_control: _, ...request }) => request as Request,
  'is sent again': (request) => request,
  'takes text as blocks': (request) => ({ ...request, system: [{ type: 'text', text: words(1_600, 'rule') }] }),
  'says who it is': (request) => ({
    ...request,
    system: [
      { type: 'text', text: 'x-anthropic-billing-header: cc_version=1;' },
      { type: 'text', text: words(1_600, 'rule') },
    ],
  }),
  'has other rules': (request, turn) => ({ ...request, system: words(1_600, `rule${turn % 2}`) }),
  'has another tool': (request, turn) => ({ ...request, tools: [...request.tools, tool(`tool${turn}`)] }),
  'searches the web': (request) => ({
    ...request,
    tools: [{ type: 'web_search_20260209', name: 'web_search' }, tool('read')],
  }),
  'must use a tool': (request) => ({ ...request, tool_choice: { type: 'any' } }),
  'may use a tool': (request) => ({ ...request, tool_choice: { type: 'auto' } }),
  'shows a picture': (request) =>
    addTurn(request, [{ type: 'image', source: { type: 'url', url: 'https://a.test/b' } }]),
  'starts anew': (request) => ({ ...request, messages: [{ role: 'user', content: words(1_000, 'again') }] }),
  'answers longer': (request) => ({ ...request, max_tokens: 99 }),
}

function tool(name: string): object {
  return { name, description: words(1_500, name), input_schema: { type: 'object' } }
}

/** Markers of earlier turns move on, as clients do it. */
function addTurn(request: Request, content: unknown): Request {
  const messages = request.messages.map(({ role, content: old }) => ({ role, content: unmark(old) }))
  return {
    ...request,
    messages: [...messages, { role: 'assistant', content: words(50, 'answer') }, { role: 'user', content }],
  }
}

function unmark(content: unknown): unknown {
  return Array.isArray(content) ? content.map(({ cache_control: _, ...block }) => block) : content
}

function addTools(request: Request, turn: number, count: number): Request {
  const ids = Array.from({ length: count }, (_, at) => `toolu_${turn}_${at}`)
  const calls = ids.map((id) => ({ type: 'tool_use', id, name: 'read', input: { file: id } }))
  const results = ids.map((id) => ({ type: 'tool_result', tool_use_id: id, content: words(20, 'line') }))
  return {
    ...request,
    messages: [...request.messages, { role: 'assistant', content: calls }, { role: 'user', content: results }],
  }
}

/** A conversation that is planned, sent, and compared with what the simulator charges. */
class Agreement {
  readonly #index = new PrefixIndex()
  readonly #returns = new ReturnBook()
  readonly #memory = new PrintMemory()
  /** What the simulator counts for a prefix, learned whenever one is read or written. */
  readonly #tokens = new Map<number, number>()
  reads = 0

  async send(simulator: RunningSimulator, request: Request, nowMs: number): Promise<void> {
    const model = String(request.model)
    const body = new TextEncoder().encode(JSON.stringify(request))
    const view = scanCall(body)
    const prefix = readPrefix(view, body, { facts, keepsThinking: keepsThinking(model), memory: this.#memory })
    const place = { space: model, minimumTokens: minimumTokens(book, model), ratio: freshRatio }
    const prompt = measurePrefix(prefix, place)
    const rates = findPrice(book, model, nowMs)?.base
    if (rates === undefined) throw new Error('no price')
    const { markerCount } = prefix
    const plan = { prompt, markerCount, rates, index: this.#index, returns: this.#returns, presence: null, nowMs }
    const chosen = planCache(plan)
    noteReturns(plan, chosen.story)
    const marked = withMarks(prompt, chosen.marks)
    const call = this.#index.begin(marked, nowMs)
    const usage = await ask(simulator, markBody(body, view, bodyMarks(chosen, prefix)))
    this.#index.publish(call)
    this.#compare(marked, call.reading, usage)
  }

  #compare({ blocks }: PlannedPrompt, reading: CacheReading, usage: Charged): void {
    const lastAt = (isWanted: (ttl: string) => boolean): number => {
      return reading.writes.findLast(({ ttl }) => isWanted(ttl))?.block ?? reading.readBlock
    }
    const ends = [
      [reading.readBlock, usage.read],
      [lastAt((ttl) => ttl === '1h'), usage.read + usage.write1h],
      [lastAt(() => true), usage.read + usage.write1h + usage.write5m],
    ] as const
    for (const [block, tokens] of ends) {
      const key = blocks[block]?.key ?? -1
      expect(tokens).toBe(this.#tokens.get(key) ?? (block === -1 ? 0 : tokens))
      if (block !== -1) expect(tokens).toBeGreaterThan(0)
      this.#tokens.set(key, tokens)
    }
    this.reads += usage.read > 0 ? 1 : 0
  }
}

interface Charged {
  readonly read: number
  readonly write1h: number
  readonly write5m: number
}

async function ask(simulator: RunningSimulator, body: Uint8Array): Promise<Charged> {
  const headers = { 'content-type': 'application/json', 'x-api-key': 'sk-ant-test', 'anthropic-version': '2023-06-01' }
  const response = await fetch(`${simulator.url}/v1/messages`, { method: 'POST', headers, body: new Uint8Array(body) })
  const answer = (await response.json()) as {
    usage: Record<string, number> & { cache_creation: Record<string, number> }
  }
  if (!response.ok) throw new Error(JSON.stringify(answer))
  const { cache_read_input_tokens: read = 0, cache_creation: written } = answer.usage
  return {
    read,
    write1h: written.ephemeral_1h_input_tokens ?? 0,
    write5m: written.ephemeral_5m_input_tokens ?? 0,
  }
}

let simulator: RunningSimulator | null = null
afterEach(async () => {
  await simulator?.close()
  simulator = null
})

it('foretells what an independent cache charges, whatever happens in a conversation', async () => {
  const step = fc.record({
    change: fc.constantFrom(...Object.keys(changes)),
    gapMs: fc.constantFrom(1_000, MINUTE, 5 * MINUTE, 5 * MINUTE + 1, 20 * MINUTE, 61 * MINUTE),
  })
  const model = fc.constantFrom('claude-opus-5-5', 'claude-sonnet-4-5-20250929', 'claude-opus-4-8')
  let reads = 0
  await fc.assert(
    fc.asyncProperty(model, fc.array(step, { maxLength: 12 }), async (name, steps) => {
      const clock = virtualClock()
      simulator = await startSimulator({ clock })
      const agreement = new Agreement()
      let request: Request = {
        model: name,
        max_tokens: 50,
        tools: [tool('read')],
        system: words(1_600, 'rule'),
        messages: [{ role: 'user', content: words(1_000, 'hello') }],
      }
      await agreement.send(simulator, request, clock.now())
      for (const [turn, { change, gapMs }] of steps.entries()) {
        await clock.advance(gapMs)
        request = changes[change]?.(request, turn) ?? request
        await agreement.send(simulator, request, clock.now())
      }
      await simulator.close()
      reads += agreement.reads
    }),
    { numRuns: 60 },
  )
  expect(reads).toBeGreaterThan(50)
})
