/**
 * How much money a call needs set aside before it is sent, and how that changes while it runs.
 *
 * A stream can be cut, so it holds little and asks for more as it goes. Any other call can only be bounded before it is
 * sent: it holds the most it can cost, with `max_tokens` lowered to what its budget can pay.
 */

import { clampFloor, lastClampFloor, outputLimit } from '../body/clamp.js'
import { type DearestPrice, type PriceFacts, priceDearest } from '../cost/dearest-price.js'
import { hasExtraRuns } from '../cost/extra-runs.js'
import { maxUsd, type NanoUsd, nanoFromPico, nanoUsd } from '../cost/money.js'
import { isServerTool } from '../cost/server-tools.js'

/** What decides how much a call may cost. */
export interface ReserveFacts extends PriceFacts {
  /** What the scope's calls usually answer, in tokens: a high quantile. */
  readonly expectedOutput: number
  /** How short the scope's answers are at times, in tokens: a low quantile. */
  readonly shortOutput: number
  /** True if the answer is a stream that can be ended at any moment. */
  readonly isCuttable: boolean
}

/** The money of a call before it is sent. `last ≤ least ≤ enough ≤ wanted ≤ worst`. */
export interface Reserve {
  /** What to hold if money is no question. */
  readonly wanted: NanoUsd
  /** What the call may take although it is more than its share of what is left. */
  readonly enough: NanoUsd
  /** With less than this the answer is likely to be cut short: the call is not sent as long as so much may come back. */
  readonly least: NanoUsd
  /** With less than this it is not sent at all. */
  readonly last: NanoUsd
  /** The most the call can cost, as far as `isBounded`. */
  readonly worst: NanoUsd
  /** False where the API may run several rounds: of server tools, of a summary, on other models. It may then add to them. */
  readonly isBounded: boolean
  readonly isCuttable: boolean
  /** The `max_tokens` that `worst` pays. */
  readonly maxTokens: number
  /** True if other runs than that of the answer may be billed, which a stream shows at its end only. */
  readonly hasExtraRuns: boolean
  readonly price: DearestPrice
}

/** What a call may take. Null: no enforced budget of that sort. Negative where more was spent than the limit is now. */
export interface Room {
  /** Of the tightest account that other calls use too. */
  readonly shared: NanoUsd | null
  /** Of the tightest account of this call alone: a cap per request. */
  readonly own: NanoUsd | null
}

/**
 * Whether a call fits into what is left: `hold` so much, and lower `max_tokens` unless it is null; or `refuse`, because
 * not even `needed` is there.
 */
export type Fit =
  | { readonly kind: 'hold'; readonly amount: NanoUsd; readonly maxTokens: number | null }
  | { readonly kind: 'refuse'; readonly needed: NanoUsd }

/** A stream that may grow is not begun for less than such an answer, after which it is cut unless more is granted. In tokens. */
const LEAST_STREAM_TOKENS = 256
/** A call takes at most one such part of what is left for it and others. */
const SHARE_DIVISOR = 8
const PICO_PER_NANO = 1_000n

/** Works out what a call needs. Uses the arithmetic that will settle it, so that the hold covers it to the nano-dollar. */
export function planReserve(facts: ReserveFacts): Reserve {
  const { view, isCuttable } = facts
  const maxTokens = outputLimit(view, facts.maxOutput)
  const price = priceDearest(facts)
  const worst = costOfRuns(price, maxTokens)
  const longest = Math.max(maxTokens, price.fixedTokens)
  // A stream is watched while it grows, whichever run that is; of any other call all runs have to be paid for.
  const costWith = (output: number): NanoUsd => {
    if (!isCuttable) return costOfRuns(price, Math.min(maxTokens, Math.ceil(output)))
    return nanoUsd(Math.min(worst, costOfAnswer(price, Math.min(longest, Math.ceil(output)))))
  }
  const isAlone = !hasExtraRuns(view, facts.inputBound)
  const isBounded = isAlone && !view.blocks.some(({ part, kind }) => part === 'tools' && isServerTool(kind))
  const floor = isCuttable ? LEAST_STREAM_TOKENS : clampFloor(view, maxTokens)
  const isClampable = isBounded && view.maxTokensRange !== null
  const lastFloor = isClampable || !isCuttable ? lastClampFloor(view, maxTokens, facts.shortOutput) : floor
  const usual = Math.max(floor, facts.expectedOutput)
  return {
    wanted: costWith(isCuttable ? usual : maxTokens),
    enough: costWith(isCuttable ? floor : usual),
    least: costWith(floor),
    last: costWith(Math.min(floor, lastFloor)),
    worst,
    isBounded,
    isCuttable,
    maxTokens,
    hasExtraRuns: !isAlone,
    price,
  }
}

/** The most that all runs of a request can cost if it is sent with such a `max_tokens`. */
function costOfRuns({ inputPico, fixedPico, tokenPico }: DearestPrice, maxTokens: number): NanoUsd {
  return nanoFromPico(inputPico + fixedPico + tokenPico * BigInt(maxTokens))
}

/** The most that so many tokens of output cost, whichever run they are of, with the prompts of all. */
export function costOfAnswer({ inputPico, outputPico }: DearestPrice, tokens: number): NanoUsd {
  return nanoFromPico(inputPico + outputPico * BigInt(tokens))
}

/**
 * Fits a call into what is left. No call takes more than an eighth of what it shares with others, as long as that is
 * `enough` for it: whatever `max_tokens` says, the next calls still find some. A stream extends its hold as it goes; a
 * call that cannot be cut gets the largest `max_tokens` that its share pays.
 */
export function fitReserve(reserve: Reserve, room: Room): Fit {
  const most = mostOf(room)
  if (reserve.least > most) return { kind: 'refuse', needed: reserve.least }
  const { shared, own } = room
  const share = Math.min(shared === null ? maxUsd : Math.floor(shared / SHARE_DIVISOR), own ?? maxUsd)
  const amount = nanoUsd(Math.min(reserve.wanted, most, Math.max(share, reserve.enough)))
  if (reserve.isCuttable || amount === reserve.wanted) return { kind: 'hold', amount, maxTokens: null }
  return { kind: 'hold', amount, maxTokens: payableTokens(reserve, amount) }
}

/**
 * The same for the last try before a call is refused: it takes all that is left, down to `last`. A stream too is then sent
 * with the `max_tokens` that this pays. It needs no margin for a cut, which so little money would not leave, and whatever
 * fits is answered whole.
 */
export function fitLastReserve(reserve: Reserve, room: Room): Fit {
  const fit = fitReserve(reserve, room)
  if (fit.kind === 'hold') return fit
  const amount = mostOf(room)
  if (reserve.last > amount) return { kind: 'refuse', needed: reserve.last }
  return { kind: 'hold', amount, maxTokens: payableTokens(reserve, amount) }
}

function mostOf({ shared, own }: Room): NanoUsd {
  return nanoUsd(Math.min(shared ?? maxUsd, own ?? maxUsd))
}

/** The `max_tokens` that an amount pays beside the prompt. */
function payableTokens({ price }: Reserve, amount: NanoUsd): number {
  return Number((BigInt(amount) * PICO_PER_NANO - price.inputPico - price.fixedPico) / price.tokenPico)
}
