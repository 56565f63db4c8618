import { describe, expect, it } from 'vitest'
import { decimalUsd } from '../cost/money.js'
import { loadPriceBook } from '../cost/price.js'
import { priceList } from '../cost/price-list.js'
import { addEstimates, costBatchMessage, emptyEstimate, estimateBatchItem } from './batch-cost.js'

const pricing = { book: loadPriceBook(priceList), atMs: Date.UTC(2026, 10, 26), unknownModel: 'dearest' } as const

describe('what a batch costs', () => {
  it('is half of a single call, exactly, by the usage of the answer', () => {
    const usage = {
      input_tokens: 120,
      cache_creation_input_tokens: 2_000,
      cache_read_input_tokens: 48_000,
      cache_creation: { ephemeral_5m_input_tokens: 2_000, ephemeral_1h_input_tokens: 0 },
      output_tokens: 900,
    }
    for (const service_tier of ['batch', 'standard', null]) {
      const cost = costBatchMessage({ model: 'claude-opus-5-5', usage: { ...usage, service_tier } }, pricing)
      expect(decimalUsd(cost.nano)).toBe('0.01904')
      expect(decimalUsd(cost.directNano)).toBe('0.03808')
      expect(cost.isEstimated).toBe(false)
    }
  })

  it('says so when it is not known, and is never free', () => {
    const message = { model: 'claude-opus-9', usage: { input_tokens: 10, output_tokens: 10 } }
    expect(costBatchMessage(message, pricing)).toMatchObject({ isEstimated: true, nano: expect.any(Number) })
    expect(costBatchMessage(message, pricing).nano).toBeGreaterThan(0)
    expect(costBatchMessage({ model: 'claude-opus-5-5' }, pricing).isEstimated).toBe(true)
    expect(costBatchMessage('nonsense', pricing).isEstimated).toBe(true)
  })

  it('is estimated beforehand: 1,000 summaries of about 2,000 tokens, at half price', () => {
    const content = 'The quick brown fox jumps over the lazy dog, and then it goes home. '.repeat(100)
    const params = { model: 'claude-haiku-5-5', max_tokens: 1_000, messages: [{ role: 'user', content }] }
    let sum = emptyEstimate
    for (let index = 0; index < 1_000; index++) sum = addEstimates(sum, estimateBatchItem(params, pricing, 200))
    expect(sum.items).toBe(1_000)
    expect(sum.outputTokens).toBe(200_000)
    expect(sum.inputTokens / 1_000).toBeGreaterThan(1_300)
    expect(sum.inputTokens / 1_000).toBeLessThan(3_000)
    expect(sum.directNano).toBe(sum.inputTokens * 100 + 200_000 * 500)
    expect(sum.batchNano * 2).toBe(sum.directNano)
    expect(sum.isEstimated).toBe(true)
  })

  it('counts all of max_tokens when nobody knows how long the answers are, and never more', () => {
    const params = { model: 'claude-haiku-5-5', max_tokens: 50, messages: [{ role: 'user', content: 'hi' }] }
    expect(estimateBatchItem(params, pricing).outputTokens).toBe(50)
    expect(estimateBatchItem(params, pricing, 5_000).outputTokens).toBe(50)
  })
})
