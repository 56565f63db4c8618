import type { ListedModel } from '../price-schema.js'
import { card, largeContext } from './shared.js'

/**
 * Fable, and Mythos beside it: the same models for verified organisations.
 *
 * The read price is 0.025 of the input price since 5.1. The hidden tool prompt of these models is not published.
 */
export const fableModels: readonly ListedModel[] = [
  {
    id: 'claude-fable-5-2',
    line: 'fable',
    ...largeContext,
    tokenizer: 'new',
    minCacheableTokens: 512,
    toolPrompt: null,
    released: '2026-11-09',
    deprecated: null,
    retires: null,
    prices: [{ from: '2026-11-09', base: card(8, 10, 16, 0.2, 40), fast: card(16, 20, 32, 0.4, 80) }],
  },
  {
    id: 'claude-mythos-5-2',
    line: 'mythos',
    ...largeContext,
    tokenizer: 'new',
    minCacheableTokens: 512,
    toolPrompt: null,
    released: '2026-11-09',
    deprecated: null,
    retires: null,
    // Fable 5.2's fast card: no page lists one, but Anthropic's own client charges Mythos 5.2 twice the base as well.
    prices: [{ from: '2026-11-09', base: card(8, 10, 16, 0.2, 40), fast: card(16, 20, 32, 0.4, 80) }],
  },
  {
    id: 'claude-fable-5-1',
    line: 'fable',
    ...largeContext,
    tokenizer: 'new',
    minCacheableTokens: 512,
    toolPrompt: null,
    released: '2026-09-01',
    deprecated: null,
    retires: null,
    prices: [{ from: '2026-09-01', base: card(10, 12.5, 20, 0.25, 50) }],
  },
  {
    id: 'claude-mythos-5-1',
    line: 'mythos',
    ...largeContext,
    tokenizer: 'new',
    minCacheableTokens: 512,
    toolPrompt: null,
    released: '2026-09-01',
    deprecated: null,
    retires: null,
    prices: [{ from: '2026-09-01', base: card(10, 12.5, 20, 0.25, 50) }],
  },
  {
    id: 'claude-fable-5',
    line: 'fable',
    ...largeContext,
    tokenizer: 'new',
    minCacheableTokens: 512,
    toolPrompt: null,
    released: '2026-06-09',
    deprecated: null,
    retires: null,
    prices: [{ from: '2026-06-09', base: card(10, 12.5, 20, 1, 50) }],
  },
  {
    id: 'claude-mythos-5',
    line: 'mythos',
    ...largeContext,
    tokenizer: 'new',
    minCacheableTokens: 512,
    toolPrompt: null,
    released: '2026-06-09',
    deprecated: null,
    retires: null,
    prices: [{ from: '2026-06-09', base: card(10, 12.5, 20, 1, 50) }],
  },
  {
    id: 'claude-mythos-preview',
    line: 'mythos',
    contextWindow: null,
    maxOutput: null,
    tokenizer: null,
    usGeoMultiplier: null,
    minCacheableTokens: 2_048,
    toolPrompt: null,
    released: null,
    // The day of the documentation that says so; the day it happened is not published.
    deprecated: '2026-08-21',
    retires: null,
    // Its price is not published either: it is charged by the policy for unknown models.
    prices: [],
  },
]
