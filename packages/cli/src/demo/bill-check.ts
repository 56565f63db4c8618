/** Every recorded cost against the bill of an independent witness: the simulator's own log and price list. */

import { type CallRecord, formatUsd, nanoUsd } from '@runguard/sdk/core'
import type { Audit, LogEntry } from '@runguard/simulator'
import { printable } from '../format.js'

/** How many calls agreed, and in which way; and what did not agree. */
export interface BillCheck {
  /** Charged exactly what the witness charges, to the nano-dollar. */
  readonly exact: number
  /** Broken off, marked as estimated, and charged no less than the witness charges. */
  readonly estimated: number
  /** Charged by neither. */
  readonly unbilled: number
  /** Each names the call and both amounts. */
  readonly mismatches: readonly string[]
}

type Verdict = 'exact' | 'estimated' | 'unbilled' | { readonly mismatch: string }

/** Compares in both directions: a call without a bill is as wrong as a bill without a call. */
export function checkBills(
  records: readonly CallRecord[],
  log: readonly LogEntry[],
  bills: Audit['byRequest'],
): BillCheck {
  const byUpstreamId = new Map(records.map((record) => [record.upstreamId, record]))
  const served = new Set(log.map(({ id }) => id))
  const verdicts = [
    ...log.map((entry) => judge(entry, byUpstreamId.get(entry.id), bills.get(entry.id) ?? 0n)),
    ...records.filter(({ upstreamId }) => upstreamId === null || !served.has(upstreamId)).map(judgeUnserved),
  ]
  const count = (wanted: Verdict): number => verdicts.filter((verdict) => verdict === wanted).length
  return {
    exact: count('exact'),
    estimated: count('estimated'),
    unbilled: count('unbilled'),
    mismatches: verdicts.flatMap((verdict) => (typeof verdict === 'object' ? [verdict.mismatch] : [])),
  }
}

function judge(entry: LogEntry, record: CallRecord | undefined, billed: bigint): Verdict {
  if (record === undefined) return { mismatch: `${entry.id} (${entry.path}) was served and not recorded` }
  const recorded = BigInt(record.cost.nano)
  const isEstimate = record.ending.kind === 'at-least'
  if (isEstimate && record.cost.isEstimated && recorded >= billed) return 'estimated'
  if (!isEstimate && recorded === billed) return billed === 0n ? 'unbilled' : 'exact'
  return { mismatch: `${nameOf(record)} was recorded at ${formatUsd(record.cost.nano)} and billed ${usd(billed)}` }
}

/** What never reached the API cannot have cost anything. */
function judgeUnserved(record: CallRecord): Verdict {
  if (record.cost.nano === 0) return 'unbilled'
  return { mismatch: `${nameOf(record)} was recorded at ${formatUsd(record.cost.nano)} and never served` }
}

function nameOf({ id, servedModel, requestedModel, route }: CallRecord): string {
  return `${id} (${printable(servedModel ?? requestedModel ?? route)})`
}

function usd(nano: bigint): string {
  return formatUsd(nanoUsd(Number(nano)))
}
