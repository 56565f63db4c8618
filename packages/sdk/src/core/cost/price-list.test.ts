import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { testOnData } from '../../../../../scripts/testing/shared-data.js'
import { findPrice, loadPriceBook } from './price.js'
import { priceList } from './price-list.js'
import type { PriceCard, PricedModel } from './price-schema.js'

const book = loadPriceBook(priceList)
const today = Date.parse('2026-11-26')

/** Where the list says more than the facts it was made from. */
const additions = {
  fast: ['claude-mythos-5-2', 'claude-opus-4-6', 'claude-opus-4-7'],
  deprecated: ['claude-mythos-preview'],
}

interface FactCard {
  readonly input: number
  readonly cache_write_5m: number
  readonly cache_write_1h: number
  readonly cache_read: number
  readonly output: number
}

interface Fact extends FactCard {
  readonly id: string
  readonly aliases: readonly string[]
  readonly context_window: number | null
  readonly max_output: number | null
  readonly min_cacheable_tokens: number | null
  readonly tokenizer: '4.7+' | 'pre-4.7' | null
  readonly us_inference_geo_multiplier: number | null
  readonly released: string | null
  readonly deprecated: string | null
  readonly retires: string | null
  readonly long_prompt_tiers: readonly (FactCard & { readonly above_prompt_tokens: number })[]
  readonly fast_mode: FactCard | null
}

function dayOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString().slice(0, 10)
}

function factCard(card: PriceCard | undefined | null): FactCard | null {
  if (card === undefined || card === null) return null
  const [input, cache_write_5m, cache_write_1h, cache_read, output] = [
    card.input,
    card.write5m,
    card.write1h,
    card.read,
    card.output,
  ].map((pico) => pico / 1e6)
  return { input, cache_write_5m, cache_write_1h, cache_read, output } as FactCard
}

function onlyCard(fact: FactCard): FactCard | null {
  const { input, cache_write_5m, cache_write_1h, cache_read, output } = fact
  return input === null ? null : { input, cache_write_5m, cache_write_1h, cache_read, output }
}

function describeFact(fact: Fact) {
  const [long] = fact.long_prompt_tiers
  return {
    aliases: fact.aliases,
    contextWindow: fact.context_window,
    maxOutput: fact.max_output,
    minCacheableTokens: fact.min_cacheable_tokens,
    tokenizer: fact.tokenizer && (fact.tokenizer === '4.7+' ? 'new' : 'old'),
    geo: fact.us_inference_geo_multiplier ?? 1,
    released: fact.released,
    deprecated: additions.deprecated.includes(fact.id) ? 'added' : fact.deprecated,
    retires: fact.retires,
    base: onlyCard(fact),
    long: long === undefined ? null : { above: long.above_prompt_tokens, card: onlyCard(long) },
    fast: additions.fast.includes(fact.id) ? 'added' : fact.fast_mode && onlyCard(fact.fast_mode),
  }
}

function describeListed(model: PricedModel) {
  const price = findPrice(book, model.id, today)
  return {
    aliases: model.aliases,
    contextWindow: model.contextWindow,
    maxOutput: model.maxOutput,
    minCacheableTokens: model.minCacheableTokens,
    tokenizer: model.tokenizer,
    geo: model.geoPercent / 100,
    released: dayOf(model.releasedMs),
    deprecated: additions.deprecated.includes(model.id) && model.deprecatedMs ? 'added' : dayOf(model.deprecatedMs),
    retires: dayOf(model.retiresMs),
    base: factCard(price?.base),
    long: price?.long ? { above: price.long.abovePromptTokens, card: factCard(price.long.card) } : null,
    fast: additions.fast.includes(model.id) && price?.fast ? 'added' : factCard(price?.fast),
  }
}

testOnData('facts/prices.json', 'the list equals the facts it was made from, field by field', (path) => {
  const facts: { as_of: string; models: Fact[]; rules: { server_tools: { web_search_per_1000: number } } } = JSON.parse(
    readFileSync(path, 'utf8'),
  )
  expect(book.models.map((model) => model.id).sort()).toEqual(facts.models.map((fact) => fact.id).sort())
  for (const fact of facts.models) {
    const listed = book.models.find((model) => model.id === fact.id)
    expect({ id: fact.id, ...(listed && describeListed(listed)) }).toEqual({ id: fact.id, ...describeFact(fact) })
  }
  expect(priceList.asOf).toBe(facts.as_of)
  expect(priceList.usdPerWebSearch * 1_000).toBe(facts.rules.server_tools.web_search_per_1000)
})

test('fast mode is twice the base of a model, and six times where only a client tells', () => {
  for (const model of book.models) {
    const price = findPrice(book, model.id, today)
    if (!price?.fast) continue
    const factor = ['claude-opus-4-6', 'claude-opus-4-7'].includes(model.id) ? 6 : 2
    for (const item of Object.keys(price.fast) as (keyof PriceCard)[]) {
      expect([model.id, item, price.fast[item]]).toEqual([model.id, item, price.base[item] * factor])
    }
  }
})

test('every price has its first day on the release of its model', () => {
  for (const model of book.models.filter(({ prices }) => prices.length > 0)) {
    expect([model.id, model.prices[0]?.fromMs]).toEqual([model.id, model.releasedMs])
  }
})

test('the version moves with any price', () => {
  const [first, ...others] = priceList.models
  const moved = { ...priceList, models: [{ ...first, maxOutput: 1 }, ...others] }
  expect(loadPriceBook(moved).version).not.toBe(book.version)
  expect(loadPriceBook(priceList).version).toBe(book.version)
})
