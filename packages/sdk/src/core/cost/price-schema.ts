/**
 * The shape of price data, checked strictly when it is loaded.
 *
 * People write dollars per million tokens; the price book holds whole pico-dollars per token, so that every bill is
 * exact. A price that would not stay whole under the discounts and surcharges of the API is refused here, by name.
 */
import { z } from 'zod'

/** What one token of each billing class costs, in whole pico-dollars (1 $ per million tokens = 1,000,000). */
export interface PriceCard {
  readonly input: number
  readonly write5m: number
  readonly write1h: number
  readonly read: number
  readonly output: number
}

/** The price of a model from a day on, until the next one. */
export interface DatedPrice {
  /** Start of its first day (UTC), in milliseconds since the epoch. */
  readonly fromMs: number
  readonly base: PriceCard
  /** Replaces `base` for the whole part, output included, if its prompt is strictly longer. */
  readonly long: { readonly abovePromptTokens: number; readonly card: PriceCard } | null
  /** Replaces `base` when the API reports `speed: fast`. */
  readonly fast: PriceCard | null
  /** What a token costs in a batch, in percent of its card. */
  readonly batchPercent: number
  readonly basis: 'list' | 'override'
}

/** The families of models; the name of every Claude model contains that of its line. */
export type ModelLine = (typeof modelLines)[number] | 'other'

/** A model, what is known about it, and what it cost when. Facts that nobody has published are null. */
export interface PricedModel {
  readonly id: string
  /** Other names of exactly this model. Nothing else is ever taken for it. */
  readonly aliases: readonly string[]
  readonly line: ModelLine
  readonly contextWindow: number | null
  /** Most output tokens of one call. */
  readonly maxOutput: number | null
  /** Shorter prefixes are not cached, without an error. */
  readonly minCacheableTokens: number | null
  /** `new` came with Opus 4.7 and makes about 30 % more tokens of the same text. */
  readonly tokenizer: 'old' | 'new' | null
  /** Tokens of the hidden prompt when tools are sent: `tool_choice` auto or none, and any or tool. */
  readonly toolPrompt: { readonly auto: number; readonly forced: number } | null
  /** First instant of the day, in milliseconds since the epoch. */
  readonly releasedMs: number | null
  readonly deprecatedMs: number | null
  readonly retiresMs: number | null
  /** Surcharge for `inference_geo: us`, in percent; 100 for models without one. */
  readonly geoPercent: number
  /** Oldest first. Empty if the model exists but has no published price. */
  readonly prices: readonly DatedPrice[]
}

/** Price data that passed the check. */
export interface CheckedPriceList {
  /** The day the data was gathered, `YYYY-MM-DD`. */
  readonly asOf: string
  readonly picoPerWebSearch: number
  readonly models: readonly PricedModel[]
}

/** A negotiated price that passed the check. What it leaves `undefined` stays as in the list. */
export interface CheckedOverride {
  readonly model: string
  /** Null: from the beginning. */
  readonly fromMs: number | null
  readonly base: PriceCard
  readonly long: DatedPrice['long'] | undefined
  readonly fast: PriceCard | null | undefined
  readonly batchPercent: number | undefined
}

/** Price data that cannot be used. `problems` lists everything found, each naming the model and the field. */
export class PriceListError extends Error {
  override readonly name = 'PriceListError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`the price data cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

interface Cards {
  readonly base: PriceCard
  readonly long?: DatedPrice['long'] | undefined
  readonly fast?: PriceCard | null | undefined
}

/** The one surcharge for `inference_geo: us`. Models that nobody listed may carry it: assuming so never under-counts. */
export const US_GEO_PERCENT = 110

const modelLines = ['opus', 'sonnet', 'haiku', 'fable', 'mythos'] as const
const BATCH_PERCENT = 50
const PICO_PER_USD = 1_000_000_000_000

const day = z.iso.date().transform((text) => Date.parse(text))
const count = z.int().positive()
const name = z.string().min(1).max(200)

/** A decimal that becomes a whole number when scaled; the comparison is exact because a double has one shortest decimal. */
function scaled(scale: number, max: number) {
  return z
    .number()
    .positive({ abort: true })
    .max(max, { abort: true })
    .transform((value, context) => {
      const whole = Math.round(value * scale)
      if (whole / scale === value) return whole
      context.addIssue({ code: 'custom', message: `${value} has too many decimals to be counted exactly` })
      return z.NEVER
    })
}

/** The cap keeps a price exact in a double under every multiplier at once. */
const rate = scaled(1_000_000, 1_000)
const percent = scaled(100, 1)
const card = z.strictObject({ input: rate, write5m: rate, write1h: rate, read: rate, output: rate })
const long = z.strictObject({ abovePromptTokens: count, card })

const datedPrice = z
  .strictObject({
    from: day,
    base: card,
    long: long.nullish(),
    fast: card.nullish(),
    batchMultiplier: percent.default(BATCH_PERCENT),
  })
  .superRefine((price, context) => refuseFractions(price, price.batchMultiplier, context))
  .transform(
    (price): DatedPrice => ({
      fromMs: price.from,
      base: price.base,
      long: price.long ?? null,
      fast: price.fast ?? null,
      batchPercent: price.batchMultiplier,
      basis: 'list',
    }),
  )

const model = z
  .strictObject({
    id: name,
    aliases: z.array(name).default([]),
    line: z.enum([...modelLines, 'other']),
    contextWindow: count.nullable(),
    maxOutput: count.nullable(),
    minCacheableTokens: count.nullable(),
    tokenizer: z.enum(['old', 'new']).nullable(),
    toolPrompt: z.strictObject({ auto: count, forced: count }).nullable(),
    released: day.nullable(),
    deprecated: day.nullable(),
    retires: day.nullable(),
    /** The surcharge is one multiplier for all models; what differs is whether a model has it. */
    usGeoMultiplier: z.literal(US_GEO_PERCENT / 100).nullable(),
    prices: z.array(datedPrice).refine(isAscending, 'must be in order of their days, each day once'),
  })
  .transform(
    ({ released, deprecated, retires, usGeoMultiplier, ...rest }): PricedModel => ({
      ...rest,
      releasedMs: released,
      deprecatedMs: deprecated,
      retiresMs: retires,
      geoPercent: usGeoMultiplier === null ? 100 : US_GEO_PERCENT,
    }),
  )

const priceList = z.strictObject({
  asOf: z.iso.date(),
  usdPerWebSearch: scaled(PICO_PER_USD, 100),
  models: z.array(model).min(1).superRefine(refuseSharedNames),
})

const override = z
  .strictObject({
    model: name,
    from: day.optional(),
    base: card,
    long: long.nullish(),
    fast: card.nullish(),
    batchMultiplier: percent.optional(),
  })
  .superRefine((price, context) => refuseFractions(price, price.batchMultiplier ?? BATCH_PERCENT, context))
  .transform(
    (price): CheckedOverride => ({
      model: price.model,
      fromMs: price.from ?? null,
      base: price.base,
      long: price.long,
      fast: price.fast,
      batchPercent: price.batchMultiplier,
    }),
  )

/** Price data as people write it: dollars per million tokens, days as `YYYY-MM-DD`. */
export type PriceList = z.input<typeof priceList>
/** One model of a {@link PriceList}. */
export type ListedModel = z.input<typeof model>
/** A negotiated price as people write it; see {@link CheckedOverride}. */
export type PriceOverride = z.input<typeof override>

/** Checks price data. Throws {@link PriceListError} with every problem in it. */
export function checkPriceList(data: unknown): CheckedPriceList {
  const result = priceList.safeParse(data)
  if (!result.success) throw new PriceListError(result.error.issues.map((issue) => describeIssue(data, issue)))
  const { asOf, usdPerWebSearch, models } = result.data
  return { asOf, picoPerWebSearch: usdPerWebSearch, models }
}

/** Checks negotiated prices. Throws {@link PriceListError} with every problem in them. */
export function checkOverrides(data: unknown): readonly CheckedOverride[] {
  const result = z.array(override).safeParse(data)
  if (result.success) return result.data
  throw new PriceListError(result.error.issues.map((issue) => describeIssue(data, issue)))
}

/** The line a model's name belongs to: names are not parsed further, so a new model of a line is still found. */
export function findLine(modelName: string): ModelLine {
  return modelLines.find((line) => modelName.toLowerCase().includes(line)) ?? 'other'
}

/** A token must cost a whole number of pico-dollars after batch discount and geo surcharge too. */
function refuseFractions(price: Cards, batchPercent: number, context: z.RefinementCtx): void {
  const cards = { base: price.base, long: price.long?.card, fast: price.fast }
  for (const [cardName, prices] of Object.entries(cards)) {
    for (const [field, pico] of Object.entries<number>({ ...prices })) {
      if ((pico * batchPercent * US_GEO_PERCENT) % 10_000 === 0 && (pico * batchPercent) % 100 === 0) continue
      const path = cardName === 'long' ? ['long', 'card', field] : [cardName, field]
      context.addIssue({ code: 'custom', path, message: 'does not stay exact in a batch with a geo surcharge' })
    }
  }
}

/** Two models under one name would make the price depend on the order of the file. */
function refuseSharedNames(models: readonly PricedModel[], context: z.RefinementCtx): void {
  const seen = new Set<string>()
  models.forEach((entry, index) => {
    for (const known of [entry.id, ...entry.aliases]) {
      if (seen.has(known)) context.addIssue({ code: 'custom', path: [index], message: `${known} is named twice` })
      seen.add(known)
    }
  })
}

function isAscending(prices: readonly DatedPrice[]): boolean {
  return prices.every((price, index) => index === 0 || price.fromMs > (prices[index - 1]?.fromMs ?? 0))
}

/** `claude-opus-5-5: prices.0.base.read: …` — a path of numbers helps nobody find the line. */
function describeIssue(data: unknown, issue: z.core.$ZodIssue): string {
  const path = [...issue.path]
  const owner = path[0] === 'models' ? nameAt(data, path.splice(0, 2)) : nameAt(data, path.splice(0, 1))
  return [owner, path.join('.'), issue.message].filter((text) => text !== '').join(': ')
}

function nameAt(data: unknown, path: readonly PropertyKey[]): string {
  const entry = path.reduce<unknown>((value, key) => (isRecord(value) ? value[String(key)] : undefined), data)
  const known = isRecord(entry) ? (entry.id ?? entry.model) : undefined
  return typeof known === 'string' ? known : path.map(String).join('.')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
