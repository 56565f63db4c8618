/** Reconcile: what was recorded of each call against an independent bill of the same calls. */

import { formatUsd, maxUsd, nanoUsd } from '../cost/money.js'
import type { CallRecord } from '../cost/record.js'

/** One request as somebody else billed it. */
export interface Bill {
  /** The API's request id. */
  readonly id: string
  /** For people: what was asked for. */
  readonly label: string
  /** Nano-dollars; 0 for what is free or failed. */
  readonly nano: bigint
}

/** How many calls agreed, and in which way; and what did not agree. */
export interface Reconciliation {
  /** Charged exactly what is billed, to the nano-dollar. */
  readonly exact: number
  /** Broken off, marked as estimated, and charged no less than is billed. */
  readonly estimated: number
  /** Charged by neither. */
  readonly unbilled: number
  /** Each names the call and both amounts. */
  readonly mismatches: readonly string[]
}

type Verdict = 'exact' | 'estimated' | 'unbilled' | { readonly mismatch: string }

/** Compares in both directions: a call without a bill is as wrong as a bill without a call. */
export function reconcile(records: readonly CallRecord[], bills: readonly Bill[]): Reconciliation {
  const byUpstreamId = new Map(records.map((record) => [record.upstreamId, record]))
  const billed = new Set(bills.map(({ id }) => id))
  const verdicts = [
    ...bills.map((bill) => judge(bill, byUpstreamId.get(bill.id))),
    ...records.filter(({ upstreamId }) => upstreamId === null || !billed.has(upstreamId)).map(judgeUnbilled),
  ]
  const count = (wanted: Verdict): number => verdicts.filter((verdict) => verdict === wanted).length
  return {
    exact: count('exact'),
    estimated: count('estimated'),
    unbilled: count('unbilled'),
    mismatches: verdicts.flatMap((verdict) => (typeof verdict === 'object' ? [verdict.mismatch] : [])),
  }
}

function judge(bill: Bill, record: CallRecord | undefined): Verdict {
  if (record === undefined) {
    return bill.nano === 0n ? 'unbilled' : { mismatch: `${bill.id} (${bill.label}) was billed and not recorded` }
  }
  const recorded = BigInt(record.cost.nano)
  const isEstimate = record.ending.kind === 'at-least'
  if (isEstimate && record.cost.isEstimated && recorded >= bill.nano) return 'estimated'
  if (!isEstimate && recorded === bill.nano) return bill.nano === 0n ? 'unbilled' : 'exact'
  return { mismatch: `${nameOf(record)} was recorded at ${formatUsd(record.cost.nano)} and billed ${usd(bill.nano)}` }
}

/** What nobody billed may still have been charged as an estimate: whether it arrived is not known. */
function judgeUnbilled(record: CallRecord): Verdict {
  if (record.cost.nano === 0) return 'unbilled'
  if (record.upstreamId === null && record.ending.kind === 'at-least') return 'estimated'
  return { mismatch: `${nameOf(record)} was recorded at ${formatUsd(record.cost.nano)} and never billed` }
}

function nameOf({ id, servedModel, requestedModel, target }: CallRecord): string {
  return `${id} (${servedModel ?? requestedModel ?? target})`
}

function usd(nano: bigint): string {
  return nano <= BigInt(maxUsd) ? formatUsd(nanoUsd(Number(nano))) : `${nano} nano-dollars`
}
