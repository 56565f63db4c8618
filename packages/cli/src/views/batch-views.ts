/** Batches and their results, for people and programs. */

import type { BatchBill, BatchProgress, ItemResult } from '@runguard/sdk'
import { decimalUsd, formatUsd } from '@runguard/sdk/core'
import type { ListedBatch } from '../operations/api-batches.js'
import type { OffsetAt } from '../settings/environment.js'
import type { Colors } from '../terminal.js'
import { formatDuration, formatMoment, printable, wholeCount } from './format.js'
import { type Column, renderTable } from './table.js'

/** One line: how far a job is. The API counts nothing before a batch has ended, so until then the time is shown. */
export function progressLine(progress: BatchProgress): string {
  const { batches, endedBatches, items, endedItems, elapsedMs, expiresInMs } = progress
  const ended = batches === 1 ? '' : `, ${endedBatches} of ${batches} batches ended`
  const counts = endedItems === 0 ? '' : `, ${wholeCount(endedItems)} done`
  if (endedBatches === batches) return `${wholeCount(items)} items, all ended${countsOf(progress)}`
  const rest = `${formatWait(elapsedMs)} so far, given up in ${formatWait(expiresInMs)} at the latest`
  return `${wholeCount(items)} items${ended}${counts}; ${rest}`
}

/** Batches take hours, not minutes. */
function formatWait(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  return minutes < 60 ? formatDuration(ms) : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

function countsOf({ succeeded, errored, canceled, expired }: BatchProgress): string {
  const parts = Object.entries({ succeeded, errored, canceled, expired }).filter(([, count]) => count > 0)
  return parts.length === 0 ? '' : `: ${parts.map(([name, count]) => `${wholeCount(count)} ${name}`).join(', ')}`
}

/** A result as a line of JSON. */
export function resultLine(result: ItemResult): string {
  const { customId: custom_id } = result
  if (result.kind === 'failed') return JSON.stringify({ custom_id, error: result.error })
  const { text, usage, stopReason: stop_reason, costNano, message } = result
  return JSON.stringify({ custom_id, text, stop_reason, usage, cost_usd: decimalUsd(costNano), message })
}

/** What a job cost, and what it spared. */
export function billLine({ succeeded, failed, nano, directNano, isEstimated }: BatchBill): string {
  const mark = isEstimated ? ' (est.)' : ''
  const failures = failed === 0 ? '' : `, ${wholeCount(failed)} without an answer`
  const saved = formatUsd((directNano - nano) as typeof nano)
  return `${wholeCount(succeeded)} answered${failures}; ${formatUsd(nano)}${mark}, ${saved} less than as single calls`
}

const columns: readonly Column[] = [
  { title: 'batch', align: 'left' },
  { title: 'status', align: 'left' },
  { title: 'created', align: 'left' },
  { title: 'items', align: 'right' },
  { title: 'answered', align: 'right' },
]

/** The list of batches. What is answered is known only of those that have ended. */
export function batchTable(batches: readonly ListedBatch[], offsetAt: OffsetAt, colors: Colors): string {
  const rows = batches.map((batch) => {
    const { id, processing_status: status, request_counts: counts, created_at: created } = batch
    const sum = counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
    const [atMs, answered] = [Date.parse(created), status === 'ended' ? wholeCount(counts.succeeded) : '-']
    return [printable(id), printable(status), formatMoment(atMs, offsetAt(atMs)), wholeCount(sum), answered]
  })
  return renderTable({ columns, rows }, { title: colors.dim, total: colors.bold })
}
