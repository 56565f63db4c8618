import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scanCall } from '../body/scan.js'
import { freshRatio } from '../tokens/token-ratio.js'
import { estimateInput, tokenFacts } from '../tokens/tokens.js'
import { type CallPrefix, readOpening, readPrefix } from './fingerprints.js'
import { PrintMemory } from './print-memory.js'

const facts = tokenFacts(null)

function prefixOf(value: object, memory?: PrintMemory, keepsThinking = true): CallPrefix {
  const body = new TextEncoder().encode(JSON.stringify(value))
  return readPrefix(scanCall(body), body, { facts, keepsThinking, ...(memory && { memory }) })
}

const keysOf = (value: object): readonly number[] => prefixOf(value).blocks.map(({ key }) => key)
/** How many leading blocks two requests share in the cache. */
function shared(left: object, right: object): number {
  const [a, b] = [keysOf(left), keysOf(right)]
  return a.findIndex((key, index) => key !== b[index]) === -1 ? a.length : a.findIndex((key, index) => key !== b[index])
}

const base = {
  model: 'claude-opus-5-5',
  tools: [{ name: 'read', input_schema: { type: 'object' } }],
  system: 'Be brief.',
  messages: [{ role: 'user', content: 'Hello' }],
}

describe('blocks that the API reads as the same', () => {
  it.each([
    ['a string and one text block', { ...base, system: [{ type: 'text', text: 'Be brief.' }] }],
    ['a marker', { ...base, system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }] }],
    ['keys in another order', { ...base, messages: [{ content: [{ text: 'Hello', type: 'text' }], role: 'user' }] }],
    ['citations that are null', { ...base, system: [{ type: 'text', text: 'Be brief.', citations: null }] }],
    ['another length of the answer', { ...base, max_tokens: 5, stream: true, metadata: { user_id: 'x' } }],
    ['a default that is stated', { ...base, tool_choice: { type: 'auto' }, speed: 'standard' }],
    ['the effort that the model has by itself', { ...base, output_config: { effort: 'medium' } }],
    ['the thinking that the model does by itself', { ...base, thinking: { type: 'adaptive' } }],
    ['automatic caching', { ...base, cache_control: { type: 'ephemeral' } }],
    [
      'the attribution line of Claude Code',
      {
        ...base,
        system: [
          { type: 'text', text: 'x-anthropic-billing-header: cc=1;' },
          { type: 'text', text: 'Be brief.' },
        ],
      },
    ],
  ])('are told by no %s', (_, other) => {
    expect(keysOf(other)).toEqual(keysOf(base))
  })

  it('may be results of a tool as a string or as a part, with or without a marker', () => {
    const result = (content: unknown) => ({
      ...base,
      messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content }] }],
    })
    const part = { type: 'text', text: 'done' }
    expect(keysOf(result([part]))).toEqual(keysOf(result('done')))
    expect(keysOf(result([{ ...part, cache_control: { type: 'ephemeral' } }]))).toEqual(keysOf(result('done')))
    expect(keysOf(result('done!'))).not.toEqual(keysOf(result('done')))
  })

  it('keeps a key of that name that is the tool call’s own', () => {
    const call = (input: object) => ({
      ...base,
      messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'read', input }] }],
    })
    expect(keysOf(call({ cache_control: 1 }))).not.toEqual(keysOf(call({ cache_control: 2 })))
  })
})

describe('what a change costs', () => {
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: '' } }
  const cited = { type: 'document', source: { type: 'text', data: 'x' }, citations: { enabled: true } }
  const search = { type: 'web_search_20260209', name: 'web_search' }
  it.each([
    ['a tool', { ...base, tools: [{ name: 'read', input_schema: {} }] }, 0],
    ['web search', { ...base, tools: [...base.tools, search] }, 1],
    ['the system text', { ...base, system: 'Be long.' }, 1],
    ['the speed', { ...base, speed: 'fast' }, 1],
    ['citations', { ...base, messages: [...base.messages, { role: 'user', content: [cited] }] }, 1],
    ['tool_choice', { ...base, tool_choice: { type: 'any' } }, 2],
    ['parallel tool use', { ...base, tool_choice: { type: 'auto', disable_parallel_tool_use: true } }, 2],
    ['thinking', { ...base, thinking: { type: 'enabled', budget_tokens: 2000 } }, 2],
    ['effort', { ...base, output_config: { effort: 'low' } }, 2],
    ['a picture', { ...base, messages: [...base.messages, { role: 'user', content: [image] }] }, 2],
    ['the role', { ...base, messages: [{ role: 'assistant', content: 'Hello' }] }, 2],
    ['one more message', { ...base, messages: [...base.messages, { role: 'assistant', content: 'Hi' }] }, 3],
  ])('%s', (_, other, blocks) => {
    expect(shared(base, other)).toBe(blocks)
  })

  it('takes the thinking of earlier turns out for models that do not read it', () => {
    const turns = (more: object[]) => ({
      ...base,
      messages: [
        ...base.messages,
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 's' },
            { type: 'text', text: 'Hi' },
          ],
        },
        ...more,
      ],
    })
    const next = turns([{ role: 'user', content: 'And?' }])
    expect(prefixOf(next, undefined, true).blocks).toHaveLength(6)
    expect(prefixOf(next, undefined, false).blocks).toHaveLength(5)
    expect(prefixOf(turns([]), undefined, false).blocks).toHaveLength(5)
  })
})

describe('what a fingerprint says of a block', () => {
  it('counts parallel calls and their results as one position each', () => {
    const call = (id: string) => ({ type: 'tool_use', id, name: 'read', input: {} })
    const result = (id: string) => ({ type: 'tool_result', tool_use_id: id, content: 'x' })
    const { blocks } = prefixOf({
      messages: [
        { role: 'assistant', content: [call('a'), call('b')] },
        { role: 'user', content: [result('a'), result('b'), { type: 'text', text: 'go on' }] },
      ],
    })
    expect(blocks.map(({ position }) => position)).toEqual([0, 0, 1, 1, 2])
  })

  it('finds every marker, and counts them as the API does', () => {
    const mark = { cache_control: { type: 'ephemeral', ttl: '1h' } }
    const part = { type: 'text', text: 'x', ...mark }
    const prefix = prefixOf({
      cache_control: { type: 'ephemeral' },
      system: [{ type: 'text', text: 's', ...mark }],
      messages: [
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: [part] }] },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'ok' },
            { type: 'thinking', thinking: '' },
          ],
        },
      ],
    })
    expect(prefix.blocks.map(({ marker }) => marker)).toEqual(['1h', '1h', '5m', null])
    expect(prefix.markerCount).toBe(3)
    expect(prefix.blocks.map(({ canMark }) => canMark)).toEqual([true, true, true, false])
  })

  it('weighs the blocks so that they add up to the estimate of the whole', () => {
    const body = new TextEncoder().encode(JSON.stringify(base))
    const view = scanCall(body)
    const { blocks } = readPrefix(view, body, { facts, keepsThinking: true })
    const sum = blocks.reduce((total, { tokens }) => total + tokens, 0)
    const whole = estimateInput(view, body, facts, freshRatio).unscaled
    expect(Math.abs(sum - whole)).toBeLessThanOrEqual(blocks.length)
  })
})

describe('markers inside of blocks', () => {
  const text = { type: 'text', text: '"cache_control"', cache_control: { type: 'ephemeral' } }
  it.each([
    ['documents', { type: 'document', source: { type: 'content', content: [text, text] } }],
    ['search results', { type: 'search_result', source: 'x', title: 'y', content: [text, text] }],
    [
      'documents that tools gave',
      { type: 'tool_result', content: [{ type: 'document', source: { content: [text, text] } }] },
    ],
    ['results with some that the API will refuse', { type: 'tool_result', cache_control: {}, content: [text] }],
  ])('count in %s', (_, block) => {
    expect(prefixOf({ messages: [{ role: 'user', content: [block] }] }).markerCount).toBe(2)
  })
})

describe('blocks that may be marked', () => {
  it.each([
    ['a text', { system: 'x' }, true],
    ['an empty text', { system: [{ type: 'text', text: ' ' }] }, false],
    ['an empty text with citations', { system: [{ type: 'text', text: '', citations: ['x'.repeat(200)] }] }, false],
    ['a text that speaks of empty ones', { system: [{ type: 'text', text: `"text":""${'x'.repeat(200)}` }] }, true],
    ['thinking', { messages: [{ role: 'assistant', content: [{ type: 'thinking', thinking: 'x' }] }] }, false],
    ['a tool that is loaded later', { tools: [{ name: 'x', defer_loading: true }] }, false],
    ['the result of a search', { messages: [{ role: 'user', content: [{ type: 'web_search_tool_result' }] }] }, true],
    ['where another model took over', { messages: [{ role: 'assistant', content: [{ type: 'fallback' }] }] }, false],
    ['a list of tools', { messages: [{ role: 'assistant', content: [{ type: 'mcp_tool_listing' }] }] }, false],
    ['a kind that nobody knows yet', { messages: [{ role: 'user', content: [{ type: 'dream' }] }] }, false],
    ['a string in a list', { system: ['x'] }, false],
    ['a number in a list', { system: [7] }, false],
  ])('%s', (_, value, may) => {
    expect(prefixOf(value).blocks[0]?.canMark).toBe(may)
  })

  it('are no strings in a list, even if the same string stood alone before', () => {
    const memory = new PrintMemory()
    expect(prefixOf({ system: 'x' }, memory).blocks[0]?.canMark).toBe(true)
    expect(prefixOf({ system: ['x'] }, memory).blocks[0]?.canMark).toBe(false)
  })

  it('are no bare strings where thinking is sent back, which is bound to what stands before it', () => {
    const thinking = {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'x' },
        { type: 'text', text: 'y' },
      ],
    }
    const { blocks } = prefixOf({ system: 'x', messages: [{ role: 'user', content: 'q' }, thinking] })
    expect(blocks.map(({ canMark }) => canMark)).toEqual([false, false, false, true])
    const automatic = { cache_control: { type: 'ephemeral' }, messages: [thinking, { role: 'user', content: 'next' }] }
    expect(prefixOf(automatic).blocks.map(({ marker }) => marker)).toEqual([null, null, '5m'])
  })
})

describe('remembering blocks', () => {
  const text = fc.array(fc.string({ maxLength: 60 }), { minLength: 1, maxLength: 12 })
  const talk = (texts: readonly string[]) => ({ messages: texts.map((content) => ({ role: 'user', content })) })

  it('changes no fingerprint, however little is kept', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), fc.integer({ min: 1, max: 20 }), (conversations, size) => {
        const memory = new PrintMemory(size)
        for (const texts of conversations) expect(prefixOf(talk(texts), memory)).toEqual(prefixOf(talk(texts)))
        expect(memory.size).toBeLessThanOrEqual(Math.max(2, size))
      }),
    )
  })

  it('tells any two different conversations of the same length apart', () => {
    fc.assert(
      fc.property(text, fc.nat(), fc.nat(), (texts, which, where) => {
        const long = texts.map((each) => each.padEnd(40, 'x'))
        const at = which % long.length
        const old = long[at] ?? ''
        const spot = where % old.length
        const other = `${old.slice(0, spot)}${old[spot] === 'q' ? 'z' : 'q'}${old.slice(spot + 1)}`
        fc.pre(other !== old)
        expect(shared(talk(long), talk(long.with(at, other)))).toBe(at)
      }),
    )
  })

  it('looks into a new block alone', () => {
    const memory = new PrintMemory()
    let looks = 0
    const count = (hash: number) =>
      memory.recall(hash, () => {
        looks += 1
        const weight = { tokens: 1, extra: 0, bytes: 0 }
        const plain = { marker: null, markerCount: 0, hasImage: false, isCiting: false }
        return { print: hash, ...plain, weight, isString: false, canMark: true }
      })
    for (const hash of [1, 2, 3]) count(hash)
    for (const hash of [1, 2, 3, 4]) count(hash)
    expect(looks).toBe(4)
  })
})

describe('the opening of a prompt', () => {
  it('has the keys that the whole prompt gives it, or none', () => {
    const word = fc.constantFrom('a', 'b', '')
    const block = fc.oneof(
      fc.record({ type: fc.constant('text'), text: word }),
      fc.constant({ type: 'image', source: { type: 'url', url: 'x' } }),
      fc.constant({ type: 'document', source: { type: 'text', data: 'x' }, citations: { enabled: true } }),
    )
    const content = fc.oneof(word, fc.array(block, { maxLength: 4 }))
    const request = fc.record(
      {
        tools: fc.array(fc.constantFrom({ name: 'x' }, { type: 'web_search_20250305', name: 'w' }), { maxLength: 2 }),
        system: content,
        thinking: fc.constant({ type: 'disabled' }),
        messages: fc.array(fc.record({ role: fc.constant('user'), content }), { minLength: 1, maxLength: 3 }),
      },
      { requiredKeys: ['messages'] },
    )
    fc.assert(
      fc.property(request, fc.integer({ min: 1, max: 9 }), (value, count) => {
        const body = new TextEncoder().encode(JSON.stringify({ model: 'claude-haiku-5-5', ...value }))
        const view = scanCall(body)
        const opening = readOpening(view, body, { facts, keepsThinking: true }, count)
        if (opening === null) return
        const whole = readPrefix(view, body, { facts, keepsThinking: true }).blocks
        expect(opening.map(({ key }) => key)).toEqual(whole.slice(0, opening.length).map(({ key }) => key))
        expect(opening).toHaveLength(Math.min(count, whole.length))
      }),
    )
    const pictures = { ...base, messages: [{ role: 'user', content: [{ type: 'image', source: {} }] }] }
    const body = new TextEncoder().encode(JSON.stringify(pictures))
    expect(readOpening(scanCall(body), body, { facts, keepsThinking: true }, 1)).toBe(null)
  })
})

describe('a hostile request', () => {
  it('has a prefix as well, whatever stands where blocks should', () => {
    const value = fc.jsonValue({ maxDepth: 4 })
    const block = fc.dictionary(
      fc.constantFrom('type', 'text', 'content', 'cache_control', 'citations', '__proto__'),
      value,
    )
    const content = fc.oneof(value, fc.array(block, { maxLength: 3 }))
    const request = fc.record({
      tools: fc.oneof(value, fc.array(block)),
      system: content,
      messages: fc.oneof(value, fc.array(fc.record({ role: value, content }), { maxLength: 3 })),
      thinking: value,
      tool_choice: value,
      output_config: value,
      speed: value,
    })
    fc.assert(
      fc.property(request, (sent) => {
        const prefix = prefixOf(sent)
        expect(prefix.blocks.every(({ key, tokens }) => Number.isSafeInteger(key) && tokens >= 0)).toBe(true)
      }),
    )
  })

  it('may be nested as deep as it likes', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    const text = `{"messages":[{"role":"user","content":[{"type":"tool_result","content":${deep}}]}]}`
    const body = new TextEncoder().encode(text)
    expect(readPrefix(scanCall(body), body, { facts, keepsThinking: true }).blocks).toHaveLength(1)
  })
})
