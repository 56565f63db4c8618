/** The words of a price. Pure. */

import { formatMoney } from '../../parts/format.js'

/** What is billed, in words. */
export const itemWords: Readonly<Record<string, string>> = {
  input: 'Input',
  write5m: 'Cache write 5 min',
  write1h: 'Cache write 1 h',
  read: 'Cache read',
  output: 'Output',
  'web-search': 'Web search',
}

/** A listed price in dollars: for a million tokens, or for one search, which says so. */
export function formatPerMillion(picoEach: number, item: string): string {
  return item === 'web-search' ? `${formatMoney(picoEach / 1000)} each` : formatMoney(picoEach * 1000)
}

/** Pico-dollars as a decimal text in nano-dollars; the text may be larger than a number holds exactly. */
export function nanoOfPico(pico: string): number {
  const value = Number(pico)
  return Number.isFinite(value) ? value / 1000 : Number.NaN
}
