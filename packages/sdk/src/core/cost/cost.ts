/**
 * Cost: usage times price, with its lines.
 *
 * Every line is exact in pico-dollars; the lines are added up and only the sum is rounded, once, up.
 */
import type { NanoUsd } from './money.js'
import { maxUsd, nanoFromPico } from './money.js'
import type { CostBasis, PriceBook, PriceQuote, UnknownModelPolicy } from './price.js'
import { quotePrice } from './price.js'
import type { PriceCard } from './price-schema.js'
import type { TokenCounts, Usage, UsagePart } from './usage.js'
import { totalPrompt } from './usage.js'

export type { CostBasis } from './price.js'

/** What a line counts: the tokens of a billing class, or web searches. */
export type CostItem = keyof TokenCounts | 'web-search'

/** A discount or surcharge on a line, in percent of its price. */
export interface CostMultiplier {
  readonly name: 'geo' | 'batch' | 'fast'
  readonly percent: number
}

/** One line of a bill: `quantity × picoEach × multipliers = pico`, exactly. */
export interface CostLine {
  /** Index of the part in the usage; -1 for lines of the whole call. */
  readonly part: number
  /** The part's kind: `message`, `compaction`, …; `call` for lines of the whole call. */
  readonly partKind: string
  /** The model that served it. Null for lines of the whole call. */
  readonly model: string | null
  /** The model whose price was used. Null for the flat fallback, and for lines of the whole call. */
  readonly pricedAs: string | null
  readonly basis: CostBasis
  readonly item: CostItem
  readonly quantity: number
  /** The listed price of one, in pico-dollars, before multipliers. */
  readonly picoEach: number
  readonly card: 'base' | 'long' | 'fast' | 'fee'
  /** Only those that are not 100 %. */
  readonly multipliers: readonly CostMultiplier[]
  readonly pico: bigint
}

/** A {@link CostLine} as JSON can hold it: the amount is a decimal string. */
export type WireCostLine = Omit<CostLine, 'pico'> & { readonly pico: string }

/** Something the price list does not say and that was assumed, each time to the dearer side. */
export type CostAssumption = 'unknown-model' | 'unknown-geo' | 'no-fast-card' | 'capped'

/** What a call cost. */
export interface Cost {
  readonly nano: NanoUsd
  /** The exact sum of the lines, of which `nano` is the rounding. */
  readonly pico: bigint
  readonly lines: readonly CostLine[]
  /** True if anything was assumed. */
  readonly isEstimated: boolean
  readonly assumptions: readonly CostAssumption[]
  /** The least certain basis among the parts. */
  readonly basis: CostBasis
  /** The version of the price book. */
  readonly priceVersion: string
}

/** No fast mode that is known costs more, as a multiple of its base. */
const UNKNOWN_FAST_PERCENT = 600
const geosWithoutSurcharge = new Set(['', 'global', 'not_available'])
const tokenItems = ['input', 'write5m', 'write1h', 'read', 'output'] as const
const basesByCertainty: readonly CostBasis[] = ['list', 'override', 'dearest-of-line', 'dearest-of-all', 'flat']
const maxPico = BigInt(maxUsd) * 1_000n

/**
 * The cost of a call that was made at that time. The money is spent, so a model without a price is charged here under
 * every policy, under `refuse` as under `dearest`: refusing is done before sending, with `quotePrice`.
 */
export function costOf(usage: Usage, book: PriceBook, at: Date | number, policy: UnknownModelPolicy): Cost {
  const lines: CostLine[] = []
  const assumptions = new Set<CostAssumption>()
  let basis: CostBasis = 'list'
  usage.parts.forEach((part, index) => {
    const quote = quoteSpent(book, part.model, at, policy)
    addPart(lines, assumptions, { part, index, quote, usage })
    basis = lessCertain(basis, quote.basis)
  })
  if (usage.webSearches > 0) lines.push(searchLine(usage.webSearches, book))
  if (isGuess(basis)) assumptions.add('unknown-model')
  const pico = sumLines(lines)
  if (pico > maxPico) assumptions.add('capped')
  return {
    nano: roundPico(pico),
    pico,
    lines,
    isEstimated: assumptions.size > 0,
    assumptions: [...assumptions],
    basis,
    priceVersion: book.version,
  }
}

/** The exact sum of {@link costOf} alone, in pico-dollars: for those who ask it of many usages and read no line. */
export function picoOf(usage: Usage, book: PriceBook, at: Date | number, policy: UnknownModelPolicy): bigint {
  let pico = BigInt(usage.webSearches) * BigInt(book.picoPerWebSearch)
  for (const part of usage.parts) {
    const priced = { part, index: 0, quote: quoteSpent(book, part.model, at, policy), usage }
    const { name, prices } = chooseCard(priced)
    const multipliers = listMultipliers(priced, name, new Set())
    for (const item of tokenItems) {
      if (part[item] !== 0) pico += BigInt(part[item]) * BigInt(scalePrice(prices[item], multipliers))
    }
  }
  return pico
}

/** An exact sum as money, rounded up; of more than can be counted, the most that can be. */
export function roundPico(pico: bigint): NanoUsd {
  return nanoFromPico(pico > maxPico ? maxPico : pico)
}

/** The exact sum of lines, in pico-dollars. */
export function sumLines(lines: readonly CostLine[]): bigint {
  return lines.reduce((sum, line) => sum + line.pico, 0n)
}

/** A line for storing or sending. */
export function lineToWire(line: CostLine): WireCostLine {
  return { ...line, pico: line.pico.toString() }
}

/** A stored line. Throws `SyntaxError` if its amount is not a whole number. */
export function lineFromWire(wire: WireCostLine): CostLine {
  return { ...wire, pico: BigInt(wire.pico) }
}

interface PricedPart {
  readonly part: UsagePart
  readonly index: number
  readonly quote: PriceQuote
  readonly usage: Usage
}

function addPart(lines: CostLine[], assumptions: Set<CostAssumption>, priced: PricedPart): void {
  const { part, index, quote } = priced
  const card = chooseCard(priced)
  const multipliers = listMultipliers(priced, card.name, assumptions)
  for (const item of tokenItems) {
    const quantity = part[item]
    if (quantity === 0) continue
    const picoEach = card.prices[item]
    lines.push({
      part: index,
      partKind: part.kind,
      model: part.model,
      pricedAs: quote.pricedAs,
      basis: quote.basis,
      item,
      quantity,
      picoEach,
      card: card.name,
      multipliers,
      pico: BigInt(quantity) * BigInt(scalePrice(picoEach, multipliers)),
    })
  }
}

function chooseCard({ part, quote, usage }: PricedPart): { name: 'base' | 'long' | 'fast'; prices: PriceCard } {
  const { base, long, fast } = quote.price
  if (usage.speed === 'fast' && fast !== null) return { name: 'fast', prices: fast }
  if (long !== null && totalPrompt(part) > long.abovePromptTokens) return { name: 'long', prices: long.card }
  return { name: 'base', prices: base }
}

function listMultipliers(
  { quote, usage }: PricedPart,
  cardName: CostLine['card'],
  assumptions: Set<CostAssumption>,
): CostMultiplier[] {
  const multipliers: CostMultiplier[] = []
  if (usage.speed === 'fast' && cardName !== 'fast') {
    assumptions.add('no-fast-card')
    multipliers.push({ name: 'fast', percent: UNKNOWN_FAST_PERCENT })
  }
  const geoPercent = findGeoPercent(usage.geo, quote.geoPercent, assumptions)
  if (geoPercent !== 100) multipliers.push({ name: 'geo', percent: geoPercent })
  const batchPercent = usage.tier === 'batch' ? quote.price.batchPercent : 100
  if (batchPercent !== 100) multipliers.push({ name: 'batch', percent: batchPercent })
  return multipliers
}

/** A geography that the list does not know is charged like `us`. */
function findGeoPercent(geo: string | null, usPercent: number, assumptions: Set<CostAssumption>): number {
  if (geo === null || geosWithoutSurcharge.has(geo)) return 100
  if (geo !== 'us') assumptions.add('unknown-geo')
  return usPercent
}

/** Whole by construction: the price list refuses prices that would not stay whole. */
function scalePrice(pico: number, multipliers: readonly CostMultiplier[]): number {
  let product = pico
  let divisor = 1
  for (const { percent } of multipliers) {
    product *= percent
    divisor *= 100
  }
  return product / divisor
}

/** Searches are a fee per call: no geography, speed or batch changes it. */
function searchLine(quantity: number, book: PriceBook): CostLine {
  return {
    part: -1,
    partKind: 'call',
    model: null,
    pricedAs: null,
    basis: 'list',
    item: 'web-search',
    quantity,
    picoEach: book.picoPerWebSearch,
    card: 'fee',
    multipliers: [],
    pico: BigInt(quantity) * BigInt(book.picoPerWebSearch),
  }
}

function quoteSpent(book: PriceBook, model: string, at: Date | number, policy: UnknownModelPolicy): PriceQuote {
  const quote = quotePrice(book, model, at, policy === 'refuse' ? 'dearest' : policy)
  if (quote.kind === 'unpriced') throw new Error(`no price although the policy is not to refuse: ${model}`)
  return quote
}

function lessCertain(left: CostBasis, right: CostBasis): CostBasis {
  return basesByCertainty.indexOf(right) > basesByCertainty.indexOf(left) ? right : left
}

function isGuess(basis: CostBasis): boolean {
  return basis !== 'list' && basis !== 'override'
}
