import { expect, test } from 'vitest'
import { checkCacheHit } from './cache-hit.js'

const usage = {
  input_tokens: 120,
  cache_creation_input_tokens: 2_000,
  cache_read_input_tokens: 47_880,
  cache_creation: { ephemeral_5m_input_tokens: 1_500, ephemeral_1h_input_tokens: 500 },
  output_tokens: 900,
}

test('what was read, written and neither, and the share that was read', () => {
  expect(checkCacheHit({ id: 'msg_1', usage })).toEqual({
    cacheReadTokens: 47_880,
    cacheWriteTokens: 2_000,
    regularInputTokens: 120,
    cacheHitRate: 47_880 / 50_000,
  })
})

test('the usage alone does as well', () => {
  expect(checkCacheHit(usage)).toEqual(checkCacheHit({ usage }))
})

test('counters that are null or absent count as nothing', () => {
  const bare = { input_tokens: 10, output_tokens: 1, cache_creation_input_tokens: null, cache_read_input_tokens: null }
  const found = { cacheReadTokens: 0, cacheWriteTokens: 0, regularInputTokens: 10, cacheHitRate: 0 }
  expect(checkCacheHit({ usage: { ...bare, cache_creation: null } })).toEqual(found)
  expect(checkCacheHit({ usage: { input_tokens: 10, output_tokens: 1 } })).toEqual(found)
})

test('the hit rate of no prompt is 0', () => {
  expect(checkCacheHit({ input_tokens: 0, output_tokens: 0 }).cacheHitRate).toBe(0)
})

test('a warmed cache has written and answered nothing', () => {
  const warmed = { input_tokens: 0, cache_creation_input_tokens: 4_000, cache_read_input_tokens: 0, output_tokens: 0 }
  expect(checkCacheHit({ usage: warmed })).toMatchObject({ cacheWriteTokens: 4_000, cacheHitRate: 0 })
})

test('runs that the API lists one by one all count', () => {
  const run = { type: 'message', input_tokens: 100, cache_read_input_tokens: 300, output_tokens: 5 }
  const compaction = { type: 'compaction', input_tokens: 600, output_tokens: 50 }
  expect(checkCacheHit({ usage: { ...run, iterations: [compaction, run] } })).toEqual({
    cacheReadTokens: 300,
    cacheWriteTokens: 0,
    regularInputTokens: 700,
    cacheHitRate: 0.3,
  })
})

test.each([Promise.resolve({ usage }), {}, [], null, 'text'])('%j has no usage, and that is said', (response) => {
  expect(() => checkCacheHit(response as object)).toThrow(TypeError)
})
