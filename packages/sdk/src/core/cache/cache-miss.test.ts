import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CacheTtl } from '../body/call.js'
import { scanCall } from '../body/scan.js'
import { freshRatio } from '../tokens/token-ratio.js'
import { tokenFacts } from '../tokens/tokens.js'
import { explainMiss, type MissFacts, type SentPrompt } from './cache-miss.js'
import { measurePrefix } from './cache-plan.js'
import { readPrefix } from './fingerprints.js'
import { PrefixIndex } from './prefix-index.js'

const MINUTE = 60_000
const rates = { input: 4, read: 0.2, write5m: 5, write1h: 8 }
const facts = tokenFacts(null)
const words = (count: number, word = 'word '): string => word.repeat(count)
const mark = (ttl: CacheTtl = '5m') => ({ cache_control: { type: 'ephemeral', ttl } })
const text = (value: string, marker: object = {}) => ({ type: 'text', text: value, ...marker })

const base = {
  model: 'claude-opus-5-5',
  tools: [
    { name: 'a', description: words(300) },
    { name: 'b', description: words(300, 'other ') },
  ],
  system: [text(words(500), mark())],
  messages: [{ role: 'user', content: [text(words(2_000), mark())] }],
}

/** Sends requests to one index, which stands for the API. */
class Conversation {
  readonly #index = new PrefixIndex()

  send(request: object, atMs: number, isAnswered = true): SentPrompt {
    const body = new TextEncoder().encode(JSON.stringify(request))
    const prefix = readPrefix(scanCall(body), body, { facts, keepsThinking: true })
    const prompt = measurePrefix(prefix, { space: prefix.model, minimumTokens: 512, ratio: freshRatio })
    const call = this.#index.begin(prompt, atMs)
    if (isAnswered) this.#index.publish(call)
    return { prefix, prompt, reading: call.reading, startedAtMs: atMs, visibleAtMs: isAnswered ? atMs + 500 : null }
  }
}

function explain(first: object, second: object, gapMs = MINUTE, isAnswered = true, lostRead = 0) {
  const conversation = new Conversation()
  const before = conversation.send(first, 0, isAnswered)
  const now = conversation.send(second, gapMs)
  const { read, write5m, write1h, input } = now.reading
  const usage = { read: read - lostRead, write5m: write5m + lostRead, write1h, input, output: 0 }
  const missed: MissFacts = { before, now, usage, rates }
  return { miss: explainMiss(missed), before, now }
}

const more = [
  ...base.messages,
  { role: 'assistant', content: 'ok' },
  { role: 'user', content: [text('go on', mark())] },
]

describe('a request that read all there was', () => {
  it.each([
    ['the same again', base],
    ['one turn more', { ...base, messages: more }],
    ['another length of the answer', { ...base, max_tokens: 7 }],
  ])('has no miss: %s', (_, second) => {
    expect(explain(base, second).miss).toBe(null)
  })
})

it('is never asked of a conversation that only grows, in time and with a breakpoint at its end', () => {
  const turn = fc.record({ lengths: fc.array(fc.nat(300), { minLength: 1, maxLength: 9 }), gapMs: fc.nat(5 * MINUTE) })
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 12 }), (turns) => {
      const conversation = new Conversation()
      let content = [text(words(200))]
      let atMs = 0
      let before: SentPrompt | null = null
      for (const { lengths, gapMs } of turns) {
        atMs += gapMs + 1_000
        content = [...content, ...lengths.map((length) => text(words(length + 1)))]
        const marked = content.with(-1, { ...text(content.at(-1)?.text ?? ''), ...mark('1h') })
        const now = conversation.send({ ...base, messages: [{ role: 'user', content: marked }] }, atMs)
        const usage = { ...now.reading, output: 0 }
        if (before !== null) expect(explainMiss({ before, now, usage, rates })).toBe(null)
        before = now
      }
    }),
  )
})

describe('why a prefix was not read', () => {
  const [a, b] = base.tools
  const unmarked = { ...base, system: words(500), messages: [{ role: 'user', content: words(2_000) }] }
  const steps = Array.from({ length: 25 }, (_, at) => text(`step ${at}`))
  const long = { ...base, messages: [{ role: 'user', content: [text(words(2_000)), ...steps, text('end', mark())] }] }
  it.each([
    ['another model', { ...base, model: 'claude-sonnet-5-5' }, { kind: 'model-changed', from: 'claude-opus-5-5' }],
    ['an edited tool', { ...base, tools: [a, { ...b, x: 1 }] }, { kind: 'tools-changed', block: 1, change: 'edited' }],
    [
      'tools in another order',
      { ...base, tools: [b, a] },
      { kind: 'tools-changed', block: 0, offset: 36, change: 'moved' },
    ],
    ['one tool less', { ...base, tools: [b] }, { kind: 'tools-changed', block: 0, change: 'removed' }],
    ['one tool more', { ...base, tools: [a, { name: 'c' }, b] }, { kind: 'tools-changed', block: 1, change: 'added' }],
    [
      'another tool at the end',
      { ...base, tools: [a, b, { name: 'c' }] },
      { kind: 'tools-changed', block: 2, change: 'added' },
    ],
    ['another system text', { ...base, system: [text(words(499), mark())] }, { kind: 'system-changed', block: 2 }],
    [
      'another message',
      { ...base, messages: [{ role: 'user', content: [text(`new ${words(2_000)}`, mark())] }] },
      { kind: 'messages-changed', block: 3 },
    ],
    [
      'another tool_choice',
      { ...base, tool_choice: { type: 'any' } },
      { kind: 'parameter-changed', parameters: ['toolChoice'] },
    ],
    [
      'another effort',
      { ...base, output_config: { effort: 'low' } },
      { kind: 'parameter-changed', parameters: ['effort'] },
    ],
    ['no breakpoint', unmarked, { kind: 'no-breakpoint' }],
    ['a breakpoint too far behind', long, { kind: 'beyond-lookback', positions: 26 }],
  ])('%s', (_, second, cause) => {
    const { miss } = explain(base, second)
    expect(miss?.cause).toMatchObject(cause)
    expect(miss?.lostTokens).toBeGreaterThan(1_000)
    expect(miss?.lostPico).toBeGreaterThan(0)
  })

  it('a lifetime that was over', () => {
    const { miss } = explain(base, base, 6 * MINUTE)
    expect(miss?.cause).toEqual({ kind: 'expired', ttl: '5m', idleMs: 6 * MINUTE })
  })

  it('an answer that had not begun', () => {
    expect(explain(base, base, 100, false).miss?.cause).toEqual({ kind: 'not-yet-visible' })
  })

  it('a conversation beside it that marked nothing of what the two share', () => {
    const tail = (word: string) => ({
      ...base,
      system: words(500),
      messages: [{ role: 'user', content: [text(words(2_000, word), mark())] }],
    })
    const conversation = new Conversation()
    const [before, now] = [conversation.send(tail('one '), 0), conversation.send(tail('two '), MINUTE)]
    const usage = { ...now.reading, output: 0 }
    const miss = explainMiss({ before, now, usage, rates, isSibling: true })
    expect(miss?.cause).toEqual({ kind: 'wrote-elsewhere', block: 2 })
    expect(miss?.lostTokens).toBe(now.prompt.endTokens[2])
  })

  it('nothing, where a conversation beside it shares no more than was read', () => {
    const other = { ...base, messages: [{ role: 'user', content: [text(words(2_000, 'two '), mark())] }] }
    const conversation = new Conversation()
    const [before, now] = [conversation.send(base, 0), conversation.send(other, MINUTE)]
    expect(explainMiss({ before, now, usage: { ...now.reading, output: 0 }, rates, isSibling: true })).toBe(null)
  })

  it('a breakpoint that was never set', () => {
    expect(explain(unmarked, unmarked).miss?.cause).toEqual({ kind: 'never-written' })
  })

  it('is no question where nothing was written and the prompts have nothing in common', () => {
    const [first, second] = ['a', 'b'].map((name) => ({
      ...unmarked,
      tools: [{ name, description: words(300, name) }],
    }))
    expect(explain(first ?? {}, second ?? {}).miss).toBe(null)
  })

  it('a prefix that is too short', () => {
    const short = { model: base.model, messages: [{ role: 'user', content: [text(words(200), mark())] }] }
    expect(explain(short, short).miss?.cause).toEqual({ kind: 'too-short', minimumTokens: 512 })
  })

  it('nothing that a request shows', () => {
    const { miss } = explain(base, base, MINUTE, true, 2_000)
    expect(miss).toMatchObject({ cause: { kind: 'unexplained' }, lostTokens: 2_000 })
    expect(miss?.lostPico).toBeCloseTo(2_000 * (5 - 0.2))
  })
})
