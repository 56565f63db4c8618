/** The results of stress runs as people read them. */

import type { AccountFindings } from './findings.js'
import type { RunResult } from './run.js'

/** Whether a run kept every promise that is one: no cut is ahead of a stream that comes all at once. */
export function hasFailed({ accounts, troubles, isPaced }: RunResult): boolean {
  const { findings, openHolds, unheld, doubled, underposted, misjudged } = troubles
  const counted = openHolds + unheld + doubled + underposted + misjudged
  return findings.length + counted > 0 || (isPaced && accounts.some(({ overspent }) => overspent > 0))
}

/** A run in a few lines. */
export function renderRun(run: RunResult): string {
  const { refusals, cuts, clamps, troubles, writes } = run
  const shared = run.accounts.filter(({ scope }) => !scope.startsWith('session:'))
  const sessions = run.accounts.filter(({ scope }) => scope.startsWith('session:'))
  const calls = Object.values(run.outcomes).reduce((sum, count) => sum + count, 0)
  const rows: [string, string][] = [
    ...shared.map((account): [string, string] => [account.scope, describeAccount(account)]),
    ['sessions', describeSessions(sessions)],
    [
      'calls',
      Object.entries(run.outcomes)
        .map(([name, count]) => `${count} ${name}`)
        .join(', '),
    ],
    [
      'refusals',
      `${refusals.needed} needed, ${refusals.floor} below the least a call is begun with, ${refusals.false} false`,
    ],
    [
      'cuts, clamps',
      `${cuts.needed} cuts needed, ${cuts.floor} within the margin for a cut, ${cuts.false} false; ${clamps} clamped`,
    ],
    ['above holds', describeAbove(run.aboveHolds)],
    ['held per spent', `${run.heldPerSpent.toFixed(2)} dollars for each dollar, over time`],
    ['reserve adds', `${spread(run.overheadMs)} ms before a call is sent (p50 / p99), waiting for money included`],
    [
      'ledger writes',
      `${spread(writes.writeMs)} ms (p50 / p99), ${mean(writes.writeEvents).toFixed(1)} events in each`,
    ],
    ['open holds', `${run.openAtEnd} at the end, ${troubles.openHolds} after their deadline`],
    ['ledger', describeTroubles(run)],
    ...(run.kills > 0
      ? [['records', `${run.unrecorded} of whole answers went down with a gateway`] as [string, string]]
      : []),
    ...countLines(writes.problems).map((line): [string, string] => ['gateway says', line]),
  ]
  const title = `$${run.capUsd}${run.isPaced ? '' : ', unpaced'}: ${calls} calls in ${run.seconds.toFixed(1)} s${run.kills > 0 ? `, ${run.kills} kills` : ''}`
  return [title, ...rows.map(([name, text]) => `  ${name.padEnd(15)} ${text}`)].join('\n')
}

function describeAccount({ limit, billed, posted, beyondPosted, overspent, usedAtRefusal }: AccountFindings): string {
  const first =
    usedAtRefusal === null
      ? 'nobody refused'
      : `first refusal at ${percent(usedAtRefusal.settled)} settled, ${percent(usedAtRefusal.withRunning)} with what was running`
  const beyond = beyondPosted > 0 ? `, ${usd(beyondPosted)} billed beyond it for broken answers` : ''
  return (
    `${usd(billed)} billed of ${usd(limit)} (${percent(billed / limit)}), ${usd(posted)} posted${beyond}; ` +
    `overspent ${usd(overspent)}; ${first}`
  )
}

/** What had come before a stream could be cut is billed. */
function describeAbove(aboveHolds: readonly number[]): string {
  const sum = aboveHolds.reduce((total, nano) => total + nano, 0)
  return `${aboveHolds.length} calls by ${usd(sum)} in all, ${usd(Math.max(0, ...aboveHolds))} at most`
}

function describeSessions(sessions: readonly AccountFindings[]): string {
  const fullest = Math.max(0, ...sessions.map(({ billed, limit }) => billed / limit))
  const overspent = sessions.reduce((sum, account) => sum + account.overspent, 0)
  return `${sessions.length}, the fullest at ${percent(fullest)}; overspent ${usd(overspent)}`
}

function describeTroubles({ troubles }: RunResult): string {
  const { findings, unheld, doubled, underposted, misjudged } = troubles
  const counted = { unheld, doubled, underposted, misjudged }
  const wrong = Object.entries(counted).filter(([, count]) => count > 0)
  const lines = [...wrong.map(([name, count]) => `${count} ${name}`), ...findings.slice(0, 5)]
  return lines.length === 0 ? 'verified: nothing lost, nothing doubled' : `WRONG: ${lines.join('; ')}`
}

function countLines(lines: readonly string[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1)
  return [...counts].slice(0, 5).map(([line, count]) => `${count} times: ${line}`)
}

function usd(nano: number): string {
  return `$${(nano / 1e9).toFixed(6)}`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}

function spread(values: readonly number[]): string {
  return `${quantile(values, 0.5).toFixed(1)} / ${quantile(values, 0.99).toFixed(1)}`
}

/** The value that a share of the values do not exceed; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN
}
