/** Results as text for people. */

import { lossKinds } from './losses.js'
import type { Result, Score } from './replay.js'

const NAME = 24
const COLUMN = 13
const LOSS_NAME = 42
const LOSS_COLUMN = 25

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

/** Where the contenders lose of which that is known, one column each. */
export function renderLosses({ title, scores }: Result): string {
  const known = scores.filter(({ losses }) => losses !== null)
  const kinds = Object.keys(lossKinds) as (keyof typeof lossKinds)[]
  const lines = kinds.map((kind) =>
    lossRow(
      lossKinds[kind],
      known.map(({ losses }) => signed(losses?.[kind] ?? 0)),
    ),
  )
  const all = lossRow(
    'in all',
    known.map(({ ofOptimum }) => signed(ofOptimum - 1)),
  )
  return [
    `${title}: against the optimum, in its units`,
    lossRow(
      '',
      known.map(({ name }) => name),
    ),
    ...lines,
    all,
  ].join('\n')
}

function lossRow(name: string, cells: readonly string[]): string {
  return `  ${name.padEnd(LOSS_NAME)}${cells.map((cell) => cell.padStart(LOSS_COLUMN)).join('')}`
}

function signed(share: number): string {
  return `${share < 0 ? '−' : '+'}${Math.abs(share).toFixed(3)}`
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
