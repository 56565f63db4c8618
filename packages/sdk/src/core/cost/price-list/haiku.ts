import type { ListedModel } from '../price-schema.js'
import { card, largeContext, smallContext, toolPrompt } from './shared.js'

/** Haiku. 5.5 is the one current model with a price by prompt length: above 100,000 tokens all of it costs five times. */
export const haikuModels: readonly ListedModel[] = [
  {
    id: 'claude-haiku-5-5',
    line: 'haiku',
    ...largeContext,
    tokenizer: 'new',
    minCacheableTokens: 512,
    toolPrompt: null,
    released: '2026-10-07',
    deprecated: null,
    retires: null,
    prices: [
      {
        from: '2026-10-07',
        base: card(0.1, 0.125, 0.2, 0.01, 0.5),
        long: { abovePromptTokens: 100_000, card: card(0.5, 0.625, 1, 0.05, 2.5) },
      },
    ],
  },
  {
    id: 'claude-haiku-4-5-20251001',
    aliases: ['claude-haiku-4-5'],
    line: 'haiku',
    ...smallContext,
    maxOutput: 64_000,
    minCacheableTokens: 4_096,
    toolPrompt: toolPrompt(496, 588),
    released: '2025-10-15',
    deprecated: null,
    retires: null,
    prices: [{ from: '2025-10-15', base: card(1, 1.25, 2, 0.1, 5) }],
  },
  {
    id: 'claude-3-5-haiku-20241022',
    aliases: ['claude-3-5-haiku-latest'],
    line: 'haiku',
    ...smallContext,
    maxOutput: 8_192,
    minCacheableTokens: 2_048,
    toolPrompt: toolPrompt(264, 355),
    released: '2024-10-22',
    deprecated: '2025-12-19',
    retires: '2026-02-19',
    prices: [{ from: '2024-10-22', base: card(0.8, 1, 1.6, 0.08, 4) }],
  },
  {
    id: 'claude-3-haiku-20240307',
    line: 'haiku',
    ...smallContext,
    maxOutput: 4_096,
    minCacheableTokens: 2_048,
    toolPrompt: null,
    released: '2024-03-07',
    deprecated: '2026-02-19',
    retires: '2026-04-20',
    prices: [{ from: '2024-03-07', base: card(0.25, 0.3, 0.5, 0.03, 1.25) }],
  },
]
