/**
 * The price book: which price is in force for a model on a day.
 *
 * A model is found by its exact id or a declared alias, never by a prefix: prefix matching is how a new model gets
 * billed as an old one. A model that is not found is a miss, and what a miss costs is the operator's choice.
 */
import type {
  CheckedOverride,
  CheckedPriceList,
  DatedPrice,
  PriceCard,
  PricedModel,
  PriceOverride,
} from './price-schema.js'
import { checkOverrides, checkPriceList, findLine, US_GEO_PERCENT } from './price-schema.js'

/** Dated prices of all known models. Immutable. */
export interface PriceBook {
  /** The day of the data and a fingerprint of its content: kept with each record, so that a bill can be explained later. */
  readonly version: string
  /** The day of the data, milliseconds since the epoch. */
  readonly asOfMs: number
  readonly picoPerWebSearch: number
  readonly models: readonly PricedModel[]
  /** Every id and alias. A `Map`, so that no name a caller sends can meet a prototype. */
  readonly byName: ReadonlyMap<string, PricedModel>
}

/**
 * What to do with a model that has no price: `refuse` the call, charge it as the `dearest` current model of its line
 * (of all, if its name tells no line), or `flag` it at the price that Anthropic's own gateway assumes. Never free.
 */
export type UnknownModelPolicy = 'refuse' | 'dearest' | 'flag'

/** Where a price comes from: the list, a negotiated override, or a guess of the {@link UnknownModelPolicy}. */
export type CostBasis = 'list' | 'override' | 'dearest-of-line' | 'dearest-of-all' | 'flat'

/** The price to charge for a model. */
export interface PriceQuote {
  readonly kind: 'price'
  /** Whose price it is: the canonical id, or another model's if the basis is a guess. Null for the flat fallback. */
  readonly pricedAs: string | null
  readonly price: DatedPrice
  readonly geoPercent: number
  readonly basis: CostBasis
}

/** No price, and the policy is to refuse. */
export interface PriceMiss {
  readonly kind: 'unpriced'
  readonly model: string
  /** Known without a price, such as a preview: its facts are in the book. Null if nobody has heard of it. */
  readonly known: PricedModel | null
}

/** What Anthropic's own gateway charges for a model it does not know: $5 in, $25 out, caching in proportion. */
const fallbackPrice: DatedPrice = {
  fromMs: 0,
  base: { input: 5_000_000, write5m: 6_250_000, write1h: 10_000_000, read: 500_000, output: 25_000_000 },
  long: null,
  fast: null,
  batchPercent: 50,
  basis: 'list',
}

/** Builds a price book. Throws `PriceListError` if the data is not a valid price list. */
export function loadPriceBook(data: unknown): PriceBook {
  return bookOf(checkPriceList(data))
}

/**
 * A book with negotiated rates on top. From its day on an override replaces the listed price of its model for good;
 * a long-prompt or fast card it does not mention stays as listed (`null` says that there is none). A model that is not
 * in the book is added. Throws `PriceListError` if the overrides are not valid.
 */
export function withOverrides(book: PriceBook, overrides: readonly PriceOverride[]): PriceBook {
  const checked = checkOverrides(overrides)
  if (checked.length === 0) return book
  const models = new Map(book.models.map((model) => [model.id, model]))
  for (const override of [...checked].sort((a, b) => (a.fromMs ?? 0) - (b.fromMs ?? 0))) {
    const model = book.byName.get(override.model)?.id ?? override.model
    models.set(model, applyOverride(models.get(model) ?? unlistedModel(model), override))
  }
  const version = `${book.version}+${fingerprint(checked)}`
  return { ...book, version, models: [...models.values()], byName: indexByName([...models.values()]) }
}

/** The model of exactly this id or alias, priced or not. */
export function findModel(book: PriceBook, model: string): PricedModel | null {
  return book.byName.get(model) ?? null
}

/** True for two names of one model: `claude-haiku-4-5` and the same with its date. */
export function isSameModel(book: PriceBook, left: string, right: string): boolean {
  return left === right || (findModel(book, left)?.id ?? left) === (findModel(book, right)?.id ?? right)
}

/** The price in force at that time; before its first day, the first price. Null if the model has none. */
export function findPrice(book: PriceBook, model: string, at: Date | number): DatedPrice | null {
  const prices = book.byName.get(model)?.prices
  return prices === undefined ? null : priceAt(prices, Number(at))
}

/** The price to charge for a model at a time, whatever it is; a miss only if the policy is to refuse. */
export function quotePrice(
  book: PriceBook,
  model: string,
  at: Date | number,
  policy: UnknownModelPolicy,
): PriceQuote | PriceMiss {
  const known = findModel(book, model)
  const price = known === null ? null : priceAt(known.prices, Number(at))
  if (known !== null && price !== null) {
    return { kind: 'price', pricedAs: known.id, price, geoPercent: known.geoPercent, basis: price.basis }
  }
  if (policy === 'refuse') return { kind: 'unpriced', model, known }
  return policy === 'flag' ? fallbackQuote : quoteDearest(book, model, Number(at))
}

const fallbackQuote: PriceQuote = {
  kind: 'price',
  pricedAs: null,
  price: fallbackPrice,
  geoPercent: US_GEO_PERCENT,
  basis: 'flat',
}

function quoteDearest(book: PriceBook, model: string, atMs: number): PriceQuote {
  const line = findLine(model)
  const ofLine = line === 'other' ? null : dearestAt(book.models, atMs, (known) => known.line === line)
  const dearest = ofLine ?? dearestAt(book.models, atMs, () => true)
  if (dearest === null) return fallbackQuote
  const basis = ofLine === null ? 'dearest-of-all' : 'dearest-of-line'
  return { kind: 'price', pricedAs: dearest.id, price: dearest.price, geoPercent: US_GEO_PERCENT, basis }
}

/** The dearest base card among the models that were not retired at that time. */
function dearestAt(
  models: readonly PricedModel[],
  atMs: number,
  isWanted: (model: PricedModel) => boolean,
): { readonly id: string; readonly price: DatedPrice } | null {
  let dearest: { id: string; price: DatedPrice } | null = null
  for (const model of models) {
    if (!isWanted(model) || (model.retiresMs !== null && model.retiresMs <= atMs)) continue
    const price = priceAt(model.prices, atMs)
    if (price === null) continue
    if (dearest === null || weigh(price.base) > weigh(dearest.price.base)) dearest = { id: model.id, price }
  }
  return dearest
}

/** Cards of one line keep their proportions, so that the sum of the classes ranks them. */
function weigh(card: PriceCard): number {
  return card.input + card.write5m + card.write1h + card.read + card.output
}

function priceAt(prices: readonly DatedPrice[], atMs: number): DatedPrice | null {
  for (let index = prices.length - 1; index > 0; index--) {
    const price = prices[index]
    if (price !== undefined && price.fromMs <= atMs) return price
  }
  return prices[0] ?? null
}

function applyOverride(model: PricedModel, override: CheckedOverride): PricedModel {
  const fromMs = override.fromMs ?? model.prices[0]?.fromMs ?? 0
  const listed = priceAt(model.prices, fromMs)
  const price: DatedPrice = {
    fromMs,
    base: override.base,
    long: override.long === undefined ? (listed?.long ?? null) : override.long,
    fast: override.fast === undefined ? (listed?.fast ?? null) : override.fast,
    batchPercent: override.batchPercent ?? listed?.batchPercent ?? fallbackPrice.batchPercent,
    basis: 'override',
  }
  return { ...model, prices: [...model.prices.filter((known) => known.fromMs < fromMs), price] }
}

function unlistedModel(id: string): PricedModel {
  return {
    id,
    aliases: [],
    line: findLine(id),
    contextWindow: null,
    maxOutput: null,
    minCacheableTokens: null,
    tokenizer: null,
    toolPrompt: null,
    releasedMs: null,
    deprecatedMs: null,
    retiresMs: null,
    geoPercent: US_GEO_PERCENT,
    prices: [],
  }
}

function bookOf(list: CheckedPriceList): PriceBook {
  return {
    version: `${list.asOf}-${fingerprint(list)}`,
    asOfMs: Date.parse(list.asOf),
    picoPerWebSearch: list.picoPerWebSearch,
    models: list.models,
    byName: indexByName(list.models),
  }
}

function indexByName(models: readonly PricedModel[]): ReadonlyMap<string, PricedModel> {
  return new Map(models.flatMap((model) => [model.id, ...model.aliases].map((known) => [known, model] as const)))
}

/** FNV-1a, 32 bits: tells two versions of the data apart; it is no protection against anybody. */
function fingerprint(data: unknown): string {
  let hash = 0x811c9dc5
  for (const char of JSON.stringify(data)) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
