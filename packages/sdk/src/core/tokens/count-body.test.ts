import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MalformedBodyError } from '../body/cursor.js'
import { countBody, readCount } from './count-body.js'

const count = (body: string): string => Buffer.from(countBody(Buffer.from(body))).toString()

describe('the question how long a prompt is', () => {
  it('has what is read, and nothing that only matters for an answer', () => {
    const body = `{"model":"m", "max_tokens": 5,"stream":true,"messages" : [{"role":"user","content":"hé"}],"metadata":{}, "tools":[ ],"thinking":{"type":"adaptive"},"service_tier":"auto"}`
    expect(count(body)).toBe(
      '{"model":"m","messages":[{"role":"user","content":"hé"}],"tools":[ ],"thinking":{"type":"adaptive"}}',
    )
  })

  it('has what is edited before it is read, for that may keep thinking that is left out otherwise', () => {
    const edits = '{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]}'
    expect(count(`{"context_management":${edits},"compaction":{},"messages":[]}`)).toBe(
      `{"context_management":${edits},"messages":[]}`,
    )
  })

  it('finds keys that are written with escapes, and keeps the last of two', () => {
    expect(JSON.parse(count('{"m\\u006fdel":"a","model":"b","__proto__":{"model":"c"}}'))).toEqual({ model: 'b' })
  })

  it('is empty for an empty body, and an error for none', () => {
    expect(count(' {} ')).toBe('{}')
    expect(() => count('[1]')).toThrow(MalformedBodyError)
    expect(() => count('{"model":"m"')).toThrow(MalformedBodyError)
  })

  it('is always valid JSON with the values that the request has', () => {
    const keys = fc.constantFrom('model', 'messages', 'system', 'tools', 'stream', 'max_tokens', 'output_format', 'x')
    fc.assert(
      fc.property(fc.dictionary(keys, fc.jsonValue()), (request) => {
        const { stream: _, max_tokens: __, x: ___, ...counted } = request
        expect(JSON.parse(count(JSON.stringify(request, null, 1)))).toEqual(JSON.parse(JSON.stringify(counted)))
      }),
    )
  })
})

describe('the answer', () => {
  it.each([
    [{ input_tokens: 7 }, 7],
    [{ input_tokens: 7, context_management: null }, 7],
    [{ input_tokens: 7, context_management: { original_input_tokens: 90 } }, 90],
    [{ input_tokens: 7, context_management: { original_input_tokens: '90' } }, null],
    [{ input_tokens: '7' }, null],
    [{ input_tokens: -1 }, null],
    [null, null],
  ])('%j is read as %s: what is cleared may still be read', (answer, tokens) => {
    expect(readCount(answer)).toBe(tokens)
  })
})
