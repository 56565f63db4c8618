import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clampBody, clampFloor, outputLimit } from './clamp.js'
import { scanCall } from './scan.js'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const viewOf = (request: object) =>
  scanCall(bytesOf(JSON.stringify({ model: 'claude-opus-5-5', messages: [], ...request })))
const floorOf = (request: { max_tokens: number } & Record<string, unknown>) =>
  clampFloor(viewOf(request), request.max_tokens)

describe('the lowest max_tokens', () => {
  it('leaves room for an answer, never more than was asked for', () => {
    expect(floorOf({ max_tokens: 128_000 })).toBe(256)
    expect(floorOf({ max_tokens: 20 })).toBe(20)
  })

  it('stays above the thinking budget', () => {
    expect(floorOf({ max_tokens: 32_000, thinking: { type: 'enabled', budget_tokens: 10_000 } })).toBe(10_256)
    expect(floorOf({ max_tokens: 10_001, thinking: { type: 'enabled', budget_tokens: 10_000 } })).toBe(10_001)
  })

  it('leaves a model that decides about its thinking the least the API allows', () => {
    expect(floorOf({ max_tokens: 128_000, thinking: { type: 'adaptive' } })).toBe(1_280)
    expect(floorOf({ max_tokens: 128_000, thinking: { type: 'disabled' } })).toBe(256)
    expect(floorOf({ max_tokens: 9_000, thinking: { type: 'enabled', budget_tokens: 'x' } })).toBe(1_280)
  })

  it('leaves room for a whole object where one was asked for', () => {
    expect(floorOf({ max_tokens: 8_000, output_config: { format: { type: 'json_schema', schema: {} } } })).toBe(1_024)
    expect(floorOf({ max_tokens: 8_000, output_config: { effort: 'low', format: null } })).toBe(256)
    expect(floorOf({ max_tokens: 8_000, tool_choice: { type: 'tool', name: 'x' } })).toBe(1_024)
  })

  it('of a request that only warms the cache is nothing', () => {
    expect(floorOf({ max_tokens: 0 })).toBe(0)
    expect(outputLimit(viewOf({ max_tokens: 0 }), 64_000)).toBe(0)
  })
})

describe('the most output of a request', () => {
  it.each([
    [undefined, 64_000],
    ['100', 64_000],
    [-1, 64_000],
    [1.5, 64_000],
    [1e99, 64_000],
    [9e15, 1_000_000],
    [300_000, 300_000],
  ])('with max_tokens %s is %s', (maxTokens, limit) => {
    expect(outputLimit(viewOf({ max_tokens: maxTokens }), 64_000)).toBe(limit)
  })
})

describe('a clamped body', () => {
  const key = fc.oneof(fc.constantFrom('max_tokens', 'model', '"max_tokens":1', 'metadata'), fc.string())
  const space = fc.constantFrom('', ' ', '\n\t', '\r\n  ')
  const members = fc.array(
    fc.tuple(
      key.filter((name) => name !== 'max_tokens'),
      fc.jsonValue(),
      space,
    ),
    { maxLength: 6 },
  )
  const number = fc.constantFrom('0', '1', '128000', '1e3', '4.096E3')

  it('is the same to the byte but for that number, and reads as the same request', () => {
    fc.assert(
      fc.property(members, members, number, fc.nat(), space, (before, after, old, maxTokens, gap) => {
        const write = ([name, value, blank]: [string, unknown, string]) =>
          `${JSON.stringify(name)}:${blank}${JSON.stringify(value)}`
        const own = `"max_tokens"${gap}:${gap}`
        const head = ['{', ...before.map((member) => `${write(member)},`), own].join(gap)
        const tail = [...after.map((member) => `${gap},${write(member)}`), '}'].join(gap)
        const body = bytesOf(head + old + tail)
        const clamped = textOf(clampBody(body, scanCall(body), maxTokens))
        expect(clamped).toBe(head + maxTokens + tail)
        expect(JSON.parse(clamped)).toEqual({ ...JSON.parse(head + old + tail), max_tokens: maxTokens })
      }),
    )
  })

  it('changes the one of two that a JSON reader takes', () => {
    const body = bytesOf('{"max_tokens":1,"nested":{"max_tokens":3},"max\\u005ftokens":2}')
    expect(textOf(clampBody(body, scanCall(body), 500))).toBe(
      '{"max_tokens":1,"nested":{"max_tokens":3},"max\\u005ftokens":500}',
    )
  })

  it.each([
    '{"max_tokens":"100"}',
    '{"max_tokens":null}',
    '{"max_tokens":-5}',
    '{"max_tokens":1.5}',
    '{"max_tokens":9007199254740993}',
    '{}',
  ])('cannot be made of %s', (text) => {
    const body = bytesOf(text)
    expect(() => clampBody(body, scanCall(body), 1)).toThrow(RangeError)
  })
})
