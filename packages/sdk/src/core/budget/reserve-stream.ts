/** The hold of a running stream: when to ask for more, how much, and when there is no more to be had. */

import { type NanoUsd, nanoFromPico, nanoUsd } from '../cost/money.js'
import type { Reserve } from './reserve.js'

/** What a stream has cost so far. */
export interface MeteredSoFar {
  /** Input included. */
  readonly cost: NanoUsd
  /** Tokens: as reported, as estimated from what was streamed, and with {@link unseenTokens}. */
  readonly output: number
  /** The most that has come at once so far, in tokens. */
  readonly burst: number
}

/** What is held for a stream. */
export interface StreamHold {
  readonly reserve: Reserve
  /** Set aside so far. */
  readonly held: NanoUsd
}

/**
 * What an aborted upstream may have generated beyond what arrived, in tokens. It is billed, so it is kept in hand. Where more
 * came at once before, as much may come again.
 */
const ABORT_TOKENS = 128
/** More is asked for while so much can still arrive, in tokens: the answer must be back before it is needed. */
const EARLY_TOKENS = 384
/** The least that is asked for, in tokens: each question is a write to the ledger. */
const LEAST_EXTENSION_TOKENS = 1_024
/** The same where money is tight: what one stream holds in vain, another one is cut for. */
const TIGHT_EARLY_TOKENS = 96
const TIGHT_EXTENSION_TOKENS = 160
/** Faster than any model writes, in tokens per second. */
const MAX_TOKENS_PER_SECOND = 250
const MAX_FAST_TOKENS_PER_SECOND = 600

/**
 * The amount to extend a hold by, or null while it is enough. It grows with the answer, by half of what has come: a long
 * one needs few extensions, and what is held in vain stays below half of the output that was paid.
 *
 * @param isTight more was refused before: it is asked for as late as possible, and for little
 */
export function nextExtension(metered: MeteredSoFar, { reserve, held }: StreamHold, isTight = false): NanoUsd | null {
  if (isPaid(metered, reserve, held)) return null
  const early = outputCost(reserve, marginOf(metered) + (isTight ? TIGHT_EARLY_TOKENS : EARLY_TOKENS))
  if (held - metered.cost > early) return null
  const usualStep = Math.max(LEAST_EXTENSION_TOKENS, Math.ceil(metered.output / 2))
  const step = outputCost(reserve, isTight ? TIGHT_EXTENSION_TOKENS : usualStep)
  const target = metered.cost + early + step
  return nanoUsd((isCapped(metered, reserve) ? Math.min(target, reserve.worst) : target) - held)
}

/**
 * Whether a stream whose extension was refused has to end now. It may use up what is held, but for what an aborted
 * upstream may still bill.
 */
export function mustCut(metered: MeteredSoFar, { reserve, held }: StreamHold): boolean {
  return !isPaid(metered, reserve, held) && held - metered.cost <= outputCost(reserve, marginOf(metered))
}

/**
 * Tokens to assume of a thinking block that is open and does not show what it bills (thinking is shown in summary or not
 * at all, and billed in full): no bytes tell, but no model writes faster than this. The usage at the end corrects it.
 *
 * @param openMs how long thinking blocks have been open in this stream, in milliseconds
 */
export function unseenTokens(openMs: number, speed: 'standard' | 'fast'): number {
  const perSecond = speed === 'fast' ? MAX_FAST_TOKENS_PER_SECOND : MAX_TOKENS_PER_SECOND
  return Math.ceil((Math.max(0, openMs) * perSecond) / 1_000)
}

function marginOf({ burst }: MeteredSoFar): number {
  return Math.max(ABORT_TOKENS, Math.ceil(burst))
}

/** The most the call can cost is already held. */
function isPaid(metered: MeteredSoFar, reserve: Reserve, held: NanoUsd): boolean {
  return isCapped(metered, reserve) && held >= reserve.worst
}

/** Without a bound, or beyond it, `worst` says nothing about what may still come. */
function isCapped({ cost }: MeteredSoFar, reserve: Reserve): boolean {
  return reserve.isBounded && cost <= reserve.worst
}

function outputCost(reserve: Reserve, tokens: number): NanoUsd {
  return nanoFromPico(reserve.price.outputPico * BigInt(tokens))
}
