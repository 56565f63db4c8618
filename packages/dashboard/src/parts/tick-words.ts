/** The words along the axes of a chart. Pure. */

import { formatClock, formatDay } from './format.js'

/** The time of day; the day where one begins, and as much behind it as ticks need to differ. */
export function tickWords(at: number, apartSeconds: number): string {
  const moment = new Date(at)
  if (apartSeconds < 1) return `${formatClock(at).slice(3)}.${String(moment.getMilliseconds()).padStart(3, '0')}`
  if (moment.getHours() === 0 && moment.getMinutes() === 0 && moment.getSeconds() === 0) return formatDay(at)
  return formatClock(at).slice(0, apartSeconds < 60 ? 8 : 5)
}

/** As many decimals everywhere as the longest has: `$0.10` beside `$0.15`. Words without any stay. */
export function evenDecimals(words: readonly string[]): string[] {
  const most = Math.max(0, ...words.map(countDecimals))
  return words.map((word) => {
    const own = countDecimals(word)
    return own === 0 ? word : word + '0'.repeat(most - own)
  })
}

/** How much room the words beside an axis take, in pixels: small amounts are long. */
export function axisWidth(words: readonly string[]): number {
  return Math.max(56, 14 + 7 * Math.max(0, ...words.map(({ length }) => length)))
}

function countDecimals(word: string): number {
  return /\.(\d+)$/.exec(word)?.[1]?.length ?? 0
}
