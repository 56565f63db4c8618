/**
 * List prices of one model in whole nano-dollars per token, which is a thousandth of a dollar per million tokens.
 * Every published price is a whole number in this unit.
 */
export interface Card {
  readonly input: bigint
  readonly write5m: bigint
  readonly write1h: bigint
  readonly read: bigint
  readonly output: bigint
}

/** The prices of a model over a stretch of time. */
export interface PricePeriod {
  /** First instant at which these prices no longer hold; null while they do. ISO date, UTC. */
  readonly until: string | null
  readonly card: Card
  /** The card for the whole request when its prompt has more tokens than that. */
  readonly long?: { readonly aboveTokens: number; readonly card: Card }
  readonly fast?: Card
}

/** A model by all its names, with its prices from oldest to newest. */
export interface PricedModel {
  readonly names: readonly string[]
  readonly periods: readonly PricePeriod[]
}

function card(input: number, write5m: number, write1h: number, read: number, output: number): Card {
  return {
    input: BigInt(input),
    write5m: BigInt(write5m),
    write1h: BigInt(write1h),
    read: BigInt(read),
    output: BigInt(output),
  }
}

function fixed(names: readonly string[], only: Card, extra: Pick<PricePeriod, 'long' | 'fast'> = {}): PricedModel {
  return { names, periods: [{ until: null, card: only, ...extra }] }
}

const fable5 = card(10_000, 12_500, 20_000, 1_000, 50_000)
const fable51 = card(10_000, 12_500, 20_000, 250, 50_000)
const fable52 = card(8_000, 10_000, 16_000, 200, 40_000)
const opus45 = card(5_000, 6_250, 10_000, 500, 25_000)
const opus45Long = card(10_000, 12_500, 20_000, 1_000, 37_500)
const opusFast = card(10_000, 12_500, 20_000, 1_000, 50_000)
const opusOld = card(15_000, 18_750, 30_000, 1_500, 75_000)
const sonnet = card(3_000, 3_750, 6_000, 300, 15_000)
const sonnetLong = card(6_000, 7_500, 12_000, 600, 22_500)
const sonnet5 = card(2_000, 2_500, 4_000, 200, 10_000)

/** Two periods, the first of which charged more for prompts above 200,000 tokens. */
function once(names: readonly string[], base: Card, long: Card, until: string): PricedModel {
  return {
    names,
    periods: [
      { until, card: base, long: { aboveTokens: 200_000, card: long } },
      { until: null, card: base },
    ],
  }
}

/** The auditor's own price list, typed in from the published pages and shared with nobody. */
export const pricedModels: readonly PricedModel[] = [
  fixed(['claude-fable-5-2'], fable52, { fast: card(16_000, 20_000, 32_000, 400, 80_000) }),
  fixed(['claude-mythos-5-2'], fable52),
  fixed(['claude-fable-5-1', 'claude-mythos-5-1'], fable51),
  fixed(['claude-fable-5', 'claude-mythos-5'], fable5),
  fixed(['claude-opus-5-5'], card(4_000, 5_000, 8_000, 200, 20_000), {
    fast: card(8_000, 10_000, 16_000, 400, 40_000),
  }),
  fixed(['claude-opus-5', 'claude-opus-4-8'], opus45, { fast: opusFast }),
  fixed(['claude-opus-4-7', 'claude-opus-4-5-20251101', 'claude-opus-4-5'], opus45),
  once(['claude-opus-4-6'], opus45, opus45Long, '2026-03-13'),
  fixed(['claude-opus-4-1-20250805', 'claude-opus-4-1', 'claude-opus-4-20250514', 'claude-opus-4-0'], opusOld),
  fixed(['claude-3-opus-20240229', 'claude-3-opus-latest'], opusOld),
  {
    names: ['claude-sonnet-5-5'],
    periods: [
      { until: '2026-10-07', card: sonnet5 },
      { until: null, card: card(2_000, 2_500, 4_000, 100, 10_000) },
    ],
  },
  fixed(['claude-sonnet-5'], sonnet5),
  once(['claude-sonnet-4-6'], sonnet, sonnetLong, '2026-03-13'),
  once(['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5'], sonnet, sonnetLong, '2026-04-30'),
  fixed(['claude-sonnet-4-20250514', 'claude-sonnet-4-0'], sonnet),
  fixed(['claude-3-7-sonnet-20250219', 'claude-3-7-sonnet-latest'], sonnet),
  fixed(['claude-3-5-sonnet-20241022', 'claude-3-5-sonnet-latest', 'claude-3-5-sonnet-20240620'], sonnet),
  fixed(['claude-3-sonnet-20240229'], sonnet),
  fixed(['claude-haiku-5-5'], card(100, 125, 200, 10, 500), {
    long: { aboveTokens: 100_000, card: card(500, 625, 1_000, 50, 2_500) },
  }),
  fixed(['claude-haiku-4-5-20251001', 'claude-haiku-4-5'], card(1_000, 1_250, 2_000, 100, 5_000)),
  fixed(['claude-3-5-haiku-20241022', 'claude-3-5-haiku-latest'], card(800, 1_000, 1_600, 80, 4_000)),
  fixed(['claude-3-haiku-20240307'], card(250, 300, 500, 30, 1_250)),
]

const periodsByName = new Map(
  pricedModels.flatMap(({ names, periods }) => names.map((name) => [name, periods] as const)),
)

/** The prices of a model at a time. Throws for a model that has none: nothing is ever free by accident. */
export function pricesOf(model: string, atMs: number): PricePeriod {
  const periods = periodsByName.get(model) ?? []
  const period = periods.find(({ until }) => until === null || atMs < Date.parse(until))
  if (period === undefined) throw new Error(`The auditor has no price for the model '${model}'.`)
  return period
}
