import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scanCall } from '../body/scan.js'
import { ScanMemory } from '../body/scan-memory.js'
import { freshRatio } from '../tokens/token-ratio.js'
import { estimateInput, tokenFacts } from '../tokens/tokens.js'
import { type CallPrefix, type PrefixOptions, readPrefix, weightOf } from './fingerprints.js'
import { PrintMemory } from './print-memory.js'

const facts = tokenFacts(null)
const encoder = new TextEncoder()

const word = fc.constantFrom('a', 'bb', '', ' ', 'a longer text with "quotes" in it', 'x-anthropic-billing-header: 1')
const mark = fc.option(fc.constantFrom({ type: 'ephemeral' }, { type: 'ephemeral', ttl: '1h' }), { nil: undefined })
const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } }
const block = fc.oneof(
  fc.record({ type: fc.constant('text'), text: word, cache_control: mark }),
  fc.record({ type: fc.constantFrom('thinking', 'tool_use', 'tool_result'), content: word, cache_control: mark }),
  fc.constant(image),
  // None that the API takes.
  word,
)
const content = fc.oneof(word, fc.array(block, { maxLength: 3 }))
const message = fc.oneof(
  fc.record({ role: fc.constantFrom('user', 'assistant', 'other'), content }),
  fc.record({ content, role: fc.constantFrom('user', 'assistant') }),
)
const tool = fc.record({ name: word, type: fc.constantFrom('custom', 'web_search_20260209') })
const request = fc.record({
  model: fc.constantFrom('claude-opus-5-5', 'claude-sonnet-4-5'),
  tools: fc.array(tool, { maxLength: 2 }),
  system: fc.oneof(word, fc.array(fc.record({ type: fc.constant('text'), text: word }), { maxLength: 2 })),
  messages: fc.array(message, { maxLength: 5 }),
  tool_choice: fc.constantFrom({ type: 'auto' }, { type: 'any' }),
  cache_control: mark,
})
type Request = typeof request extends fc.Arbitrary<infer Value> ? Value : never

/** Two requests of one conversation, the second with more, less, or something else in it. */
const pair = fc
  .tuple(request, fc.array(message, { maxLength: 2 }), fc.nat(5), fc.boolean(), request)
  .map(([first, added, kept, isOther, other]): readonly [Request, Request] => {
    const messages = [...first.messages.slice(0, kept), ...added]
    return [first, isOther ? { ...other, messages: first.messages } : { ...first, messages }]
  })
const options = fc
  .record({ keepsThinking: fc.boolean() })
  .chain((known) =>
    fc.constantFrom<Omit<PrefixOptions, 'facts'>>(
      known,
      { ...known, keepsStrings: true },
      { ...known, keepsStrings: false },
    ),
  )

describe('a request that begins as the one before it', () => {
  const read = (value: Request, how: Omit<PrefixOptions, 'facts'>, space?: number) => {
    const body = encoder.encode(JSON.stringify(value, null, space))
    const view = scanCall(body)
    return { body, view, prefix: readPrefix(view, body, { facts, ...how }) }
  }
  const told = ({ reading: _, ...prefix }: CallPrefix): Omit<CallPrefix, 'reading'> => prefix

  it('is read as if nothing were known of that one', () => {
    const isSame = fc.property(pair, options, fc.constantFrom(undefined, 1), ([first, second], how, space) => {
      const memory = new PrintMemory()
      const before = read(first, { ...how, memory }, space).prefix
      const fast = read(second, { ...how, memory, before }, space).prefix
      expect(told(fast)).toEqual(told(read(second, how, space).prefix))
    })
    fc.assert(isSame, { numRuns: 1_000 })
  })

  it('is read so whatever byte of it is another, gone or new', () => {
    const letter = fc.integer({ min: 0x20, max: 0x7e })
    const isSame = fc.property(request, options, fc.nat(), letter, fc.nat(2), (first, how, place, byte, kind) => {
      const { body, prefix: before } = read(first, { ...how, memory: new PrintMemory() })
      const at = place % body.length
      const changed = Uint8Array.from([
        ...body.slice(0, at),
        ...(kind === 0 ? [] : [byte]),
        ...body.slice(at + (kind < 2 ? 1 : 0)),
      ])
      const readChanged = (more: Partial<PrefixOptions>): object | null => {
        try {
          return told(readPrefix(scanCall(changed), changed, { facts, ...how, ...more }))
        } catch {
          return null
        }
      }
      expect(readChanged({ before })).toEqual(readChanged({}))
    })
    fc.assert(isSame, { numRuns: 1_000 })
  })

  it('is known by its own views from then on, which the next scan may take over', () => {
    const value = {
      model: 'm',
      messages: [{ role: 'user', content: ['a', 'b'].map((text) => ({ type: 'text', text })) }],
    }
    const body = encoder.encode(JSON.stringify(value))
    const [first, second] = [scanCall(body), scanCall(body)]
    const before = readPrefix(first, body, { facts, keepsThinking: true })
    const { all } = readPrefix(second, body, { facts, keepsThinking: true, before }).reading
    expect(all.known).toBe(2)
    expect(all.blocks.every(({ view }, at) => view === second.blocks[at])).toBe(true)
  })

  it('is read so where its scan took blocks over from that one', () => {
    let taken = 0
    const tokenizers = fc.tuple(fc.constantFrom('old', 'new'), fc.constantFrom('old', 'new'))
    const isSame = fc.property(pair, options, tokenizers, (requests, how, kinds) => {
      const scans = new ScanMemory((bytes) => Buffer.from(bytes).toString('latin1'), { minBytes: 0 })
      const [first, second] = requests.map((value) => encoder.encode(JSON.stringify(value))) as [Uint8Array, Uint8Array]
      const [before, after] = kinds.map((tokenizer) => ({ ...how, facts: { ...facts, tokenizer } }))
      if (before === undefined || after === undefined) throw new Error('there are two')
      const known = readPrefix(scans.scan(first, 'a'), first, before)
      const view = scans.scan(second, 'a')
      if (view.blocks.some((each, at) => each === known.reading.all.blocks[at]?.view)) taken += 1
      expect(told(readPrefix(view, second, { ...after, before: known }))).toEqual(
        told(readPrefix(scanCall(second), second, after)),
      )
    })
    fc.assert(isSame, { numRuns: 1_000 })
    // Else nothing was tried.
    expect(taken).toBeGreaterThan(100)
  })

  it('is weighed as if it were weighed block by block', () => {
    const isSame = fc.property(pair, options, ([first, second], how) => {
      const before = read(first, how).prefix
      const { body, view, prefix } = read(second, { ...how, before })
      const whole = estimateInput(view, body, facts, freshRatio)
      const quick = estimateInput(view, body, facts, freshRatio, weightOf(prefix))
      expect(Math.abs(quick.unscaled - whole.unscaled)).toBeLessThanOrEqual(1)
      expect(quick.bound).toBe(whole.bound)
    })
    fc.assert(isSame, { numRuns: 500 })
  })

  it('may differ from it in nothing but the white space before a text', () => {
    const [bare, list] = [
      '{"messages":[{"role":"user","content": "abc" }]}',
      '{"messages":[{"role":"user","content":["abc"]}]}',
    ]
    const prefixOf = (text: string, before: CallPrefix | null): CallPrefix => {
      const body = encoder.encode(text)
      return readPrefix(scanCall(body), body, { facts, keepsThinking: true, before })
    }
    expect(prefixOf(list, prefixOf(bare, null)).blocks[0]?.canMark).toBe(false)
    expect(prefixOf(bare, prefixOf(list, null)).blocks[0]?.canMark).toBe(true)
  })
})
