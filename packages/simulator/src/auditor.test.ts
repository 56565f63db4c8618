import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { auditBills, costOfUsage } from './auditor.js'
import { openEntry } from './log.js'
import { type Card, pricedModels, pricesOf } from './prices.js'
import type { Usage } from './usage.js'

const now = Date.UTC(2026, 10, 26)

interface Tokens {
  readonly input?: number
  readonly w5?: number
  readonly w1?: number
  readonly read?: number
  readonly output?: number
}

function counts({ input = 0, w5 = 0, w1 = 0, read = 0, output = 0 }: Tokens) {
  return {
    input_tokens: input,
    cache_creation_input_tokens: w5 + w1,
    cache_read_input_tokens: read,
    cache_creation: { ephemeral_5m_input_tokens: w5, ephemeral_1h_input_tokens: w1 },
    output_tokens: output,
  }
}

function usage(tokens: Tokens, extra: Partial<Usage> = {}): Usage {
  return {
    ...counts(tokens),
    output_tokens_details: null,
    server_tool_use: null,
    service_tier: 'standard',
    speed: 'standard',
    inference_geo: 'global',
    ...extra,
  }
}

/** Dollars with up to nine decimals, as nano-dollars. */
function nano(dollars: string): bigint {
  const [whole = '0', fraction = ''] = dollars.split('.')
  return BigInt(whole + fraction.padEnd(9, '0'))
}

const v1 = { input: 120, w5: 2000, read: 48_000, output: 900 }
const searches = { web_search_requests: 3, web_fetch_requests: 0 }

describe('a bill', () => {
  it.each([
    ['V1', 'claude-opus-5-5', usage(v1), '0.03808'],
    ['V2 batch', 'claude-opus-5-5', usage(v1, { service_tier: 'batch' }), '0.01904'],
    ['V3 US region', 'claude-opus-5-5', usage(v1, { inference_geo: 'us' }), '0.041888'],
    ['V4 fast', 'claude-opus-5-5', usage(v1, { speed: 'fast' }), '0.07616'],
    ['V5 100,000 tokens', 'claude-haiku-5-5', usage({ input: 1000, read: 99_000, output: 500 }), '0.00134'],
    ['V6 100,001 tokens', 'claude-haiku-5-5', usage({ input: 1001, read: 99_000, output: 500 }), '0.0067005'],
    ['V7 one hour', 'claude-sonnet-4-6', usage({ input: 50, w1: 20_000, output: 300 }), '0.12465'],
    ['V8', 'claude-haiku-4-5-20251001', usage({ input: 10_000, output: 1000 }), '0.015'],
    ['V9', 'claude-opus-4-7', usage({ input: 10_000, output: 1000 }), '0.075'],
    [
      'V10 batch, region, searches',
      'claude-sonnet-5-5',
      usage(
        { input: 5000, read: 20_000, w5: 1000, output: 800 },
        { service_tier: 'batch', inference_geo: 'us', server_tool_use: searches },
      ),
      '0.042375',
    ],
    [
      'V11 both lifetimes',
      'claude-fable-5-2',
      usage({ input: 10, w5: 1500, w1: 30_000, read: 200_000, output: 2500 }),
      '0.63508',
    ],
  ])('gives the published example %s', (_name, model, given, dollars) => {
    expect(costOfUsage(given, model, now)).toBe(nano(dollars))
  })

  it('is rounded up once, to whole nano-dollars', () => {
    const one = usage({ read: 1 }, { service_tier: 'batch', inference_geo: 'us' })
    expect(costOfUsage(one, 'claude-haiku-5-5', now)).toBe(6n)
  })

  it('follows the date: Sonnet 5.5 reads cost half since 2026-10-07', () => {
    const million = usage({ read: 1_000_000 })
    expect(costOfUsage(million, 'claude-sonnet-5-5', Date.UTC(2026, 9, 6, 23, 59))).toBe(nano('0.2'))
    expect(costOfUsage(million, 'claude-sonnet-5-5', Date.UTC(2026, 9, 7))).toBe(nano('0.1'))
  })

  it('adds up the runs of a request, each at its own model', () => {
    const serving = counts({ input: 1000, output: 10 })
    const both = usage(
      { input: 1000, output: 10 },
      {
        iterations: [
          { type: 'message', model: 'claude-opus-5-5', ...counts({ input: 1000, output: 1 }) },
          { type: 'fallback_message', model: 'claude-sonnet-5-5', ...serving },
        ],
      },
    )
    const opus = costOfUsage(usage({ input: 1000, output: 1 }), 'claude-opus-5-5', now)
    const sonnet = costOfUsage(usage({ input: 1000, output: 10 }), 'claude-sonnet-5-5', now)
    expect(costOfUsage(both, 'claude-sonnet-5-5', now)).toBe(opus + sonnet)
  })

  it('leaves out an attempt that was refused before it said anything', () => {
    const refused = { type: 'message', model: 'claude-opus-5-5', ...counts({ input: 9000 }) } as const
    const served = {
      type: 'fallback_message',
      model: 'claude-sonnet-5-5',
      ...counts({ input: 10, output: 1 }),
    } as const
    const given = usage({ input: 10, output: 1 }, { iterations: [refused, served] })
    const alone = costOfUsage(usage({ input: 10, output: 1 }), 'claude-sonnet-5-5', now)
    expect(costOfUsage(given, 'claude-sonnet-5-5', now)).toBe(alone)
  })

  it('is refused for a model without a price', () => {
    expect(() => costOfUsage(usage({ input: 1 }), 'claude-opus-9', now)).toThrow(
      "no price for the model 'claude-opus-9'",
    )
    expect(() => costOfUsage(usage({ input: 1 }, { speed: 'fast' }), 'claude-opus-4-7', now)).toThrow('no fast price')
  })
})

describe('an audit', () => {
  it('sums by request and by model and leaves out what is not billed', () => {
    const arrival = { atMs: now, method: 'POST', path: '/v1/messages', userAgent: null, sessionId: null }
    const bill = { isBilled: true, model: 'claude-haiku-4-5-20251001', usage: usage({ input: 1000 }) }
    const audit = auditBills([
      { ...openEntry({ ...arrival, id: 'a' }), ...bill },
      { ...openEntry({ ...arrival, id: 'b' }), ...bill, isBilled: false },
      { ...openEntry({ ...arrival, id: 'c' }), ...bill },
    ])
    expect([...audit.byRequest]).toEqual([
      ['a', nano('0.001')],
      ['c', nano('0.001')],
    ])
    expect(audit.byModel.get('claude-haiku-4-5-20251001')).toBe(nano('0.002'))
    expect(audit.total).toBe(nano('0.002'))
  })
})

interface PublishedCard {
  readonly input: number
  readonly cache_write_5m: number
  readonly cache_write_1h: number
  readonly cache_read: number
  readonly output: number
}

interface PublishedModel extends PublishedCard {
  readonly id: string
  readonly aliases: readonly string[]
  readonly long_prompt_tiers: readonly (PublishedCard & { readonly above_prompt_tokens: number })[]
  readonly fast_mode: PublishedCard | null
  readonly price_history: readonly { readonly until: string; readonly cache_read?: number }[]
}

const toCard = (price: PublishedCard): Card => ({
  input: toNano(price.input),
  write5m: toNano(price.cache_write_5m),
  write1h: toNano(price.cache_write_1h),
  read: toNano(price.cache_read),
  output: toNano(price.output),
})

/** Dollars per million tokens to nano-dollars per token; throws where that is not whole. */
const toNano = (perMillion: number) => BigInt(Number((perMillion * 1000).toFixed(6)))

describe('the price list', () => {
  it('equals the published one, where that is at hand', (context) => {
    const published = new URL('../../../../shared/facts/prices.json', import.meta.url)
    if (!existsSync(published)) context.skip('it needs shared/facts/prices.json beside the repository')
    const file: { models: PublishedModel[] } = JSON.parse(readFileSync(published, 'utf8'))
    const models = file.models.filter(({ input }) => input !== null)
    for (const model of models) checkPrices(model)
    const names = models.flatMap(({ id, aliases }) => [id, ...aliases])
    expect(pricedModels.flatMap((model) => model.names).toSorted()).toEqual(names.toSorted())
  })
})

function checkPrices(model: PublishedModel): void {
  for (const name of [model.id, ...model.aliases]) {
    const period = pricesOf(name, now)
    expect(period.card, name).toEqual(toCard(model))
    expect(period.fast ?? null, name).toEqual(model.fast_mode === null ? null : toCard(model.fast_mode))
    const long = model.long_prompt_tiers.map((tier) => ({ aboveTokens: tier.above_prompt_tokens, card: toCard(tier) }))
    expect(period.long === undefined ? [] : [period.long], name).toEqual(long)
  }
  for (const { until, cache_read } of model.price_history) {
    const before = pricesOf(model.id, Date.parse(until) - 1)
    expect(before.until).toBe(until)
    if (cache_read !== undefined) expect(before.card.read).toBe(toNano(cache_read))
  }
}
