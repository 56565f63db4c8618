/** All rules together: events in, signals out. */

import type { CallRecord } from '../cost/record.js'
import { sumTokens } from '../cost/usage.js'
import type { AlertDraft, AlertSignal } from './alert.js'
import { draftBreaker, draftBudget, draftLoop, draftPriceAge, draftUnknownModel, signalStore } from './alert-drafts.js'
import type { AlertEvent } from './alert-event.js'
import type { AlertWatches } from './alert-policy.js'
import { HitWatch } from './hit-watch.js'
import { SpendWatch } from './spend-watch.js'
import { StormGate } from './storm-gate.js'

/** Remembers what is usual here. What was told already is known by whoever keeps alerts. */
export class AlertRules {
  readonly #spend: SpendWatch | null
  readonly #hits: HitWatch | null
  readonly #priceAgeDays: number | null
  readonly #gate = new StormGate()

  constructor({ spendVelocity, cacheDrop, priceAgeDays }: AlertWatches) {
    this.#spend = spendVelocity === null ? null : new SpendWatch(spendVelocity)
    this.#hits = cacheDrop === null ? null : new HitWatch(cacheDrop)
    this.#priceAgeDays = priceAgeDays
  }

  /** What an event is worth. */
  look(event: AlertEvent): readonly AlertSignal[] {
    return this.#signalsOf(event).flatMap((signal): AlertSignal[] => {
      if (signal.kind === 'resolve') return [signal]
      const draft = this.#gate.admit(signal.draft)
      return draft === null ? [] : [{ kind: 'raise', draft }]
    })
  }

  /** Learns from a call of the past what is usual, and tells nothing. From the oldest to the newest. */
  learn(record: CallRecord): void {
    this.#watchRecord(record, endOf(record))
  }

  /** Lets time go on: spans end without calls too. */
  turn(at: number): readonly AlertSignal[] {
    return [...(this.#spend?.turn(at) ?? []), ...(this.#hits?.turn(at) ?? [])]
  }

  #signalsOf(event: AlertEvent): readonly AlertSignal[] {
    switch (event.kind) {
      case 'record':
        return this.#lookAtRecord(event.record)
      case 'budget':
        return raise(draftBudget(event.crossing))
      case 'loop':
        return raise(draftLoop(event))
      case 'breaker':
        return raise(draftBreaker(event.breaker))
      case 'prices':
        return raise(this.#priceAgeDays === null ? null : draftPriceAge(event, this.#priceAgeDays))
      case 'store':
        return [signalStore(event)]
    }
  }

  #lookAtRecord(record: CallRecord): readonly AlertSignal[] {
    const endedAt = endOf(record)
    return [...raise(draftUnknownModel(record, endedAt)), ...this.#watchRecord(record, endedAt)]
  }

  #watchRecord(record: CallRecord, endedAt: number): readonly AlertSignal[] {
    return [
      ...(this.#spend?.add(endedAt, record.cost.nano) ?? []),
      ...(record.usage === null ? [] : (this.#hits?.add(endedAt, sumTokens(record.usage)) ?? [])),
    ]
  }
}

function endOf({ startedAt, durationMs }: CallRecord): number {
  return Math.floor(startedAt + durationMs)
}

function raise(draft: AlertDraft | null): readonly AlertSignal[] {
  return draft === null ? [] : [{ kind: 'raise', draft }]
}
