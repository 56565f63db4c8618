/**
 * How much money a call needs set aside before it is sent, and how that changes while it runs.
 *
 * A stream can be cut, so it holds little and asks for more as it goes. Any other call can only be bounded before it is
 * sent: it holds the most it can cost, with `max_tokens` lowered to what its budget can pay.
 */

import type { CallView } from './call.js'
import { clampFloor, lastClampFloor, outputLimit } from './clamp.js'
import { costOf } from './cost.js'
import { maxUsd, type NanoUsd, nanoFromPico, nanoUsd } from './money.js'
import type { PriceBook, UnknownModelPolicy } from './price.js'
import { isServerTool } from './server-tools.js'
import type { Usage } from './usage.js'

/** What decides how much a call may cost. */
export interface ReserveFacts {
  readonly view: CallView
  readonly book: PriceBook
  readonly unknownModel: UnknownModelPolicy
  /** When the call is made, in milliseconds since the epoch. */
  readonly atMs: number
  /** Never below the true tokens of the prompt. */
  readonly inputBound: number
  /** What the scope's calls usually answer, in tokens: a high quantile. */
  readonly expectedOutput: number
  /** How short the scope's answers are at times, in tokens: a low quantile. */
  readonly shortOutput: number
  /** The most output of the model, in tokens; null if unknown. */
  readonly maxOutput: number | null
  /** Where calls are served that name no region, as seen in earlier answers; null if nothing says so. */
  readonly usualGeo: string | null
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
  /** False where the API itself may run several rounds (server tools): the bill has no bound that the request shows. */
  readonly isBounded: boolean
  readonly isCuttable: boolean
  /** The `max_tokens` that `worst` pays. */
  readonly maxTokens: number
  /** The dearest price of the whole prompt, in pico-dollars. */
  readonly inputPico: bigint
  /** The dearest price of one output token, in pico-dollars. */
  readonly outputPico: bigint
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
  const { inputPico, outputPico } = priceDearest(facts)
  const costWith = (output: number): NanoUsd => {
    return nanoFromPico(inputPico + outputPico * BigInt(Math.min(maxTokens, Math.ceil(output))))
  }
  const isBounded = !view.blocks.some(({ part, kind }) => part === 'tools' && isServerTool(kind))
  const floor = isCuttable ? LEAST_STREAM_TOKENS : clampFloor(view, maxTokens)
  const isClampable = isBounded && view.maxTokensRange !== null
  const lastFloor = isClampable || !isCuttable ? lastClampFloor(view, maxTokens, facts.shortOutput) : floor
  const usual = Math.max(floor, facts.expectedOutput)
  return {
    wanted: costWith(isCuttable ? usual : maxTokens),
    enough: costWith(isCuttable ? floor : usual),
    least: costWith(floor),
    last: costWith(Math.min(floor, lastFloor)),
    worst: costWith(maxTokens),
    isBounded,
    isCuttable,
    maxTokens,
    inputPico,
    outputPico,
  }
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
function payableTokens({ inputPico, outputPico }: Reserve, amount: NanoUsd): number {
  return Number((BigInt(amount) * PICO_PER_NANO - inputPico) / outputPico)
}

/** The prices of the whole prompt and of one output token, each in the dearest way that the request may be billed. */
function priceDearest(facts: ReserveFacts): Pick<Reserve, 'inputPico' | 'outputPico'> {
  const { view, book, atMs, unknownModel } = facts
  const model = view.model ?? ''
  const parts = itemsOf(view).map((item) => ({ ...emptyPart, model, [item]: Math.ceil(facts.inputBound), output: 1 }))
  const usage = { parts, webSearches: 0, geo: view.inferenceGeo ?? facts.usualGeo, tier: 'standard' } as const
  let inputPico = 0n
  let outputPico = 0n
  for (const speed of speedsOf(view)) {
    for (const { item, pico } of costOf({ ...usage, speed }, book, atMs, unknownModel).lines) {
      if (item === 'output') outputPico = pico > outputPico ? pico : outputPico
      else inputPico = pico > inputPico ? pico : inputPico
    }
  }
  return { inputPico, outputPico }
}

const emptyPart = { kind: 'message', input: 0, write5m: 0, write1h: 0, read: 0, output: 0 } as const

/** A fast request may be served at standard speed, and then by the long-prompt card, which can be the dearer one. */
function speedsOf(view: CallView): readonly Usage['speed'][] {
  return view.speed === 'fast' ? ['fast', 'standard'] : ['standard']
}

type InputItem = 'input' | 'write5m' | 'write1h' | 'read'

/** The classes that the prompt may be billed in. A prompt that is kept elsewhere may carry markers nobody sees here. */
function itemsOf(view: CallView): readonly InputItem[] {
  const markers = new Set([view.marker, ...view.blocks.map(({ marker }) => marker)])
  const items: InputItem[] = ['input']
  if (markers.has('5m')) items.push('write5m', 'read')
  if (markers.has('1h') || view.hasUnseenPrompt) items.push('write1h', 'read')
  return items
}
