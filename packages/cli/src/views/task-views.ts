/** Tasks and their tiers as a table and as JSON. */

import { decimalUsd, formatUsd, nanoUsd, type TaskTier } from '@runguard/sdk/core'
import type { Colors } from '../terminal.js'
import { percent, printable, wholeCount } from './format.js'
import { renderTable } from './table.js'

const titles = ['task', 'tier', 'model', 'judged', 'good', 'expected', 'a try', 'a good answer', '']
const rightAligned = ['judged', 'good', 'expected', 'a try', 'a good answer']

/** A row for each tier of each task; what is chosen has an arrow. */
export function taskTable(rows: readonly TaskTier[], colors: Colors): string {
  return renderTable(
    {
      columns: titles.map((title) => ({ title, align: rightAligned.includes(title) ? 'right' : 'left' })),
      rows: rows.map((row, at) => cellsOf(row, rows[at - 1]?.task !== row.task)),
    },
    { title: colors.dim, total: colors.bold },
  )
}

function cellsOf(
  { task, tier, model, tries, good, success, tryNano, solvedNano, isChosen, why }: TaskTier,
  isFirst: boolean,
) {
  return [
    isFirst ? printable(task) : '',
    printable(tier),
    printable(model),
    wholeCount(tries),
    wholeCount(good),
    tries === 0 ? '' : `${percent(success.low)} – ${percent(success.high)}`,
    tryNano === null ? '' : formatUsd(nanoUsd(Math.round(tryNano))),
    solvedNano === null ? '' : formatUsd(nanoUsd(Math.round(solvedNano))),
    `${isChosen ? '→ ' : ''}${printable(why)}`,
  ]
}

/** A row as JSON; shares from 0 to 1, money exact. */
export function taskTierJson({
  task,
  tier,
  model,
  tries,
  good,
  success,
  tryNano,
  solvedNano,
  isChosen,
  why,
}: TaskTier) {
  const usd = (nano: number | null): string | null => (nano === null ? null : decimalUsd(nanoUsd(Math.round(nano))))
  const { mean, low, high, evidence } = success
  const costs = { tryUsd: usd(tryNano), solvedUsd: usd(solvedNano) }
  return { task, tier, model, judged: tries, good, mean, low, high, evidence, ...costs, isChosen, why }
}
