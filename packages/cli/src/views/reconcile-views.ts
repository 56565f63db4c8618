/** How the ledger and the reports of the API compare, as text and as JSON. */

import { decimalUsd, formatUsd, nanoUsd, type TokenCounts } from '@runguard/sdk/core'
import type { Cause, Comparison, DayDifference, HourDifference } from '../reconcile/comparison.js'
import type { Colors } from '../terminal.js'
import { printable, wholeCount } from './format.js'
import { type Column, renderTable } from './table.js'

const words: Readonly<Record<Cause, string>> = {
  outside: 'calls outside RunGuard',
  estimated: 'answers that broke off are estimated',
  'hour-edge': 'counted in the hour before or after',
  'batch-lag': 'a batch is recorded when it is made',
  'cache-lifetimes': 'other lifetimes of cache writes',
  'too-fresh': 'the report is some minutes behind',
  unmetered: 'calls that are passed on uncounted',
  unreported: 'another organization or API key',
  prices: 'other prices: a rate of your own, a discount, or an old list',
}

/** What was compared, and each difference with its likely causes. */
export function reconcileText(comparison: Comparison, colors: Colors): string {
  const { hours, hourDifferences, days, dayDifferences, byKey } = comparison
  const lines = [
    `tokens   ${wholeCount(hours)} hours of a model compared, ${countDifferences(hourDifferences.length)}`,
    days === null
      ? 'dollars  not compared: the cost report does not tell API keys apart'
      : `dollars  ${wholeCount(days)} days compared, ${countDifferences(dayDifferences.length)}`,
  ]
  if (hourDifferences.length > 0) lines.push('', hourTable(hourDifferences, colors))
  if (dayDifferences.length > 0) lines.push('', dayTable(dayDifferences, colors))
  if (byKey.size > 1) lines.push('', keyTable(byKey, colors))
  return lines.join('\n')
}

function countDifferences(count: number): string {
  if (count === 0) return 'no difference'
  return count === 1 ? '1 difference' : `${wholeCount(count)} differences`
}

function hourTable(differences: readonly HourDifference[], { dim }: Colors): string {
  const columns: Column[] = [
    { title: 'hour (UTC)', align: 'left' },
    { title: 'model', align: 'left' },
    { title: 'tokens', align: 'left' },
    { title: 'ledger', align: 'right' },
    { title: 'report', align: 'right' },
    { title: 'likely cause', align: 'left' },
  ]
  const rows = differences.flatMap(({ hourMs, model, isBatch, ledger, report, causes }) =>
    kinds.flatMap((kind, index) => {
      if (ledger[kind] === report[kind]) return []
      const isFirst = kinds.findIndex((other) => ledger[other] !== report[other]) === index
      return [
        [
          isFirst ? hourText(hourMs) : '',
          isFirst ? `${printable(model, 40)}${isBatch ? ' (batch)' : ''}` : '',
          kindWords[kind],
          wholeCount(ledger[kind]),
          wholeCount(report[kind]),
          isFirst ? causeText(causes) : '',
        ],
      ]
    }),
  )
  return renderTable({ columns, rows }, { title: dim, total: dim })
}

const kinds = ['input', 'write5m', 'write1h', 'read', 'output'] as const
const kindWords = { input: 'input', write5m: 'write 5m', write1h: 'write 1h', read: 'cache read', output: 'output' }

function dayTable(differences: readonly DayDifference[], { dim }: Colors): string {
  const columns: Column[] = [
    { title: 'day (UTC)', align: 'left' },
    { title: 'ledger', align: 'right' },
    { title: 'report', align: 'right' },
    { title: 'difference', align: 'right' },
    { title: 'likely cause', align: 'left' },
  ]
  const rows = differences.map(({ dayMs, ledgerNano, reportNano, causes }) => [
    new Date(dayMs).toISOString().slice(0, 10),
    usd(ledgerNano),
    usd(reportNano),
    usd(ledgerNano - reportNano),
    causeText(causes),
  ])
  return renderTable({ columns, rows }, { title: dim, total: dim })
}

function keyTable(byKey: ReadonlyMap<string, TokenCounts>, { dim }: Colors): string {
  const columns: Column[] = [
    { title: 'API key, in the report', align: 'left' },
    ...kinds.map((kind): Column => ({ title: kindWords[kind], align: 'right' })),
  ]
  const rows = [...byKey].map(([key, tokens]) => [
    key === '' ? '(none)' : printable(key, 60),
    ...kinds.map((kind) => wholeCount(tokens[kind])),
  ])
  return renderTable({ columns, rows }, { title: dim, total: dim })
}

function causeText(causes: readonly Cause[]): string {
  return causes.length === 0 ? 'not known' : causes.map((cause) => words[cause]).join('; ')
}

function hourText(hourMs: number): string {
  return new Date(hourMs).toISOString().slice(0, 16).replace('T', ' ')
}

function usd(nano: bigint): string {
  const text = formatUsd(nanoUsd(Number(nano < 0n ? -nano : nano)))
  return nano < 0n ? `-${text}` : text
}

/** Stable, for programs. */
export function reconcileJson({ hours, hourDifferences, days, dayDifferences, byKey }: Comparison) {
  const iso = (atMs: number): string => new Date(atMs).toISOString()
  return {
    hours,
    days,
    hourDifferences: hourDifferences.map(({ hourMs, ...difference }) => ({ hour: iso(hourMs), ...difference })),
    dayDifferences: dayDifferences.map(({ dayMs, ledgerNano, reportNano, causes }) => ({
      day: iso(dayMs).slice(0, 10),
      ledgerUsd: decimalUsd(nanoUsd(Number(ledgerNano))),
      reportUsd: decimalUsd(nanoUsd(Number(reportNano))),
      differenceNanoUsd: Number(ledgerNano - reportNano),
      causes,
    })),
    byKey: Object.fromEntries(byKey),
  }
}
