import { describe, expect, it } from 'vitest'
import { scanCall } from '../body/scan.js'
import { canBeWarmed, warmBody } from './warm-body.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (body: Uint8Array): string => new TextDecoder().decode(body)

describe('the request that keeps a prompt warm', () => {
  it('asks for no tokens and no stream, and is the same otherwise', () => {
    const body = '{ "max_tokens" : 4096,"messages":[{"role":"user","content":"\\"stream\\":true"}], "stream": true }'
    expect(textOf(warmBody(bytes(body)))).toBe(
      '{ "max_tokens" : 0,"messages":[{"role":"user","content":"\\"stream\\":true"}], "stream": false }',
    )
  })

  it('takes back what is said twice', () => {
    expect(textOf(warmBody(bytes('{"max_tokens":1,"stream":false,"max_tokens":2}')))).toBe(
      '{"max_tokens":0,"stream":false,"max_tokens":0}',
    )
  })

  it.each([
    ['a plain request', {}, true],
    ['thinking that adapts', { thinking: { type: 'adaptive' } }, true],
    ['thinking with a budget', { thinking: { type: 'enabled', budget_tokens: 2_000 } }, false],
    ['a tool that must be called', { tool_choice: { type: 'tool', name: 'x' } }, false],
    ['output of a given form', { output_config: { format: { type: 'json_schema' } } }, false],
    ['other models to fall back on', { fallbacks: [{ model: 'claude-haiku-4-5' }] }, false],
    ['a conversation that the API keeps', { thread: { type: 'create' } }, false],
    ['no limit that could be taken away', { max_tokens: 'many' }, false],
  ])('can be made of %s: %s', (_, more, can) => {
    const body = bytes(JSON.stringify({ model: 'claude-sonnet-4-6', max_tokens: 10, messages: [], ...more }))
    expect(canBeWarmed(scanCall(body))).toBe(can)
  })
})
