/** The watch over a call about batches: notes what was created, and settles by the results that pass. */

import type { BatchAction } from '../core/batch/batch-action.js'
import { leadResultsTo, readBatchAnswers } from '../core/batch/batch-answer.js'
import type { BatchReserve } from '../core/batch/batch-reserve.js'
import { joinBytes } from '../core/body/bytes.js'
import { remainingOn } from '../core/budget/budget-room.js'
import type { Headers } from '../core/budget/scope.js'
import type { CallEnd } from '../core/cost/ending.js'
import type { CallRecord, Ending } from '../core/cost/record.js'
import type { LedgerEvent } from '../core/ledger/ledger.js'
import type { BatchRow } from '../store/batch-store.js'
import { type BatchHold, keepHold } from './batch-holding.js'
import { meterResults, type ResultsMeter, settleUnanswered } from './batch-settling.js'
import { untoldId } from './batch-unread.js'
import { closeRecord, priceUsage } from './call-record.js'
import type { Desk, Opening } from './desk.js'
import type { DoorGuard, Watch } from './watch.js'

/** A call about batches, admitted. */
export interface BatchCall {
  readonly opening: Opening
  readonly action: BatchAction
  /** Where the door is reached, without a slash at the end; null if whoever follows an address of the API meets it anyway. */
  readonly base: string | null
  /** Names what it is sent with; null where nobody knows. */
  readonly account: string | null
  readonly startedTick: number
  /** The batch it is about, if a door has created it. */
  readonly row: BatchRow | null
  /** What is held for a batch that is created now. */
  readonly creation: { readonly reserve: BatchReserve; readonly hold: BatchHold | null } | null
}

/** Opens the watch over a call that is about to be sent. */
export function watchBatch(desk: Desk, call: BatchCall): Watch {
  return new RunningBatchCall(desk, call)
}

const MAX_ID_LENGTH = 200
/** A page of a thousand batches has half a megabyte; what is longer tells of none. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024
const NO_BYTES = new Uint8Array(0)

class RunningBatchCall implements Watch {
  readonly id: string
  readonly overheadMs: number
  readonly isPricedAtEnd = false
  readonly binding: Watch['binding']
  readonly loop = null
  readonly route = null
  readonly degraded = []
  private readonly desk: Desk
  private readonly call: BatchCall
  private answer = { status: null as number | null, upstreamId: null as string | null, headMs: null as number | null }
  private responseBytes = 0
  private isSent = false
  private record: CallRecord | null = null
  private results: ResultsMeter | null = null
  /** Of an answer that is kept until it is whole; null where none is. */
  private kept: Uint8Array[] | null = null

  constructor(desk: Desk, call: BatchCall) {
    this.desk = desk
    this.call = call
    this.id = call.opening.id
    this.overheadMs = call.opening.overheadMs
    const binding = call.creation?.hold?.binding ?? null
    this.binding = binding === null ? null : { budget: binding.budget, remaining: remainingOn(binding) }
  }

  sent(): void {
    this.isSent = true
  }

  head(status: number, headers: Headers): DoorGuard | null {
    const { desk, call } = this
    const upstreamId = headers['request-id']?.slice(0, MAX_ID_LENGTH) ?? null
    this.answer = { status, upstreamId, headMs: desk.runtime.tick() - call.startedTick }
    if (status < 200 || status >= 300) return null
    if (call.action.kind !== 'results') return this.keepAnswer()
    if (call.row === null || call.row.settledAt !== null) return null
    this.results = meterResults(desk, call.row)
    return this.guardResults(this.results)
  }

  chunk(bytes: Uint8Array): void {
    this.responseBytes += bytes.length
  }

  /** No answer about a batch says what it costs. */
  hear(): void {}

  end(how: CallEnd): CallRecord {
    if (this.record !== null) return this.record
    const { desk, call, answer, responseBytes } = this
    const ending = this.endingOf(how)
    const cost = priceUsage(desk, call.opening.startedAt, null, false)
    const outcome = { servedModel: null, ending, errorCode: null, usage: null, cost }
    const durationMs = desk.runtime.tick() - call.startedTick
    const closed = closeRecord({ opening: call.opening, hold: null }, { ...answer, cache: null }, outcome, {
      responseBytes,
      durationMs,
    })
    const hold = call.creation?.hold ?? null
    this.record =
      hold === null
        ? closed
        : { ...closed, hold: { nano: hold.amount, budget: hold.binding?.budget ?? null, clampedTo: null } }
    desk.close(this.record, this.settle(how))
    desk.breakers.ended(this.record)
    return this.record
  }

  /** A small answer is passed on when it is whole, with its addresses changed. */
  private keepAnswer(): DoorGuard {
    this.kept = []
    let bytes = 0
    return passage({
      pass: (chunk) => {
        this.chunk(chunk)
        bytes += chunk.length
        if (this.kept === null) return chunk
        this.kept.push(chunk)
        if (bytes <= MAX_ANSWER_BYTES) return NO_BYTES
        const long = joinBytes(this.kept)
        this.kept = null
        return long
      },
      finish: () => {
        const whole = joinBytes(this.kept ?? [])
        return this.call.base === null ? whole : leadResultsTo(whole, this.call.base)
      },
    })
  }

  private guardResults(results: ResultsMeter): DoorGuard {
    const guard = passage({
      isWaiting: () => results.isBehind,
      pass: (chunk) => {
        this.chunk(chunk)
        results.feed(chunk)
        return chunk
      },
      finish: () => NO_BYTES,
    })
    results.onCaughtUp = () => guard.onTurn?.()
    return guard
  }

  /** Only creations and results are about money; and of a creation only the answer says whether there is a batch. */
  private endingOf(how: CallEnd): Ending {
    const { action, row } = this.call
    const { status } = this.answer
    if (!this.isSent) return { kind: 'not-billed', reason: how === 'upstream-failed' ? 'never-sent' : reasonOf(how) }
    if (status !== null && status >= 300) return { kind: 'not-billed', reason: 'error-status' }
    if (action.kind === 'create' && status === null) return { kind: 'at-least', reason: reasonOf(how) }
    if (action.kind === 'results' && row === null) return { kind: 'unmetered', reason: 'unmetered-endpoint' }
    return { kind: 'not-billed', reason: 'free-endpoint' }
  }

  private settle(how: CallEnd): LedgerEvent[] {
    const { desk, call, kept, results } = this
    if (results !== null && how === 'complete' && !results.finish()) {
      desk.runtime.log.warn('batch-results-unread', { batch: call.row?.id })
    }
    const answers = kept === null ? [] : readBatchAnswers(joinBytes(kept))
    if (call.creation !== null) return this.settleCreation(answers[0]?.id ?? null, answers[0]?.items ?? 0)
    for (const { id, hasEnded, items, succeeded } of answers) {
      if (!hasEnded || items === 0 || succeeded > 0) continue
      void desk.batches.find(id).then((row) => (row === null ? undefined : settleUnanswered(desk, row)))
    }
    return []
  }

  private settleCreation(batch: string | null, items: number): LedgerEvent[] {
    const { desk, call, isSent } = this
    const { status } = this.answer
    const { hold = null, reserve } = call.creation ?? {}
    const at = desk.runtime.now()
    if (!isSent || (status !== null && status >= 300)) {
      return hold === null ? [] : [{ kind: 'release', hold: hold.id, at }]
    }
    if (batch === null) {
      // Nobody knows whether there is a batch now: the hold stays until that is known, or is posted as an estimate.
      desk.runtime.log.warn('batch-untold', { call: this.id, hold: hold?.id ?? null })
    }
    if (reserve === undefined) return []
    desk.batches.put({
      id: batch ?? untoldId(this.id),
      account: call.account,
      call: this.id,
      hold: hold?.id ?? null,
      scope: call.opening.scope,
      client: call.opening.client,
      items: items === 0 ? reserve.items : items,
      most: reserve.most,
      createdAt: call.opening.startedAt,
      settledAt: null,
    })
    return hold === null ? [] : [keepHold(desk, hold)]
  }
}

function reasonOf(how: CallEnd): Ending['reason'] {
  return how === 'complete' ? 'stream-incomplete' : how
}

interface Passage {
  readonly pass: (bytes: Uint8Array) => Uint8Array
  readonly finish: () => Uint8Array
  readonly isWaiting?: () => boolean
}

/** A guard that never ends anything. */
function passage({ pass, finish, isWaiting = () => false }: Passage): DoorGuard {
  return {
    get flow() {
      return isWaiting() ? 'wait' : 'go'
    },
    cutEnd: 'budget-cut',
    onTurn: null,
    pass,
    finish,
    cut: () => NO_BYTES,
  }
}
