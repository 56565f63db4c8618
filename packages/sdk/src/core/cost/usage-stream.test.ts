import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sumTokens, type UsageContext } from './usage.js'
import { mergeStreamUsage, readStreamUsage, startStreamUsage } from './usage-stream.js'

const context: UsageContext = { model: 'claude-sonnet-5-5' }
const message = {
  model: 'claude-opus-5-5',
  usage: {
    input_tokens: 42,
    cache_creation_input_tokens: 1_200,
    cache_read_input_tokens: 8_000,
    cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 1_000 },
    output_tokens: 1,
    service_tier: 'standard',
    speed: 'fast',
    inference_geo: 'us',
  },
}

function readAfter(deltas: readonly unknown[], start: unknown = message, of = context) {
  const { usage, problems } = readStreamUsage(deltas.reduce(mergeStreamUsage, startStreamUsage(start, of)))
  return { usage, problems, tokens: sumTokens(usage) }
}

describe('a stream', () => {
  test('is billed by the model that answers, with what only its start says', () => {
    const { usage, problems } = readAfter([{ output_tokens: 57 }])
    expect(usage).toMatchObject({ speed: 'fast', geo: 'us', tier: 'standard' })
    const counts = { input: 42, write5m: 200, write1h: 1_000, read: 8_000, output: 57 }
    expect(usage.parts).toEqual([{ kind: 'message', model: 'claude-opus-5-5', ...counts }])
    expect(problems).toEqual([])
  })

  test('overwrites cumulative counters and never adds them', () => {
    const { tokens } = readAfter([
      { output_tokens: 10, input_tokens: 42 },
      { output_tokens: 30, input_tokens: 90 },
    ])
    expect(tokens).toMatchObject({ input: 90, output: 30 })
  })

  test('keeps what it knows when a later event says null', () => {
    const { tokens } = readAfter([
      { output_tokens: 9, input_tokens: null, cache_read_input_tokens: null },
      null,
      undefined,
    ])
    expect(tokens).toMatchObject({ input: 42, read: 8_000, output: 9 })
  })

  test('has writes that grow under server tools at 5 minutes, without a complaint', () => {
    const { tokens, problems } = readAfter([{ output_tokens: 9, cache_creation_input_tokens: 1_500 }])
    expect(tokens).toMatchObject({ write5m: 500, write1h: 1_000 })
    expect(problems).toEqual([])
  })

  test('whose start does not split an hour of writes still has the growth at 5 minutes', () => {
    const start = { model: 'm', usage: { input_tokens: 1, output_tokens: 1, cache_creation_input_tokens: 100 } }
    const { tokens } = readAfter([{ cache_creation_input_tokens: 130 }], start, { ...context, requestedTtl: '1h' })
    expect(tokens).toMatchObject({ write5m: 30, write1h: 100 })
  })

  test('counts searches and iterations of its end', () => {
    const { usage } = readAfter([
      {
        output_tokens: 9,
        server_tool_use: { web_search_requests: 3 },
        iterations: [
          { type: 'compaction', input_tokens: 70 },
          { type: 'message', input_tokens: 42, output_tokens: 9 },
        ],
      },
    ])
    expect(usage.webSearches).toBe(3)
    expect(usage.parts.map((part) => part.kind)).toContain('compaction')
  })

  test.each([
    [{ output_tokens: -5 }],
    [{ output_tokens: '9e99' }],
    [{ output_tokens: 12, input_tokens: {} }],
    ['x'],
    [[1]],
  ])('does not lose its counters to %j, and reports it', (delta) => {
    const { tokens, problems } = readAfter([{ output_tokens: 12 }, delta])
    expect(tokens).toMatchObject({ input: 42, output: 12 })
    expect(problems).toContain('bad-count')
  })

  test.each([null, 'x', [], {}, { usage: 7 }, { model: '', usage: null }])('survives a start that is %j', (start) => {
    const { usage, problems } = readAfter([], start)
    expect(usage.parts[0]?.model).toBe('claude-sonnet-5-5')
    expect(problems).toEqual(['missing'])
  })

  test('reports a start whose split does not add up', () => {
    const usage = { ...message.usage, cache_creation_input_tokens: 9_999 }
    const { tokens, problems } = readAfter([], { ...message, usage })
    expect(tokens).toMatchObject({ write5m: 8_999, write1h: 1_000 })
    expect(problems).toEqual(['split-mismatch'])
  })

  test('merging the same event again changes nothing', () => {
    const anyCounter = fc.option(fc.oneof(fc.nat(5_000_000), fc.double(), fc.string()), { nil: null })
    const anyDelta = fc.record(
      {
        input_tokens: anyCounter,
        output_tokens: anyCounter,
        cache_creation_input_tokens: anyCounter,
        cache_read_input_tokens: anyCounter,
        server_tool_use: fc.option(fc.record({ web_search_requests: anyCounter }), { nil: null }),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.array(anyDelta, { maxLength: 4 }), anyDelta, (deltas, last) => {
        expect(readAfter([...deltas, last, last])).toEqual(readAfter([...deltas, last]))
      }),
    )
  })
})
