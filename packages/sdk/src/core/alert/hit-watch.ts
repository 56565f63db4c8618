/** A prompt cache that is read less than it usually is. */

import { type TokenCounts, totalPrompt } from '../cost/usage.js'
import type { AlertDraft, AlertSignal } from './alert.js'
import { median, SpanSeries } from './span-series.js'

/** When the cache is read too little. */
export interface HitLimits {
  /** Less than this share of the usual hit rate, 0 to 1. */
  readonly share: number
  /** Prompt tokens without which ten minutes say nothing. */
  readonly leastTokens: number
}

interface Prompts {
  readonly read: number
  readonly prompt: number
}

const SPAN_MS = 600_000
const KEEP = 144
const WARM_UP = 6
/** Where little is read, less is no news. */
const LEAST_USUAL = 0.3
/** Nearly as good as usual is good again. */
const RECOVERED = 0.8
const LONGEST_MS = 6 * 3_600_000

/** Watches the hit rate of whole spans of ten minutes, and tells a drop once until that is over. */
export class HitWatch {
  readonly #limits: HitLimits
  readonly #series = new SpanSeries<Prompts>(SPAN_MS, KEEP)
  #openKey: string | null = null

  /** @param limits when the cache is read too little */
  constructor(limits: HitLimits) {
    this.#limits = limits
  }

  /** Counts the prompt of a call, at the moment it ended. */
  add(at: number, counts: TokenCounts): readonly AlertSignal[] {
    const prompt = totalPrompt(counts)
    if (prompt <= 0) return this.turn(at)
    const usual = this.#usual()
    const ended = this.#series.add(at, (before) => {
      return { read: (before?.read ?? 0) + counts.read, prompt: (before?.prompt ?? 0) + prompt }
    })
    return this.#judge(ended, usual, at)
  }

  /** Lets time go on. */
  turn(at: number): readonly AlertSignal[] {
    const usual = this.#usual()
    return this.#judge(this.#series.turn(at), usual, at)
  }

  /** Of the spans before the one that runs; null while too little is known. */
  #usual(): number | null {
    const { leastTokens } = this.#limits
    const rates = this.#series.finished.filter(({ prompt }) => prompt >= leastTokens).map(rateOf)
    return rates.length < WARM_UP ? null : median(rates)
  }

  #judge(
    ended: readonly { readonly start: number; readonly sum: Prompts }[],
    usual: number | null,
    at: number,
  ): readonly AlertSignal[] {
    const [span] = ended
    if (span === undefined || usual === null || span.sum.prompt < this.#limits.leastTokens) return []
    const rate = rateOf(span.sum)
    if (this.#openKey !== null) {
      if (rate < usual * RECOVERED) return []
      const key = this.#openKey
      this.#openKey = null
      return [{ kind: 'resolve', key, at }]
    }
    if (usual < LEAST_USUAL || rate >= usual * this.#limits.share) return []
    this.#openKey = `cache-drop|everything|${span.start}`
    return [{ kind: 'raise', draft: draftDrop(this.#openKey, { rate, usual, prompt: span.sum.prompt }, at) }]
  }
}

function rateOf({ read, prompt }: Prompts): number {
  return read / prompt
}

interface Drop {
  readonly rate: number
  readonly usual: number
  readonly prompt: number
}

function draftDrop(key: string, { rate, usual, prompt }: Drop, at: number): AlertDraft {
  const [now, before] = [Math.round(rate * 100), Math.round(usual * 100)]
  return {
    key,
    kind: 'cache-drop',
    severity: 'warning',
    about: 'everything',
    title: `Only ${now}% of prompts were read from the cache`,
    detail: `Usual are ${before}%. See why with:  runguard cache`,
    facts: [
      { name: 'read from the cache', value: now, unit: 'percent' },
      { name: 'usual', value: before, unit: 'percent' },
      { name: 'prompts', value: prompt, unit: 'tokens' },
    ],
    openedAt: at,
    resolvesAt: at + LONGEST_MS,
  }
}
