import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ApiError } from './api-error.js'
import type { Json, JsonObject } from './json.js'
import { renderPrompt } from './prompt.js'
import { readCountRequest, readMessagesRequest } from './request.js'

const now = Date.UTC(2026, 10, 26)
const good: JsonObject = { model: 'claude-opus-5-5', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] }
const call = { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'f', input: {} }] }
const rows = { type: 'tool_result', tool_use_id: 't1' }
const thought = { type: 'thinking', thinking: 'Hm.', signature: 's' }
const search = { type: 'server_tool_use', id: 's1', name: 'web_search', input: {} }
const found = { type: 'web_search_tool_result', tool_use_id: 's1', content: [] }
const said = { type: 'text', text: 'Yes.' }
const question = { role: 'user', content: 'hi' }

function outcome(body: Json, version: '2023-06-01' | '2026-10-21' = '2026-10-21'): string {
  try {
    renderPrompt(readMessagesRequest(body, version, now), 'w')
    return 'accepted'
  } catch (error) {
    return error instanceof ApiError ? `${error.status} ${error.message}` : `crash ${String(error)}`
  }
}

function result(id: string): JsonObject {
  return { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'ok' }] }
}

describe('a request for a message', () => {
  it.each<[string, Json, string]>([
    ['a list', [], '400 The request body is not a JSON object'],
    ['no model', { ...good, model: undefined } as JsonObject, '400 model: Field required'],
    ['a numeric model', { ...good, model: 5 }, '400 model: Input should be a valid string'],
    ['an unknown model', { ...good, model: 'claude-opus-9' }, '404 model: claude-opus-9'],
    ['a prototype name as model', { ...good, model: '__proto__' }, '404 model: __proto__'],
    ['a retired model', { ...good, model: 'claude-3-haiku-20240307' }, '404 model: claude-3-haiku-20240307'],
    ['no max_tokens', { model: 'claude-opus-5-5', messages: [question] }, '400 max_tokens: Field required'],
    ['negative max_tokens', { ...good, max_tokens: -1 }, '400 max_tokens: Input should be greater'],
    ['fractional max_tokens', { ...good, max_tokens: 1.5 }, '400 max_tokens: Input should be a valid integer'],
    ['huge max_tokens', { ...good, max_tokens: 200_000 }, '400 max_tokens: 200000 > 128000'],
    ['no messages', { model: 'claude-opus-5-5', max_tokens: 1 }, '400 messages: Field required'],
    ['empty messages', { ...good, messages: [] }, '400 messages: at least one message'],
    [
      'an unknown role',
      { ...good, messages: [{ role: 'robot', content: 'x' }] },
      '400 messages.0.role: Input should be',
    ],
    ['no content', { ...good, messages: [{ role: 'user' }] }, '400 messages.0.content: Field required'],
    ['empty content', { ...good, messages: [{ role: 'user', content: '' }] }, '400 messages.0: all messages must have'],
    [
      'an empty text block',
      { ...good, messages: [{ role: 'user', content: [{ type: 'text', text: '' }] }] },
      '400 messages.0.content.0: text content blocks must be non-empty',
    ],
    [
      'an assistant first',
      { ...good, messages: [{ role: 'assistant', content: 'x' }] },
      '400 messages: first message must use the "user" role',
    ],
    [
      'a call without result',
      { ...good, messages: [question, call, question] },
      '400 messages.2: `tool_use` ids were found without',
    ],
    [
      'a result without call',
      { ...good, messages: [question, result('t9')] },
      '400 messages.0: unexpected `tool_use_id`',
    ],
    [
      'a result of rows',
      { ...good, messages: [question, call, { ...question, content: [{ ...rows, content: [{ type: 'user' }] }] }] },
      "400 messages.2.content.0.tool_result.content.0.type: Input should be 'text', 'image'",
    ],
    [
      'thinking that was cut off',
      { ...good, messages: [question, { role: 'assistant', content: [{ ...thought, signature: '' }, said] }] },
      '400 messages.1.content.0.thinking.signature: String should have',
    ],
    [
      'thinking that nothing follows',
      { ...good, messages: [question, { role: 'assistant', content: [said, thought] }] },
      '400 messages.1: The final block in an assistant message cannot be `thinking`',
    ],
    [
      'thinking with something behind it',
      { ...good, messages: [question, { role: 'assistant', content: [thought, said] }, question] },
      'accepted',
    ],
    ['a search that goes on', { ...good, messages: [question, { ...call, content: [said, search] }] }, 'accepted'],
    [
      'a search that was left',
      { ...good, messages: [question, { ...call, content: [said, search] }, question] },
      '400 messages.1: `web_search` tool use with id `s1` was found without',
    ],
    [
      'a search that was done',
      { ...good, messages: [question, { ...call, content: [said, search, found] }, question] },
      'accepted',
    ],
    ['a call with result', { ...good, messages: [question, call, result('t1')] }, 'accepted'],
    [
      'a marker on thinking',
      {
        ...good,
        messages: [
          question,
          {
            role: 'assistant',
            content: [{ type: 'thinking', thinking: 'x', signature: 's', cache_control: { type: 'ephemeral' } }],
          },
        ],
      },
      '400 messages.1.content.0.thinking.cache_control',
    ],
    [
      'a wrong lifetime',
      { ...good, system: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral', ttl: '2h' } }] },
      "400 system.0.cache_control.ephemeral.ttl: Input should be '5m', '1h'",
    ],
    ['an image in system', { ...good, system: [{ type: 'image' }] }, '400 system.0.type'],
    ['a tool without schema', { ...good, tools: [{ name: 'f' }] }, '400 tools.0.custom.input_schema: Field required'],
    [
      'two tools of one name',
      { ...good, tools: [1, 2].map(() => ({ name: 'f', input_schema: {} })) },
      '400 tools: Tool names must be unique',
    ],
    ['a choice without tools', { ...good, tool_choice: { type: 'any' } }, '400 tool_choice: may only be specified'],
    [
      'a choice of an unknown tool',
      { ...good, tools: [{ name: 'f', input_schema: {} }], tool_choice: { type: 'tool', name: 'g' } },
      "400 tool_choice: Tool 'g' not found",
    ],
    ['thinking off where it is always on', { ...good, thinking: { type: 'disabled' } }, '400 thinking'],
    [
      'a thinking budget on a new model',
      { ...good, thinking: { type: 'enabled', budget_tokens: 1024 } },
      '400 thinking',
    ],
    [
      'a budget above max_tokens',
      { ...good, model: 'claude-sonnet-4-6', thinking: { type: 'enabled', budget_tokens: 1024 } },
      '400 `max_tokens` must be greater',
    ],
    ['fast where there is none', { ...good, model: 'claude-opus-4-7', speed: 'fast' }, '400 speed'],
    ['a region on an old model', { ...good, model: 'claude-haiku-4-5', inference_geo: 'us' }, '400 inference_geo'],
    [
      'a stream that only warms the cache',
      { ...good, max_tokens: 0, stream: true },
      '400 max_tokens: 0 is not allowed with stream',
    ],
    ['warming the cache', { ...good, max_tokens: 0 }, 'accepted'],
    ['a system message at the end', { ...good, messages: [question, { role: 'system', content: 'note' }] }, 'accepted'],
    ['unknown fields', { ...good, context_management: { edits: [] }, later: 1 }, 'accepted'],
    ['metadata of a wrong kind', { ...good, metadata: { user_id: 5 } }, '400 metadata.user_id'],
  ])('with %s', (_name, body, expected) => {
    expect(outcome(body)).toContain(expected)
  })

  it('may set sampling only under the old version', () => {
    for (const name of ['temperature', 'top_p', 'top_k']) {
      expect(outcome({ ...good, [name]: 1 }, '2023-06-01')).toBe('accepted')
      expect(outcome({ ...good, [name]: 1 })).toContain(`400 ${name}`)
    }
    expect(outcome({ ...good, temperature: 1.5 }, '2023-06-01')).toContain('400 temperature')
  })

  it('resolves an alias to the dated id', () => {
    expect(readMessagesRequest({ ...good, model: 'claude-haiku-4-5' }, '2026-10-21', now).model.id).toBe(
      'claude-haiku-4-5-20251001',
    )
  })

  it('is never a crash, whatever it is', () => {
    const key = fc.constantFrom(
      'model',
      'max_tokens',
      'messages',
      'system',
      'tools',
      'thinking',
      'cache_control',
      'role',
      'content',
      'type',
      '__proto__',
      'constructor',
    )
    const { value } = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom<Json>(null, true, -1, 1e300, '', 'user', 'text', 'tool_result', 'claude-opus-5-5'),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4 }),
      ),
    }))
    const body = fc.tuple(value, fc.dictionary(key, value)).map(([, fields]): Json => ({ ...good, ...fields }))
    fc.assert(
      fc.property(fc.oneof(value, body), (given) => {
        expect(outcome(given)).not.toContain('crash')
      }),
      { numRuns: 500 },
    )
  })
})

describe('a request to count', () => {
  it('needs no max_tokens', () => {
    const { max_tokens: _dropped, ...rest } = good
    expect(readCountRequest(rest, '2026-10-21', now).model.id).toBe('claude-opus-5-5')
  })
})
