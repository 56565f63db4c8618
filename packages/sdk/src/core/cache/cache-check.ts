/** What was foretold of a prompt, against what was billed for it. */

import { asObject } from '../body/json-object.js'
import { picoOf } from '../cost/cost.js'
import type { PriceBook, UnknownModelPolicy } from '../cost/price.js'
import { priceUncached } from '../cost/saving.js'
import { isCount, type TokenCounts, totalPrompt, type Usage } from '../cost/usage.js'
import type { RecordedDiagnosis } from './cache-record.js'
import type { ReportedPrompt } from './prefix-reading.js'

/** Token counts of blocks are estimates: smaller differences are none. */
const TOLERANCE = 0.05
const TOLERANCE_TOKENS = 64
const NOTHING_TOKENS = 8
const classes = ['read', 'write1h', 'write5m', 'input'] as const

/** The tokens of a reading alone. */
export function tokensOf({ read, write1h, write5m, input }: ReportedPrompt): ReportedPrompt {
  return { read, write1h, write5m, input }
}

/**
 * Whether a prompt was billed as foretold: read as far, and written for as long. How long its new part turned out to be
 * does not count, which nobody knows before.
 */
export function isBilledAs(foretold: ReportedPrompt, billed: ReportedPrompt): boolean {
  const total = sumOf(billed)
  const scale = total / Math.max(1, sumOf(foretold))
  const margin = TOLERANCE_TOKENS + total * TOLERANCE
  const isReadAlike = [1, scale].some((by) => Math.abs(foretold.read * by - billed.read) <= margin)
  return isReadAlike && classes.every((name) => isAlike(foretold[name], billed[name]))
}

/** The API adds a few tokens of its own, so that nothing and a little are the same. */
function isAlike(foretold: number, billed: number): boolean {
  const isOneMissing = Math.min(foretold, billed) <= NOTHING_TOKENS
  return !isOneMissing || Math.max(foretold, billed) <= TOLERANCE_TOKENS
}

const MAX_TYPE_LENGTH = 100

/** What the API says of a prefix that it did not read (`diagnostics` of a message); null if it says nothing. */
export function diagnosisOf(diagnostics: unknown): RecordedDiagnosis | null {
  const { type, cache_missed_input_tokens: tokens } = asObject(asObject(diagnostics).cache_miss_reason)
  if (typeof type !== 'string') return null
  return { type: type.slice(0, MAX_TYPE_LENGTH), missedTokens: isCount(tokens) ? tokens : null }
}

/** What caching saved on a call, in nano-dollars; signed. */
export interface CallSaving {
  readonly savedNano: number
  readonly addedNano: number
}

/** What a saving is worked out from. */
export interface SavingFacts {
  readonly usage: Usage
  readonly book: PriceBook
  /** Milliseconds since the epoch. */
  readonly atMs: number
  readonly policy: UnknownModelPolicy
  /** How the request should be billed without the markers that were added; null if none were. */
  readonly asSent: ReportedPrompt | null
}

const PICO_PER_NANO = 1_000

/**
 * The saving by all markers, and the part of it that was added: what the call would have cost with the markers it came
 * with, minus what it cost. Where it came with none, all of it is.
 */
export function savingOf({ usage, book, atMs, policy, asSent }: SavingFacts): CallSaving {
  const paidPico = picoOf(usage, book, atMs, policy)
  const savedNano = nanoOf(priceUncached(usage, book, atMs, policy) - paidPico)
  const [part, ...rest] = usage.parts
  if (asSent === null || part === undefined) return { savedNano, addedNano: 0 }
  if (asSent.input === sumOf(asSent) && rest.length === 0) return { savedNano, addedNano: savedNano }
  const parts = [{ ...part, ...scaleTo(asSent, totalPrompt(part)) }, ...rest]
  return { savedNano, addedNano: nanoOf(picoOf({ ...usage, parts }, book, atMs, policy) - paidPico) }
}

function nanoOf(pico: bigint): number {
  return Math.round(Number(pico) / PICO_PER_NANO)
}

/** The split of a prompt over so many tokens, in whole ones. */
function scaleTo(split: ReportedPrompt, total: number): Omit<TokenCounts, 'output'> {
  const scale = total / Math.max(1, sumOf(split))
  const [read, write1h, write5m] = [split.read, split.write1h, split.write5m].map((tokens) =>
    Math.round(tokens * scale),
  )
  const written = { read: read ?? 0, write1h: write1h ?? 0, write5m: write5m ?? 0 }
  return { ...written, input: Math.max(0, total - written.read - written.write1h - written.write5m) }
}

function sumOf({ read, write1h, write5m, input }: ReportedPrompt): number {
  return read + write1h + write5m + input
}
