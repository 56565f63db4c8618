/** The results in columns. */

import type { Confusion } from './confusion.js'
import type { RouterResult, RoutersResult } from './routers.js'
import type { Outcome, SwitchResult } from './switching.js'

/** What moving conversations costs. */
export function renderSwitching({ from, to, talks, stayUsd, naive, guarded }: SwitchResult): string {
  const head = `${from} → ${to} from the middle on: ${talks} conversations, $${stayUsd.toFixed(2)} if they stay`
  return [head, outcomeRow('at once', naive, stayUsd), outcomeRow('where it pays', guarded, stayUsd)].join('\n')
}

function outcomeRow(name: string, { usd, switched, losers, lostUsd, worstLoss }: Outcome, stayUsd: number): string {
  const change = (usd / stayUsd - 1) * 100
  return (
    `  ${name.padEnd(14)} $${usd.toFixed(2)} (${change >= 0 ? '+' : ''}${change.toFixed(1)} %), ${switched} moved, ` +
    `${losers} lost $${lostUsd.toFixed(2)}, at worst ${(worstLoss * 100).toFixed(2)} % of a conversation`
  )
}

/** What routers make of questions, with a word on what that is worth. */
export function renderRouters({ set, isGenerated, tested, learnedFrom, routers }: RoutersResult): string {
  const origin = isGenerated
    ? 'GENERATED: it shows that the arithmetic works, and nothing of real calls'
    : 'public labels of other models: that the order of routers transfers to Claude is not shown'
  const head = `${set}: ${tested} questions, learned from ${learnedFrom} others (${origin})`
  return [head, ...routers.map(routerRow)].join('\n')
}

function routerRow({ router, apgr, cpt50, cpt80, curve }: RouterResult): string {
  const share = (value: number | null): string => (value === null ? '   -' : `${Math.round(value * 100)} %`.padStart(4))
  const points = curve.map(({ strongShare, right, usd }) => {
    return `${Math.round(strongShare * 100)}%: ${right.toFixed(0)} right $${usd.toFixed(2)}`
  })
  const figures =
    apgr === null ? ''.padEnd(34) : `APGR ${apgr.toFixed(3)}  50 % at ${share(cpt50)}  80 % at ${share(cpt80)}`
  return `  ${router.padEnd(13)} ${figures.padEnd(38)} ${points.join(' | ')}`
}

/** What the classifier says, task by task. */
export function renderConfusion({ set, calls, right, wrong, silent, rows }: Confusion): string {
  const head = `classifier, ${set}: ${calls} calls, ${right} right, ${wrong} wrong, ${silent} silent (generated)`
  const lines = Object.entries(rows).map(([task, said]) => {
    const told = Object.entries(said).map(([name, count]) => `${name} ${count}`)
    return `  ${task.padEnd(12)} → ${told.join(', ')}`
  })
  return [head, ...lines].join('\n')
}
