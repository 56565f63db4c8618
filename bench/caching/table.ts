/** Results as text for people. */

import type { Result, Score } from './replay.js'

const NAME = 24
const COLUMN = 13

/** What the columns say. */
export const legend = [
  'Dollars are estimates: input at list price, without output; token counts of single blocks are shares of recorded sums.',
  '"of optimum": 1.000 is a lower bound that knows the future; it may not be reachable. "saved": against no cache, signed.',
  'A front that was warm when a recorded session began, kept so by requests that left no trace, is warm for all alike.',
  '"as billed" compares in the whole only: in a half it also read what the other half had written.',
  '"pings": requests that only keep a prefix alive while its caller pauses; off by default, and paid for here as any other.',
  '"wrong": requests whose bill was foretold differently from what the independent cache model charged.',
].join('\n')

/** One table per part of the data. */
export function renderResult({ title, requests, optimumUsd, scores }: Result): string {
  const head = row('', ['of optimum', 'dollars', 'saved', 'wrong', 'pings', 'µs a call'])
  const heading = `${title}, ${requests.toLocaleString('en')} requests; optimum $${optimumUsd.toFixed(2)}`
  return [heading, head, ...scores.map(renderScore)].join('\n')
}

function renderScore({ name, usd, savedUsd, ofOptimum, wronglyForetold, pings, micros }: Score): string {
  const wrong = wronglyForetold === null ? '' : String(wronglyForetold)
  return row(name, [
    ofOptimum.toFixed(3),
    usd.toFixed(2),
    savedUsd.toFixed(2),
    wrong,
    pings === 0 ? '' : String(pings),
    micros.toFixed(0),
  ])
}

function row(name: string, cells: readonly string[]): string {
  return `  ${name.padEnd(NAME)}${cells.map((cell) => cell.padStart(COLUMN)).join('')}`
}
