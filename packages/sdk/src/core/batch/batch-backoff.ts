/** How often to ask whether a batch has ended: soon at first, then less and less, and never more than is allowed. */

/** How often a process may ask. Times are milliseconds. */
export interface PollPace {
  readonly firstMs: number
  readonly longestMs: number
  /** Requests per minute for all batches together. */
  readonly perMinute: number
}

/** Two seconds, growing to a minute; sixty requests a minute of the thousand that the smallest tier has. */
export const defaultPace: PollPace = { firstMs: 2_000, longestMs: 60_000, perMinute: 60 }

const GROWTH = 1.5
/** Up to so much is added, so that processes that started together do not ask together. */
const JITTER = 0.25

/**
 * The pause before the next round of questions, in whole milliseconds.
 *
 * @param round 0 before the first
 * @param running batches that each round asks about
 * @param chance from 0 (inclusive) to 1
 */
export function pollDelayMs(round: number, running: number, chance: number, pace: PollPace = defaultPace): number {
  const grownMs = Math.min(pace.longestMs, pace.firstMs * GROWTH ** Math.min(round, 64))
  const allowedMs = (running * 60_000) / pace.perMinute
  return Math.ceil(Math.max(grownMs, allowedMs) * (1 + JITTER * chance))
}

/** A number from 0 (inclusive) to 1 that looks random, from an id that is different each time. */
export function chanceFrom(id: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < id.length; index++) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193)
  // The last characters of an id reach the high bits only through a final mix.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32
}
