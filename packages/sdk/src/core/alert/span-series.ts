/** Values counted over spans of equal length, and what is usual among them. */

/** Sums over spans of time, the last so many of them. Time that goes back counts for the span that runs. */
export class SpanSeries<Sum> {
  readonly #spanMs: number
  readonly #keep: number
  readonly #finished: Sum[] = []
  #start: number | null = null
  #sum: Sum | null = null

  /** @param keep how many finished spans are remembered */
  constructor(spanMs: number, keep: number) {
    this.#spanMs = spanMs
    this.#keep = keep
  }

  /** Spans that have ended, the oldest first; those in which nothing was counted are not among them. */
  get finished(): readonly Sum[] {
    return this.#finished
  }

  /** What was counted in the span that runs, and when it began; null if nothing was. */
  get current(): { readonly start: number; readonly sum: Sum } | null {
    return this.#start === null || this.#sum === null ? null : { start: this.#start, sum: this.#sum }
  }

  /** Counts in the span of a moment. @returns the spans that have ended by it, with their beginnings */
  add(at: number, change: (before: Sum | null) => Sum): readonly { readonly start: number; readonly sum: Sum }[] {
    const ended = this.turn(at)
    this.#start ??= at - (at % this.#spanMs)
    this.#sum = change(this.#sum)
    return ended
  }

  /** Ends the span that runs, if it has ended by that moment. */
  turn(at: number): readonly { readonly start: number; readonly sum: Sum }[] {
    const { current } = this
    if (current === null || at < current.start + this.#spanMs) return []
    this.#finished.push(current.sum)
    if (this.#finished.length > this.#keep) this.#finished.shift()
    this.#start = null
    this.#sum = null
    return [current]
  }
}

/** The middle of some numbers; of an even count the mean of the two; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = sorted.length >> 1
  const [low = Number.NaN, high = Number.NaN] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]]
  return (low + high) / 2
}

/** How far numbers usually are from their median: the median of the distances, as a standard deviation. */
export function usualDistance(values: readonly number[], from: number): number {
  return NORMAL_SCALE * median(values.map((value) => Math.abs(value - from)))
}

/** Of normally spread numbers the median distance is so much less than the standard deviation. */
const NORMAL_SCALE = 1.4826
