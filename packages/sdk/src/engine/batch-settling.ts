/** The results of a batch: each line a record, and all of them together the settlement of its hold. */

import { type ReturnedItem, readReturned } from '../core/batch/batch-item.js'
import { joinBytes } from '../core/body/bytes.js'
import { addUsd, zeroUsd } from '../core/cost/money.js'
import type { CallRecord, Ending } from '../core/cost/record.js'
import type { Usage, UsageReading } from '../core/cost/usage.js'
import { readUsage } from '../core/cost/usage-reading.js'
import type { LedgerEvent } from '../core/ledger/ledger.js'
import type { BatchRow } from '../store/batch-store.js'
import { closeRecord, priceUsage } from './call-record.js'
import type { Desk } from './desk.js'

/** Reads results while they pass. */
export interface ResultsMeter {
  feed(bytes: Uint8Array): void
  /** True while more records wait for the store than should be kept in memory. */
  readonly isBehind: boolean
  /** Called when it no longer is. */
  onCaughtUp: (() => void) | null
  /** All bytes were there: settles the batch, if every item was among them. False if one was not. */
  finish(): boolean
}

const NEWLINE = 0x0a
/** No answer is longer; what is goes by unread. */
const MAX_LINE_BYTES = 64 * 1024 * 1024
const MAX_WAITING = 2_000

/** Reads the results of a batch. Whatever is read twice is recorded once, and settled once. */
export function meterResults(desk: Desk, row: BatchRow): ResultsMeter {
  return new LineMeter(desk, row)
}

class LineMeter implements ResultsMeter {
  isBehind = false
  onCaughtUp: (() => void) | null = null
  private readonly desk: Desk
  private readonly row: BatchRow
  private readonly seen = new Set<string>()
  private pieces: Uint8Array[] = []
  private lineBytes = 0
  private waiting = 0
  private spent = zeroUsd
  private isEstimate = false
  private isReadable = true

  constructor(desk: Desk, row: BatchRow) {
    this.desk = desk
    this.row = row
  }

  feed(bytes: Uint8Array): void {
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      this.keep(bytes.subarray(start, end))
      this.readLine()
      start = end + 1
    }
    this.keep(bytes.subarray(start))
  }

  finish(): boolean {
    this.readLine()
    if (!this.isReadable || this.seen.size !== this.row.items) return false
    const { desk, row, spent, isEstimate } = this
    if (row.hold !== null) desk.journal.close(null, [settlement(row.hold, desk.runtime.now(), spent, isEstimate)])
    // An estimate can still be corrected by results that say more.
    if (!isEstimate) desk.batches.put({ ...row, settledAt: desk.runtime.now() })
    return true
  }

  private keep(piece: Uint8Array): void {
    this.lineBytes += piece.length
    if (this.lineBytes <= MAX_LINE_BYTES) this.pieces.push(piece)
    else this.pieces = []
  }

  private readLine(): void {
    const { pieces, lineBytes } = this
    this.pieces = []
    this.lineBytes = 0
    if (lineBytes === 0) return
    const item = lineBytes > MAX_LINE_BYTES ? null : readReturned(joinBytes(pieces))
    if (item === null) this.isReadable = false
    else if (!this.seen.has(item.customId)) this.settleItem(item, lineBytes)
  }

  private settleItem(item: ReturnedItem, bytes: number): void {
    const record = recordItem(this.desk, this.row, item, bytes)
    this.seen.add(item.customId)
    this.spent = addUsd(this.spent, record.cost.nano)
    this.isEstimate ||= record.cost.isEstimated
    // What was answered and does not say what it cost cannot be settled: the hold has to.
    if (record.ending.reason === 'usage-missing') this.isReadable = false
    this.desk.close(record, [])
    this.waiting += 1
    if (this.waiting >= MAX_WAITING && !this.isBehind) this.catchUp()
  }

  /** A file of results may come faster than a store takes it. */
  private catchUp(): void {
    this.isBehind = true
    const go = (): void => {
      this.isBehind = false
      this.waiting = 0
      this.onCaughtUp?.()
    }
    // A store that is away is logged by the journal, which gives it again what it did not take.
    this.desk.journal.flush().then(go, go)
  }
}

/** Nothing to pay gives the hold back, also where it was posted as an estimate meanwhile. */
export function settlement(
  hold: string,
  at: number,
  amount: CallRecord['cost']['nano'],
  isEstimate: boolean,
): LedgerEvent {
  return amount === 0 ? { kind: 'release', hold, at } : { kind: 'settle', hold, at, amount, isEstimate }
}

/** Nothing of the batch was answered, so nothing is billed. */
export function settleUnanswered(desk: Desk, row: BatchRow): void {
  if (row.settledAt !== null) return
  const at = desk.runtime.now()
  if (row.hold !== null) desk.journal.close(null, [settlement(row.hold, at, zeroUsd, false)])
  desk.batches.put({ ...row, settledAt: at })
}

const UNBILLED: ReadonlyMap<string, Ending> = new Map([
  ['errored', { kind: 'not-billed', reason: 'error-status' }],
  ['canceled', { kind: 'not-billed', reason: 'never-sent' }],
  ['expired', { kind: 'not-billed', reason: 'never-sent' }],
])

/**
 * The record of an item: on the account of whoever created the batch, at the prices of that day.
 *
 * @param bytes of its line
 * @param id the same for the same item, however often its results are read
 */
export function recordItem(
  desk: Desk,
  row: BatchRow,
  item: ReturnedItem,
  bytes: number,
  id = `${row.call}:${item.customId}`,
): CallRecord {
  const unbilled = UNBILLED.get(item.type) ?? null
  const reading = unbilled === null ? readUsage(item.usage, { model: item.model ?? '' }) : null
  const ending = unbilled ?? endingOf(reading)
  // At batch prices, whatever the answer says of its tier: a batch has no other.
  const usage: Usage | null =
    reading === null || ending.reason === 'usage-missing' ? null : { ...reading.usage, tier: 'batch' }
  const cost = priceUsage(desk, row.createdAt, usage, ending.kind === 'at-least')
  const outcome = { servedModel: item.model, ending, errorCode: unbilled === null ? null : item.type, usage, cost }
  const answer = { status: null, upstreamId: item.messageId, headMs: null, cache: null }
  return closeRecord({ opening: openItem(row, item, id), hold: null }, answer, outcome, {
    responseBytes: bytes,
    durationMs: 0,
  })
}

function endingOf(reading: UsageReading | null): Ending {
  const problems = reading?.problems ?? []
  if (problems.length === 0) return { kind: 'exact', reason: 'complete' }
  return { kind: 'at-least', reason: problems.includes('missing') ? 'usage-missing' : 'usage-suspect' }
}

function openItem({ id: batch, scope, client, createdAt }: BatchRow, { customId, model }: ReturnedItem, id: string) {
  return {
    id,
    startedAt: createdAt,
    overheadMs: 0,
    endpoint: 'batches',
    target: `batch ${batch} ${customId}`,
    scope,
    client,
    requestedModel: model,
    isStream: false,
    estimate: null,
    loop: null,
    requestBytes: 0,
  } as const
}
