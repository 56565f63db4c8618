/** What was said of answers, and what the tiers that gave them are taken to be good for. */

import { forgetOldest } from '../core/bounded/bounded.js'
import type { Scope } from '../core/budget/scope.js'
import type { CallRecord } from '../core/cost/record.js'
import {
  DAY_MS,
  dayOf,
  estimateSuccess,
  type OutcomeDay,
  REMEMBERED_DAYS,
  type SuccessEstimate,
} from '../core/route/outcomes.js'
import type { OutcomeStore } from '../store/outcome-store.js'
import type { Store } from '../store/store.js'
import type { Runtime } from './runtime.js'

/** A tier at a task, as far as it is known. */
export interface LearnedTier extends SuccessEstimate {
  readonly task: string
  readonly tier: string
}

/** What somebody says of the answer to a call. */
export interface Judgement {
  /** RunGuard's id of the call, or the API's id of its request. */
  readonly call: string
  readonly isGood: boolean
  /** Only a call that ran on this gateway key can be judged, null for those on none; absent: any call. */
  readonly key?: string | null
}

/** The outcomes of calls. */
export interface RouteOutcomes {
  /** A call that has ended, and may be judged soon. */
  expect(record: CallRecord): void
  /**
   * Takes note of a judgement. False if the call is not known, names no task or tier, or was judged before. Rejects if the
   * store fails, and while too many others are being taken note of.
   */
  judge(judgement: Judgement): Promise<boolean>
  /** From what is known now; {@link RouteOutcomes.refresh} first. */
  estimate(task: string, tier: string): SuccessEstimate
  /** Reads what all who share the store have counted, unless that was done a moment ago. Never rejects. */
  refresh(): Promise<void>
  /** All that was learned, by task and tier. Rejects if the store cannot be read. */
  list(): Promise<readonly LearnedTier[]>
  /** Resolves when all that was said so far has been taken note of. */
  settled(): Promise<void>
}

/** What outcomes need. */
export interface OutcomeParts {
  readonly store: OutcomeStore & Pick<Store, 'findRecord'>
  readonly runtime: Runtime
  /** The task and tier that an answer counts for; null if for none. */
  sourceOf(record: CallRecord): { readonly task: string; readonly tier: string } | null
  /** Resolves when every call that has ended is in the store. */
  flush(): Promise<void>
}

interface Source {
  readonly call: string
  readonly task: string
  readonly tier: string
  readonly key: Scope['key']
  readonly costNano: number
}

/** Who is judged right after the answer is found here; all others in the store. */
const MAX_CALLS = 10_000
const MAX_JUDGING = 200
/** Tasks are words that callers send: so many rows are looked at. */
const MAX_ROWS = 20_000
/** What others learned is heard of after so long. */
const REFRESH_MS = 30_000

/** Nothing is known before the first reading. */
export function learnOutcomes(parts: OutcomeParts): RouteOutcomes {
  return new StoredOutcomes(parts)
}

class StoredOutcomes implements RouteOutcomes {
  private readonly parts: OutcomeParts
  private readonly recent = new Map<string, Source>()
  private readonly judging = new Set<Promise<unknown>>()
  private days = new Map<string, OutcomeDay[]>()
  /** Said here since the last reading began: it may, or may not, be in there. */
  private said: OutcomeDay[] = []
  private reading: Promise<void> | null = null
  private readAtMs = Number.NEGATIVE_INFINITY
  private forgotAtMs = Number.NEGATIVE_INFINITY

  constructor(parts: OutcomeParts) {
    this.parts = parts
  }

  expect(record: CallRecord): void {
    const source = this.sourceOf(record)
    if (source === null) return
    this.recent.set(record.id, source)
    forgetOldest(this.recent, MAX_CALLS)
  }

  judge(judgement: Judgement): Promise<boolean> {
    // Each may have to be looked for: whoever sends names that nobody knows must not keep the store busy.
    if (this.judging.size >= MAX_JUDGING) return Promise.reject(new RangeError('too many judgements at once'))
    const judging = this.takeNote(judgement)
    this.judging.add(judging)
    const forget = (): boolean => this.judging.delete(judging)
    judging.then(forget, forget)
    return judging
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.judging)
  }

  estimate(task: string, tier: string): SuccessEstimate {
    return estimateSuccess(this.days.get(keyOf(task, tier)) ?? [], this.parts.runtime.now())
  }

  async refresh(): Promise<void> {
    const nowMs = this.parts.runtime.now()
    if (nowMs - this.readAtMs < REFRESH_MS) return
    const isFirst = this.readAtMs === Number.NEGATIVE_INFINITY
    this.readAtMs = nowMs
    const reading = this.read().catch((error: unknown) => {
      this.parts.runtime.log.error('outcomes-unread', { error: String(error) })
    })
    // What is a little old does for now; what nobody has read yet is waited for.
    if (isFirst) await reading
  }

  async list(): Promise<readonly LearnedTier[]> {
    await this.read()
    const { runtime } = this.parts
    const learned = [...this.days.values()].flatMap((days) => {
      const [first] = days
      return first === undefined
        ? []
        : [{ task: first.task, tier: first.tier, ...estimateSuccess(days, runtime.now()) }]
    })
    return learned.sort((left, right) => (keyOf(left.task, left.tier) < keyOf(right.task, right.tier) ? -1 : 1))
  }

  private async takeNote({ call, isGood, key }: Judgement): Promise<boolean> {
    const source = await this.find(call)
    if (source === null || (key !== undefined && source.key !== key)) return false
    const { store, runtime } = this.parts
    const at = runtime.now()
    const { task, tier, costNano } = source
    if (!(await store.addOutcome({ call: source.call, task, tier, isGood, costNano, at }))) return false
    const day = { task, tier, day: dayOf(at), good: Number(isGood), bad: Number(!isGood), costNano }
    this.said.push(day)
    this.add(day)
    return true
  }

  private async find(call: string): Promise<Source | null> {
    const recent = this.recent.get(call)
    if (recent !== undefined) return recent
    await this.parts.flush()
    const record = await this.parts.store.findRecord(call)
    return record === null ? null : this.sourceOf(record)
  }

  private sourceOf(record: CallRecord): Source | null {
    const source = record.usage === null ? null : this.parts.sourceOf(record)
    return source && { ...source, call: record.id, key: record.scope.key, costNano: record.cost.nano }
  }

  /** Whoever asks while it is read gets the same reading. */
  private read(): Promise<void> {
    this.reading ??= this.readAll().finally(() => {
      this.reading = null
    })
    return this.reading
  }

  private async readAll(): Promise<void> {
    const { store, runtime } = this.parts
    const today = dayOf(runtime.now())
    this.said = []
    const rows = await store.listOutcomes({ sinceDay: today - REMEMBERED_DAYS, limit: MAX_ROWS })
    // What was said meanwhile may count twice until the next reading, and is never left out.
    this.days = new Map()
    for (const row of [...rows, ...this.said]) this.add(row)
    this.readAtMs = runtime.now()
    if (this.readAtMs - this.forgotAtMs < DAY_MS) return
    this.forgotAtMs = this.readAtMs
    await store.forgetOutcomes((today - REMEMBERED_DAYS) * DAY_MS)
  }

  private add(row: OutcomeDay): void {
    const key = keyOf(row.task, row.tier)
    const days = this.days.get(key)
    if (days === undefined) this.days.set(key, [row])
    else days.push(row)
  }
}

function keyOf(task: string, tier: string): string {
  return JSON.stringify([task, tier])
}
