import { describe, expect, it } from 'vitest'
import { ApiError } from './api-error.js'
import type { Json, JsonObject } from './json.js'
import { countPrompt, renderPrompt } from './prompt.js'
import { PromptCache } from './prompt-cache.js'
import { readMessagesRequest } from './request.js'

const now = Date.UTC(2026, 10, 26)
const marker = { cache_control: { type: 'ephemeral' } }
const hour = { cache_control: { type: 'ephemeral', ttl: '1h' } }
const long = 'word '.repeat(2000)
const tool = { name: 'look', description: long, input_schema: { type: 'object' } }

function text(words: string, extra: JsonObject = {}): JsonObject {
  return { type: 'text', text: words, ...extra }
}

function user(...content: Json[]): JsonObject {
  return { role: 'user', content }
}

const base: JsonObject = {
  model: 'claude-sonnet-5-5',
  max_tokens: 10,
  tools: [{ ...tool, ...marker }],
  system: [text(long, marker)],
  messages: [user(text(long, marker))],
}

function render(fields: JsonObject, workspace = 'w') {
  return renderPrompt(readMessagesRequest({ ...base, ...fields }, '2026-10-21', now), workspace)
}

/** Which levels of the base request are read after a change: the first request writes all three. */
function levelsKept(change: JsonObject, first: JsonObject = {}, workspace = 'w'): string {
  const cache = new PromptCache()
  const before = render(first)
  cache.publish(cache.look(before, 0))
  const read = cache.look(render({ ...first, ...change }, workspace), 0).readTokens
  const ends = before.blocks.flatMap(({ ttl, level }, index) =>
    ttl === null
      ? []
      : [{ level, tokens: before.blocks.slice(0, index + 1).reduce((sum, { tokens }) => sum + tokens, 0) }],
  )
  return ends.findLast(({ tokens }) => tokens === read)?.level ?? 'none'
}

describe('what is still read from the cache after a change:', () => {
  it.each<[string, JsonObject, string]>([
    ['nothing changed', {}, 'messages'],
    [
      'max_tokens, stop_sequences, metadata',
      { max_tokens: 9, stop_sequences: ['x'], metadata: { user_id: 'u' } },
      'messages',
    ],
    ['stream', { stream: true }, 'messages'],
    [
      'a parameter set to its default',
      { tool_choice: { type: 'auto' }, thinking: { type: 'disabled' }, speed: 'standard' },
      'messages',
    ],
    ['effort set to its default', { output_config: { effort: 'high' } }, 'messages'],
    ['the lifetime of the markers', { tools: [{ ...tool, ...hour }] }, 'messages'],
    ['markers moved', { tools: [tool], system: [text(long)] }, 'messages'],
    ['system as a string', { system: long }, 'messages'],
    [
      'content as a string',
      {
        messages: [
          { role: 'user', content: long },
          { role: 'user', content: [text('x', marker)] },
        ],
      },
      'messages',
    ],
    ['another model', { model: 'claude-sonnet-5' }, 'none'],
    ['a tool edited', { tools: [{ ...tool, description: `${long}!`, ...marker }] }, 'none'],
    [
      'a tool added in front',
      {
        tools: [
          { name: 'a', input_schema: { type: 'object' } },
          { ...tool, ...marker },
        ],
      },
      'none',
    ],
    [
      'keys of a schema in another order',
      { tools: [{ input_schema: tool.input_schema, name: 'look', description: long, ...marker }] },
      'none',
    ],
    [
      'web search on',
      {
        tools: [
          { ...tool, ...marker },
          { type: 'web_search_20250305', name: 'web_search' },
        ],
      },
      'tools',
    ],
    [
      'citations on',
      {
        messages: [
          user(
            {
              type: 'document',
              source: { type: 'text', media_type: 'text/plain', data: 'd' },
              citations: { enabled: true },
            },
            text(long, marker),
          ),
        ],
      },
      'tools',
    ],
    ['system edited', { system: [text(`${long}!`, marker)] }, 'tools'],
    ['tool_choice', { tool_choice: { type: 'any' } }, 'system'],
    ['parallel calls off', { tool_choice: { type: 'auto', disable_parallel_tool_use: true } }, 'system'],
    ['thinking', { thinking: { type: 'adaptive' } }, 'system'],
    ['effort', { output_config: { effort: 'low' } }, 'system'],
    [
      'an image at the end',
      { messages: [user(text(long, marker), { type: 'image', source: { type: 'url', url: 'x' } })] },
      'system',
    ],
    ['a message edited', { messages: [user(text(`${long}!`, marker))] }, 'system'],
  ])('%s', (_name, change, kept) => {
    expect(levelsKept(change)).toBe(kept)
  })

  it('speed loses system and messages, and keeps the tools', () => {
    expect(levelsKept({ speed: 'fast' }, { model: 'claude-opus-5-5' })).toBe('tools')
  })

  it('nothing across workspaces', () => {
    expect(levelsKept({}, {}, 'another')).toBe('none')
  })

  it('everything when only the attribution line in front differs, which also costs nothing', () => {
    const line = (digits: string) => ({
      system: [text(`x-anthropic-billing-header: cc_version=1.${digits};`), text(long, marker)],
    })
    expect(levelsKept(line('abc'), line('123'))).toBe('messages')
    expect(countPrompt(render(line('abc')))).toBe(countPrompt(render({})))
  })

  it('everything when a tool result is a string or one text block', () => {
    const call = { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'look', input: {} }] }
    const result = (content: Json) => ({
      messages: [user(text(long)), call, user({ type: 'tool_result', tool_use_id: 't', content, ...marker })],
    })
    expect(levelsKept(result('out'), result([text('out')]))).toBe('messages')
  })

  it('less on models that drop earlier thinking once the person speaks again', () => {
    const thought = { role: 'assistant', content: [{ type: 'thinking', thinking: 'hm', signature: 's' }, text('yes')] }
    const turn = (model: string, ...more: Json[]) => ({ model, messages: [user(text(long)), thought, ...more] })
    for (const [model, dropped] of [
      ['claude-haiku-4-5', 1],
      ['claude-sonnet-4-6', 0],
    ] as const) {
      const before = countPrompt(render(turn(model)))
      const after = countPrompt(render(turn(model, user(text('next')))))
      expect(after - before).toBe(4 + 1 - dropped)
    }
  })
})

describe('breakpoints', () => {
  const fails = (fields: JsonObject): string => {
    try {
      render(fields)
    } catch (error) {
      return error instanceof ApiError ? `${error.status} ${error.message}` : 'another error'
    }
    return 'accepted'
  }
  const marked = (count: number) => ({
    messages: [user(...Array.from({ length: count }, () => text('x', marker)))],
    tools: [],
    system: [],
  })
  const top = { cache_control: { type: 'ephemeral' } }

  it('are at most four', () => {
    expect(fails(marked(4))).toBe('accepted')
    expect(fails(marked(5))).toContain('400 A maximum of 4 blocks with cache_control may be provided. Found 5.')
  })

  it('count inside tool results too', () => {
    const call = { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'look', input: {} }] }
    const parts = Array.from({ length: 3 }, () => text('x', marker))
    const result = user({ type: 'tool_result', tool_use_id: 't', content: parts })
    expect(fails({ messages: [user(text('q')), call, result] })).toContain('Found 5')
  })

  it('for an hour come before those for five minutes', () => {
    expect(fails({ system: [text(long, hour)], tools: [tool], messages: [user(text('x', marker))] })).toBe('accepted')
    expect(fails({ system: [text(long, marker)], tools: [tool], messages: [user(text('x', hour))] })).toContain(
      "400 a ttl='1h'",
    )
  })

  it('follow the end of the conversation when set for the whole request', () => {
    const cache = new PromptCache()
    const first = render({ ...top, ...marked(0), messages: [user(text(long))] })
    cache.publish(cache.look(first, 0))
    const next = render({
      ...top,
      ...marked(0),
      messages: [user(text(long)), { role: 'assistant', content: 'a' }, user(text('b'))],
    })
    expect(cache.look(next, 0)).toMatchObject({ readTokens: countPrompt(first), inputTokens: 0 })
  })

  it('set for the whole request take one of the four, unless the last block has the same already', () => {
    const three = [text('a', marker), text('b', marker), text('c', marker)]
    expect(fails({ ...top, ...marked(0), messages: [user(...three, text('d'))] })).toBe('accepted')
    expect(fails({ ...top, ...marked(4) })).toBe('accepted')
    expect(fails({ ...top, ...marked(0), messages: [user(...three, text('d', marker), text('e'))] })).toContain(
      'Found 5',
    )
    expect(fails({ ...marked(1), cache_control: { type: 'ephemeral', ttl: '1h' } })).toContain(
      'already has a breakpoint',
    )
  })
})
