/** Cases of usage and what they cost: hostile ones by hand, many more by a seeded game of chance. */

import { estimateCost } from '@runguard/sdk'
import {
  costOf,
  decimalUsd,
  formatUsd,
  loadPriceBook,
  type NanoUsd,
  parseUsd,
  priceList,
  readUsage,
} from '@runguard/sdk/core'
import { seededChance } from './seeded-chance.js'

/** What goes into the pricing of a call. */
export interface CostCase {
  readonly usage: unknown
  readonly model: string
  readonly requestedModel?: string
  readonly requestedTtl?: '5m' | '1h'
  /** ISO 8601. */
  readonly at: string
  readonly unknownModel: 'dearest' | 'flag'
}

const book = loadPriceBook(priceList)

/** What a case costs. */
export function priceCase(input: CostCase): object {
  const { model, requestedModel, requestedTtl, at, unknownModel } = input
  const context = {
    model,
    ...(requestedModel !== undefined && { requestedModel }),
    ...(requestedTtl !== undefined && { requestedTtl }),
  }
  const { usage, problems } = readUsage(input.usage, context)
  const cost = costOf(usage, book, Date.parse(at), unknownModel)
  const { nano, pico, basis, assumptions } = cost
  const lines = cost.lines.map((line) => [line.item, line.quantity, line.picoEach, line.pricedAs, line.card])
  return {
    nano,
    pico: String(pico),
    basis,
    assumptions: [...assumptions].sort(),
    problems: [...problems].sort(),
    lines,
  }
}

/** All cases with their costs. */
export function costVectors(): object {
  const cases = [...plainCases(), ...hostileUsages.map(hostileCase), ...chanceCases(400)]
  return {
    cases: cases.map((input) => ({ input, expect: priceCase(input) })),
    estimates: estimateVectors(),
    amounts: amountVectors(),
  }
}

const estimatedTokens = [
  [4_000, 500],
  [0, 0],
  [100_001, 0],
  [0.5, 0.5],
  [1_000_000_000, 1_000_000_000],
  [-1, 0],
  [0, 1_000_000_001],
] as const

/** List prices in dollars; null where the question is refused. */
function estimateVectors(): readonly object[] {
  const at = Date.parse('2026-11-27')
  const names = ['claude-haiku-5-5', 'claude-sonnet-4-6', 'claude-opus-5-5', 'claude-unheard-of', 'constructor']
  return names.flatMap((model) =>
    estimatedTokens.map(([input, output]) => ({ model, input, output, usd: estimateOrNull(model, input, output, at) })),
  )
}

function estimateOrNull(model: string, input: number, output: number, at: number): number | null {
  try {
    return estimateCost(model, input, output, { at })
  } catch {
    return null
  }
}

function plainCases(): readonly CostCase[] {
  const usage = { input_tokens: 1_234, output_tokens: 567, cache_read_input_tokens: 89_000 }
  return book.models.flatMap(({ id, aliases, prices }) =>
    [id, ...aliases].flatMap((model) =>
      [...prices.map(({ fromMs }) => fromMs), Date.parse('2026-11-27')].flatMap((at) =>
        [at - 1, at].map((moment): CostCase => {
          return { usage, model, at: new Date(moment).toISOString(), unknownModel: 'dearest' }
        }),
      ),
    ),
  )
}

function hostileCase(usage: unknown): CostCase {
  return { usage, model: 'claude-sonnet-5-5', at: '2026-11-27T12:00:00.000Z', unknownModel: 'dearest' }
}

const full = { input_tokens: 10, output_tokens: 20 }

const hostileUsages: readonly unknown[] = [
  null,
  'usage',
  [],
  {},
  { input_tokens: null, output_tokens: null },
  { input_tokens: -5, output_tokens: 1.5 },
  { input_tokens: '12', output_tokens: ' 0x1F ' },
  { input_tokens: '1_000', output_tokens: 'many' },
  { input_tokens: 'Infinity', output_tokens: '1e3' },
  { input_tokens: true, output_tokens: [7] },
  // White space of one language alone.
  { input_tokens: '\u001c12', output_tokens: '\ufeff12' },
  { input_tokens: 1e12, output_tokens: 1e300 },
  { output_tokens: 4 },
  { ...full, cache_creation_input_tokens: 500 },
  { ...full, cache_creation_input_tokens: 500, cache_creation: { ephemeral_5m_input_tokens: 100 } },
  { ...full, cache_creation_input_tokens: 5, cache_creation: { ephemeral_1h_input_tokens: 100 } },
  { ...full, cache_creation: 'half' },
  { ...full, cache_creation: null, cache_creation_input_tokens: 9 },
  { ...full, service_tier: 'batch', inference_geo: 'us', speed: 'fast' },
  { ...full, service_tier: 'gold', inference_geo: 'mars', speed: 'warp' },
  { ...full, service_tier: 'priority', inference_geo: '', speed: null },
  { ...full, server_tool_use: { web_search_requests: 3 } },
  { ...full, server_tool_use: 'search' },
  { ...full, server_tool_use: { web_search_requests: 1e9 } },
  { ...full, iterations: 'none' },
  { ...full, iterations: [] },
  {
    ...full,
    iterations: [
      { type: 'compaction', input_tokens: 900, output_tokens: 80 },
      { type: 'message', ...full },
    ],
  },
  { ...full, iterations: [{ type: 'message', ...full, model: 'claude-opus-5-5' }, 'noise', null] },
  {
    input_tokens: 50,
    output_tokens: 60,
    iterations: [
      { type: 'message', model: 'claude-fable-5-2', input_tokens: 40, output_tokens: 0 },
      { type: 'fallback_message', model: 'claude-opus-5-5', input_tokens: 40, output_tokens: 60 },
      { type: 'advisor_message', input_tokens: 5, output_tokens: 5 },
    ],
  },
  { ...full, iterations: Array.from({ length: 300 }, () => ({ type: 'message', ...full })) },
]

const otherModels = ['claude-opus-9', 'claude-haiku-next', 'gpt-x', '', 'constructor', 'claude-mythos-preview']

function chanceCases(count: number): readonly CostCase[] {
  const { below, pick, isLikely } = seededChance(11)
  const names = [...book.byName.keys(), ...otherModels]
  const tokens = (): number => Math.floor(10 ** (below(7_000) / 1_000))
  return Array.from({ length: count }, (): CostCase => {
    const split = { ephemeral_5m_input_tokens: tokens(), ephemeral_1h_input_tokens: tokens() }
    const writes = split.ephemeral_5m_input_tokens + split.ephemeral_1h_input_tokens
    const usage = {
      input_tokens: tokens(),
      output_tokens: tokens(),
      cache_read_input_tokens: isLikely(50) ? tokens() : null,
      ...(isLikely(50) && { cache_creation_input_tokens: writes }),
      ...(isLikely(30) && { cache_creation: split }),
      ...(isLikely(20) && { speed: pick(['fast', 'standard']) }),
      ...(isLikely(30) && { inference_geo: pick(['us', 'global', 'eu', 'not_available']) }),
      ...(isLikely(30) && { service_tier: pick(['batch', 'standard', 'priority']) }),
      ...(isLikely(10) && { server_tool_use: { web_search_requests: below(9) } }),
    }
    return {
      usage,
      model: pick(names),
      ...(isLikely(20) && { requestedModel: pick(names) }),
      ...(isLikely(40) && { requestedTtl: pick(['5m', '1h'] as const) }),
      at: new Date(Date.parse('2024-06-01') + below(900) * 86_400_000).toISOString(),
      unknownModel: pick(['dearest', 'flag'] as const),
    }
  })
}

const writtenAmounts = [
  '$20',
  '0.05',
  ' $ 5 ',
  '20.',
  '-1',
  '1e3',
  '0.0000000001',
  '9999999999',
  '',
  '$0.000000001',
  '٣',
  '\ufeff5',
  '\u001c5',
  '$\n5',
]
const shownAmounts = [0, 1, 55, 5_500, 13_100_000, 500_000_000, 999_999_999, 1_000_000_000, 12_345_678_901, -42, 9e15]

function amountVectors(): object {
  return {
    written: writtenAmounts.map((text) => ({ text, nano: nanoOf(text) })),
    shown: shownAmounts.map((nano) => {
      return { nano, decimal: decimalUsd(nano as NanoUsd), text: formatUsd(nano as NanoUsd) }
    }),
  }
}

/** Null for what is no amount. */
function nanoOf(text: string): number | null {
  try {
    return parseUsd(text)
  } catch {
    return null
  }
}
