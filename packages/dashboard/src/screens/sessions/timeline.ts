/** Where the calls of a session stand on a line of time. Long pauses are folded. Pure. */

/** A call on the line, as shares of its width from 0 to 1. */
export interface Span {
  readonly start: number
  readonly width: number
}

/** A pause that was folded. */
export interface Fold {
  readonly at: number
  readonly pauseMs: number
}

/** The line. */
export interface Timeline {
  readonly spans: readonly Span[]
  readonly folds: readonly Fold[]
  /** Milliseconds that the line shows, folded pauses left out. */
  readonly shownMs: number
}

interface Timed {
  readonly startedAt: number
  readonly durationMs: number
}

/** A pause longer than this share of all the time in which something ran is drawn this long. */
const LONGEST_PAUSE = 0.06

/** Lays calls out, in the order in which they started. Those that ran side by side overlap. */
export function layTimeline(calls: readonly Timed[]): Timeline {
  const pauses = pausesOf(calls)
  const busyMs = Math.max(1, totalMs(calls) - pauses.reduce((sum, { lengthMs }) => sum + lengthMs, 0))
  const longestMs = Math.max(1000, busyMs * LONGEST_PAUSE)
  const folded = pauses.filter(({ lengthMs }) => lengthMs > longestMs)
  const origin = calls[0]?.startedAt ?? 0
  const shownMs = Math.max(1, totalMs(calls) - folded.reduce((sum, { lengthMs }) => sum + lengthMs - longestMs, 0))
  const place = (at: number) => {
    const cut = folded.filter(({ endAt }) => endAt <= at).reduce((sum, { lengthMs }) => sum + lengthMs - longestMs, 0)
    return (at - origin - cut) / shownMs
  }
  return {
    spans: calls.map((call) => ({ start: place(call.startedAt), width: Math.max(0, call.durationMs) / shownMs })),
    folds: folded.map(({ endAt, lengthMs }) => ({ at: place(endAt) - longestMs / shownMs / 2, pauseMs: lengthMs })),
    shownMs,
  }
}

function totalMs(calls: readonly Timed[]): number {
  const end = calls.reduce((latest, call) => Math.max(latest, call.startedAt + call.durationMs), 0)
  return calls.length === 0 ? 0 : end - (calls[0]?.startedAt ?? 0)
}

/** The times in which nothing ran. */
function pausesOf(calls: readonly Timed[]): readonly { readonly endAt: number; readonly lengthMs: number }[] {
  let busyUntil = calls[0]?.startedAt ?? 0
  return calls.flatMap(({ startedAt, durationMs }) => {
    const lengthMs = startedAt - busyUntil
    busyUntil = Math.max(busyUntil, startedAt + durationMs)
    return lengthMs > 0 ? [{ endAt: startedAt, lengthMs }] : []
  })
}
