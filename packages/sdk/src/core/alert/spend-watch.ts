/** Spending that is faster than it usually is here. */

import { formatUsd, type NanoUsd, nanoUsd } from '../cost/money.js'
import type { AlertDraft, AlertSignal } from './alert.js'
import { median, SpanSeries, usualDistance } from './span-series.js'

/** When spending is too fast. */
export interface SpendLimits {
  /** So many times the usual. */
  readonly factor: number
  /** And at least so much in five minutes, in nano-dollars. */
  readonly least: NanoUsd
}

const SPAN_MS = 300_000
/** A day of spans in which something was spent. */
const KEEP = 288
/** Less than an hour of spending says nothing of what is usual. */
const WARM_UP = 12
const USUAL_DISTANCES = 6
/** It is over when so many spans in a row were as usual. */
const CALM_SPANS = 2

/** Watches what calls cost. It says that spending is too fast while the span still runs, and once until that is over. */
export class SpendWatch {
  readonly #limits: SpendLimits
  readonly #series = new SpanSeries<number>(SPAN_MS, KEEP)
  #threshold: number | null = null
  #openKey: string | null = null
  #calmSpans = 0

  /** @param limits when spending is too fast */
  constructor(limits: SpendLimits) {
    this.#limits = limits
  }

  /** Counts what a call cost, at the moment it ended. */
  add(at: number, cost: NanoUsd): readonly AlertSignal[] {
    if (cost <= 0) return this.turn(at)
    const ended = this.#series.add(at, (before) => (before ?? 0) + cost)
    return [...this.#judgeEnded(ended, at), ...this.#judgeCurrent(at)]
  }

  /** Lets time go on. */
  turn(at: number): readonly AlertSignal[] {
    return this.#judgeEnded(this.#series.turn(at), at)
  }

  #judgeEnded(ended: readonly { readonly sum: number }[], at: number): readonly AlertSignal[] {
    const [span] = ended
    if (span === undefined) return []
    const isCalm = this.#threshold === null || span.sum <= this.#threshold
    this.#calmSpans = isCalm ? this.#calmSpans + 1 : 0
    this.#threshold = thresholdOf(this.#series.finished, this.#limits)
    if (this.#openKey === null || this.#calmSpans < CALM_SPANS) return []
    const key = this.#openKey
    this.#openKey = null
    return [{ kind: 'resolve', key, at }]
  }

  #judgeCurrent(at: number): readonly AlertSignal[] {
    const { current } = this.#series
    if (current === null || this.#threshold === null || this.#openKey !== null) return []
    if (current.sum <= this.#threshold) return []
    this.#openKey = `spend-velocity|everything|${current.start}`
    this.#calmSpans = 0
    const usual = median(this.#series.finished)
    return [{ kind: 'raise', draft: draftVelocity(this.#openKey, current.sum, usual, at) }]
  }
}

/** Null while too little is known. */
function thresholdOf(spans: readonly number[], { factor, least }: SpendLimits): number | null {
  if (spans.length < WARM_UP) return null
  const usual = median(spans)
  return Math.max(least, factor * usual, usual + USUAL_DISTANCES * usualDistance(spans, usual))
}

/** Whoever is gone before it is over leaves it open for so long. */
const LONGEST_MS = 6 * 3_600_000

function draftVelocity(key: string, spent: number, usual: number, at: number): AlertDraft {
  const [now, before] = [nanoUsd(Math.round(spent)), nanoUsd(Math.round(usual))]
  return {
    key,
    kind: 'spend-velocity',
    severity: 'error',
    about: 'everything',
    title: `${formatUsd(now)} were spent within five minutes`,
    detail: `Usual are ${formatUsd(before)}.`,
    facts: [
      { name: 'spent', value: now, unit: 'nano-dollars' },
      { name: 'usual', value: before, unit: 'nano-dollars' },
      { name: 'span', value: SPAN_MS, unit: 'milliseconds' },
    ],
    openedAt: at,
    resolvesAt: at + LONGEST_MS,
  }
}
