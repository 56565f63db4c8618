/**
 * The calls of any number of transcripts, each once. A column for each number instead of an object for each call: a year
 * of heavy use is some hundred thousand calls.
 */

import { type Cost, type CostItem, costOf, type PriceBook, sumTokens, type TokenCounts } from '@runguard/sdk/core'
import type { TranscriptCall } from './entry.js'

/** A call with what it cost, in pico-dollars by what was paid for. */
export interface PricedCall {
  readonly atMs: number
  readonly session: string
  readonly project: string
  readonly model: string
  /** The prompt of a person that it goes back to, in words for a report; `''` where nobody asked for it. */
  readonly prompt?: string
  readonly tokens: TokenCounts
  readonly pico: Readonly<Record<CostItem, number>>
  readonly isSubagent: boolean
  readonly isEstimated: boolean
  readonly isWhole: boolean
}

/** Collects calls. */
export interface CallTable {
  /** Takes an entry of a call in. Of several entries the one with the most output counts, in which order ever they come. */
  add(call: TranscriptCall, project: string): void
  /** All calls, each once. */
  calls(): Iterable<PricedCall>
}

const items = ['input', 'write5m', 'write1h', 'read', 'output', 'web-search'] as const
const tokenItems = ['input', 'write5m', 'write1h', 'read', 'output'] as const
const [SUBAGENT, ESTIMATED, WHOLE] = [1, 2, 4]
/** Time, session, project, model, flags; then the tokens, then the money. */
const TOKENS_AT = 5
const PICO_AT = TOKENS_AT + tokenItems.length
const WIDTH = PICO_AT + items.length

/** An empty table. Calls are priced by the day they happened, models without a price as the dearest of their line. */
export function openCallTable(book: PriceBook): CallTable {
  const rowOf = new Map<string, number>()
  const numbers: number[] = []
  const names = openNames()
  const write = (row: number, call: TranscriptCall, tokens: TokenCounts): void => {
    const at = row * WIDTH
    const cost = costOf(call.usage, book, call.atMs, 'dearest')
    tokenItems.forEach((item, index) => {
      numbers[at + TOKENS_AT + index] = tokens[item]
    })
    picoByItem(cost).forEach((pico, index) => {
      numbers[at + PICO_AT + index] = pico
    })
    numbers[at + 4] = flagsOf(call, cost)
  }
  const add = (call: TranscriptCall, project: string): void => {
    const tokens = sumTokens(call.usage)
    const known = call.id === null ? undefined : rowOf.get(call.id)
    if (known !== undefined) {
      if (isBetter(numbers, known * WIDTH, call, tokens)) write(known, call, tokens)
      return
    }
    const row = numbers.length / WIDTH
    numbers.push(call.atMs, names.number(call.session ?? ''), names.number(project), names.number(call.model))
    for (let column = 4; column < WIDTH; column += 1) numbers.push(0)
    if (call.id !== null) rowOf.set(call.id, row)
    write(row, call, tokens)
  }
  return { add, calls: () => eachCall(numbers, names.name) }
}

/** Counters of a call only grow: the most output stands in the last entry. */
function isBetter(numbers: readonly number[], at: number, call: TranscriptCall, tokens: TokenCounts): boolean {
  const output = numbers[at + TOKENS_AT + tokenItems.indexOf('output')] ?? 0
  if (tokens.output !== output) return tokens.output > output
  return call.isWhole && ((numbers[at + 4] ?? 0) & WHOLE) === 0
}

function flagsOf(call: TranscriptCall, cost: Cost): number {
  const isEstimated = cost.isEstimated || !call.isPlausible
  return (call.isSubagent ? SUBAGENT : 0) | (isEstimated ? ESTIMATED : 0) | (call.isWhole ? WHOLE : 0)
}

/** Whole numbers far below the largest safe one: nine thousand dollars for one item of one call. */
function picoByItem(cost: Cost): number[] {
  const sums = new Map<CostItem, bigint>()
  for (const { item, pico } of cost.lines) sums.set(item, (sums.get(item) ?? 0n) + pico)
  return items.map((item) => Number(sums.get(item) ?? 0n))
}

function* eachCall(numbers: readonly number[], name: (index: number) => string): Iterable<PricedCall> {
  for (let at = 0; at < numbers.length; at += WIDTH) {
    const [atMs = 0, session = 0, project = 0, model = 0, flags = 0] = numbers.slice(at, at + TOKENS_AT)
    const [input = 0, write5m = 0, write1h = 0, read = 0, output = 0] = numbers.slice(at + TOKENS_AT, at + PICO_AT)
    const pico = numbers.slice(at + PICO_AT, at + WIDTH)
    yield {
      atMs,
      session: name(session),
      project: name(project),
      model: name(model),
      tokens: { input, write5m, write1h, read, output },
      pico: Object.fromEntries(items.map((item, index) => [item, pico[index] ?? 0])) as PricedCall['pico'],
      isSubagent: (flags & SUBAGENT) !== 0,
      isEstimated: (flags & ESTIMATED) !== 0,
      isWhole: (flags & WHOLE) !== 0,
    }
  }
}

/** The same names come again and again: they are kept once, and stand for a number. */
function openNames() {
  const numbers = new Map<string, number>()
  const names: string[] = []
  const number = (name: string): number => {
    const known = numbers.get(name)
    if (known !== undefined) return known
    numbers.set(name, names.length)
    return names.push(name) - 1
  }
  return { number, name: (index: number): string => names[index] ?? '' }
}
