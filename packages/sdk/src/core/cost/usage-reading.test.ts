import { describe, expect, test } from 'vitest'
import { cacheHitRate, sumTokens, totalPrompt } from './usage.js'
import { readUsage } from './usage-reading.js'

const context = { model: 'claude-opus-5-5' }
const none = { input: 0, write5m: 0, write1h: 0, read: 0, output: 0 }

function tokensOf(raw: unknown, requestedTtl: '5m' | '1h' | null = null) {
  const { usage, problems } = readUsage(raw, { ...context, requestedTtl })
  return { ...sumTokens(usage), problems }
}

describe('a response', () => {
  test('is read as reported', () => {
    const { usage, problems } = readUsage(
      {
        input_tokens: 42,
        cache_creation_input_tokens: 1_200,
        cache_read_input_tokens: 8_000,
        cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 1_000 },
        output_tokens: 57,
        output_tokens_details: { thinking_tokens: 20 },
        server_tool_use: { web_search_requests: 2, web_fetch_requests: 1 },
        service_tier: 'batch',
        speed: 'fast',
        inference_geo: 'us',
      },
      context,
    )
    const counts = { input: 42, write5m: 200, write1h: 1_000, read: 8_000, output: 57 }
    const parts = [{ kind: 'message', model: 'claude-opus-5-5', ...counts }]
    expect(usage).toEqual({ parts, webSearches: 2, speed: 'fast', geo: 'us', tier: 'batch' })
    expect(problems).toEqual([])
    expect(totalPrompt(counts)).toBe(9_242)
    expect(cacheHitRate(counts)).toBeCloseTo(8_000 / 9_242)
    expect(cacheHitRate(none)).toBeNull()
  })

  test('has zero where the API says null', () => {
    const raw = { input_tokens: 5, output_tokens: 1, cache_read_input_tokens: null, server_tool_use: null, speed: null }
    expect(tokensOf(raw)).toEqual({ ...none, input: 5, output: 1, problems: [] })
  })

  test('without a split of its writes has them at 5 minutes, unless only an hour was asked for', () => {
    const raw = { input_tokens: 0, output_tokens: 1, cache_creation_input_tokens: 9, cache_creation: null }
    expect(tokensOf(raw)).toMatchObject({ write5m: 9, write1h: 0, problems: [] })
    expect(tokensOf(raw, '5m')).toMatchObject({ write5m: 9, write1h: 0 })
    expect(tokensOf(raw, '1h')).toMatchObject({ write5m: 0, write1h: 9, problems: [] })
  })

  test.each([
    [10, 3, 4, { write5m: 6, write1h: 4, problems: ['split-mismatch'] }],
    [5, 3, 4, { write5m: 3, write1h: 4, problems: ['split-mismatch'] }],
    [null, 3, 4, { write5m: 3, write1h: 4, problems: [] }],
  ])('with %j writes split into %d and %d is charged for the larger', (total, short, long, expected) => {
    const split = { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long }
    const raw = { input_tokens: 1, output_tokens: 1, cache_creation_input_tokens: total, cache_creation: split }
    expect(tokensOf(raw)).toMatchObject(expected)
  })
})

describe('iterations', () => {
  test('are billed each by its own model, beyond what the call counts itself', () => {
    const raw = {
      input_tokens: 100,
      output_tokens: 10,
      iterations: [
        { type: 'compaction', input_tokens: 5_000, output_tokens: 300 },
        { type: 'message', model: null, input_tokens: 100, output_tokens: 10 },
        { type: 'advisor_message', model: 'claude-fable-5-2', input_tokens: 50, output_tokens: 5 },
      ],
    }
    const { usage, problems } = readUsage(raw, context)
    expect(usage.parts.map(({ kind, model, input }) => [kind, model, input])).toEqual([
      ['compaction', 'claude-opus-5-5', 5_000],
      ['message', 'claude-opus-5-5', 100],
      ['advisor_message', 'claude-fable-5-2', 50],
    ])
    expect(problems).toEqual([])
  })

  test('that fall short of the call are filled up and reported', () => {
    const raw = { input_tokens: 100, output_tokens: 10, iterations: [{ type: 'message', input_tokens: 40 }] }
    expect(tokensOf(raw)).toMatchObject({ input: 100, output: 10, problems: ['short-iterations'] })
  })

  test('by the hundred thousand are all charged, in a record that stays small', () => {
    const iterations = Array.from({ length: 100_000 }, () => ({ input_tokens: 1, output_tokens: 2 }))
    const { usage, problems } = readUsage({ iterations }, context)
    expect(usage.parts.length).toBeLessThan(300)
    expect(sumTokens(usage)).toMatchObject({ input: 100_000, output: 200_000 })
    expect(problems).toEqual(['bad-iterations'])
  })

  test.each([['text'], [7], [{ length: 3 }], [[null, 1, 'x']]])('that are %j leave the call billed', (iterations) => {
    expect(tokensOf({ input_tokens: 3, output_tokens: 4, iterations })).toMatchObject({ input: 3, output: 4 })
    expect(tokensOf({ input_tokens: 3, output_tokens: 4, iterations }).problems).toContain('bad-iterations')
  })
})

describe('a counter that cannot be one', () => {
  test.each([
    [-5, 0],
    [1.5, 2],
    [Number.NaN, 0],
    [Number.POSITIVE_INFINITY, 1_000_000_000],
    [1e12, 1_000_000_000],
    ['120', 120],
    ['many', 0],
    [true, 0],
    [{}, 0],
    [[7], 0],
  ])('%j is read as %d and reported', (value, tokens) => {
    expect(tokensOf({ input_tokens: value, output_tokens: 1 })).toMatchObject({
      input: tokens,
      problems: ['bad-count'],
    })
  })

  test.each([null, undefined, 'usage', 7, [], {}, { input_tokens: null }])('no usage (%j) is reported', (raw) => {
    expect(tokensOf(raw)).toEqual({ ...none, problems: ['missing'] })
  })

  test('an unknown speed is read as the dear one, an unknown tier as no discount', () => {
    const raw = { input_tokens: 1, output_tokens: 1, speed: 'turbo', service_tier: 'flex', inference_geo: 5 }
    const { usage, problems } = readUsage(raw, context)
    expect(usage).toMatchObject({ speed: 'fast', tier: 'standard', geo: null })
    expect(problems).toEqual(['unknown-speed', 'unknown-tier'])
  })
})
