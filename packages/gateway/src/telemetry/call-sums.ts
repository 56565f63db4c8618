/** What calls came to since the start, in whole numbers: what is exported of them adds up to the ledger. */

import { type CallRecord, findModel, type PriceBook, type RecordedLoop, sumTokens } from '@runguard/sdk/core'

/** A sum under the labels it is counted for. */
export interface LabelledSum<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>
  readonly value: number
}

/** Sums by labels. Only names that were made here or are on a list may be labels: callers choose the others. */
export class Sums<Label extends string> {
  readonly #rows = new Map<string, { readonly labels: Readonly<Record<Label, string>>; value: number }>()

  /** Adds to a sum. */
  add(labels: Readonly<Record<Label, string>>, value: number): void {
    const key = JSON.stringify(labels)
    const row = this.#rows.get(key) ?? { labels, value: 0 }
    row.value += value
    this.#rows.set(key, row)
  }

  /** All sums, in the order in which they began. */
  rows(): readonly LabelledSum<Label>[] {
    return [...this.#rows.values()]
  }
}

/** The name for what is on no list. */
const OTHER = 'other'

/** Names as they come, until there are so many; from then on all new ones are one. */
class NameBook {
  readonly #names = new Set<string>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  /** The name, or {@link OTHER}. */
  label(name: string): string {
    if (this.#names.has(name)) return name
    if (this.#names.size >= this.#most) return OTHER
    this.#names.add(name)
    return name
  }
}

/** Teams are made by operators; more than that are no lines of a chart. */
const MOST_TEAMS = 100

/** Kinds of tokens, as they are called in metrics. */
export const TOKEN_TYPES = {
  input: 'input',
  read: 'input_cache_read',
  write5m: 'input_cache_write_5m',
  write1h: 'input_cache_write_1h',
  output: 'output',
} as const

/** Counts calls. */
export class CallSums {
  readonly calls = new Sums<'model' | 'ending'>()
  readonly costNano = new Sums<'model'>()
  readonly teamCostNano = new Sums<'team'>()
  readonly tokens = new Sums<'model' | 'type'>()
  readonly savedNano = new Sums<'lever'>()
  readonly lostNano = new Sums<'lever'>()
  readonly denied = new Sums<'reason'>()
  readonly loops = new Sums<'rule' | 'action'>()
  readonly #book: PriceBook
  readonly #teams = new NameBook(MOST_TEAMS)

  constructor(book: PriceBook) {
    this.#book = book
  }

  /** The id of a listed model; {@link OTHER} for what is on no list, which anybody can ask for. */
  modelOf({ servedModel, requestedModel }: Pick<CallRecord, 'servedModel' | 'requestedModel'>): string {
    const listed = [servedModel, requestedModel].map((name) => (name === null ? null : findModel(this.#book, name)))
    return (listed[0] ?? listed[1])?.id ?? OTHER
  }

  /** Counts a call that has ended. */
  addRecord(record: CallRecord): void {
    const model = this.modelOf(record)
    this.calls.add({ model, ending: record.ending.kind }, 1)
    this.costNano.add({ model }, record.cost.nano)
    const { team } = record.scope
    if (team !== null) this.teamCostNano.add({ team: this.#teams.label(team) }, record.cost.nano)
    if (record.ending.reason === 'refused') this.denied.add({ reason: reasonOf(record.errorCode) }, 1)
    if (record.usage !== null) this.#addTokens(model, record.usage)
    this.#addSaving('cache', record.cache?.savedNano ?? 0)
    this.#addSaving('routing', record.route?.isApplied ? (record.route.savedNano ?? 0) : 0)
  }

  /** Counts what is done about a loop. */
  addLoop({ rule, action }: RecordedLoop): void {
    this.loops.add({ rule, action }, 1)
  }

  #addTokens(model: string, usage: NonNullable<CallRecord['usage']>): void {
    const counts = sumTokens(usage)
    for (const name of Object.keys(TOKEN_TYPES) as (keyof typeof TOKEN_TYPES)[]) {
      if (counts[name] > 0) this.tokens.add({ model, type: TOKEN_TYPES[name] }, counts[name])
    }
  }

  /** Counters only rise: what a lever lost has one of its own. */
  #addSaving(lever: string, nano: number): void {
    if (nano > 0) this.savedNano.add({ lever }, nano)
    if (nano < 0) this.lostNano.add({ lever }, -nano)
  }
}

/** Our own codes, without what they all begin with. */
function reasonOf(code: string | null): string {
  return /^runguard_[a-z_]{1,40}$/.test(code ?? '') ? (code ?? '').slice('runguard_'.length) : OTHER
}
