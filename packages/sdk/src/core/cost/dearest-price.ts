/** The dearest way in which a request may be billed. */

import type { CacheTtl, CallView } from '../body/call.js'
import { usualMaxOutput } from '../body/clamp.js'
import { costOf } from './cost.js'
import type { PriceBook, UnknownModelPolicy } from './price.js'
import type { Usage, UsagePart } from './usage.js'

/** What decides the price of a request. */
export interface PriceFacts {
  readonly view: CallView
  readonly book: PriceBook
  readonly unknownModel: UnknownModelPolicy
  /** When the call is made, in milliseconds since the epoch. */
  readonly atMs: number
  /** Never below the true tokens of the prompt. */
  readonly inputBound: number
  /** The most output of the model, in tokens; null if unknown. */
  readonly maxOutput: number | null
  /** Where calls are served that name no region, as seen in earlier answers; null if nothing says so. */
  readonly usualGeo: string | null
  /** By which prices; absent: those of a single call. */
  readonly tier?: Usage['tier']
}

/** Prices of all runs of a request, each in the dearest way, in pico-dollars. Most requests have one run. */
export interface DearestPrice {
  /** Of the prompt: each run reads it. */
  readonly inputPico: bigint
  /** Of one token of output, in the dearest run. */
  readonly outputPico: bigint
  /** Of one more token of `max_tokens`: in all runs that go by it. */
  readonly tokenPico: bigint
  /** Of the longest output of all runs that do not: lowering `max_tokens` does not make it less. */
  readonly fixedPico: bigint
  /** The longest output of a run that does not go by `max_tokens`, in tokens. */
  readonly fixedTokens: number
}

interface Run {
  readonly model: string
  readonly speeds: readonly Usage['speed'][]
  /** Null where the `max_tokens` of the request decides. */
  readonly maxTokens: number | null
}

/** Prices a request. */
export function priceDearest(facts: PriceFacts): DearestPrice {
  let sum: DearestPrice = { inputPico: 0n, outputPico: 0n, tokenPico: 0n, fixedPico: 0n, fixedTokens: 0 }
  for (const run of runsOf(facts)) {
    const { input, output } = priceRun(facts, run)
    const { maxTokens } = run
    sum = {
      inputPico: sum.inputPico + input,
      outputPico: larger(output, sum.outputPico),
      tokenPico: sum.tokenPico + (maxTokens === null ? output : 0n),
      fixedPico: sum.fixedPico + output * BigInt(maxTokens ?? 0),
      fixedTokens: Math.max(sum.fixedTokens, maxTokens ?? 0),
    }
  }
  return sum
}

function runsOf({ view, inputBound, maxOutput }: PriceFacts): Run[] {
  const { fallbacks, compactsFrom } = view
  const own: Run = { model: view.model ?? '', speeds: speedsOf(view.speed === 'fast'), maxTokens: null }
  const runs = [own]
  // Nobody says which models these are: a name that is none is priced as the dearest of all.
  if (fallbacks === 'default') runs.push({ ...own, model: '' })
  else {
    for (const { model, maxTokens, isFast } of fallbacks) {
      runs.push({ model, maxTokens, speeds: speedsOf(isFast ?? view.speed === 'fast') })
    }
  }
  if (compactsFrom !== null && inputBound >= compactsFrom) runs.push({ ...own, maxTokens: maxOutput ?? usualMaxOutput })
  return runs
}

/** A fast request may be served at standard speed, and then by the long-prompt card, which can be the dearer one. */
function speedsOf(isFast: boolean): Run['speeds'] {
  return isFast ? ['fast', 'standard'] : ['standard']
}

function priceRun(facts: PriceFacts, { model, speeds }: Run): { readonly input: bigint; readonly output: bigint } {
  const { view, book, atMs } = facts
  const tokens = Math.ceil(facts.inputBound)
  const parts = itemsOf(view).map((item) => partOf(model, item, tokens))
  const usage = {
    parts,
    webSearches: 0,
    geo: view.inferenceGeo ?? facts.usualGeo,
    tier: facts.tier ?? 'standard',
  } as const
  const policy = model === '' ? 'dearest' : facts.unknownModel
  let input = 0n
  let output = 0n
  for (const speed of speeds) {
    for (const { item, pico } of costOf({ speed, ...usage }, book, atMs, policy).lines) {
      if (item === 'output') output = larger(output, pico)
      else input = larger(input, pico)
    }
  }
  return { input, output }
}

function larger(left: bigint, right: bigint): bigint {
  return left > right ? left : right
}

type InputItem = 'input' | 'write5m' | 'write1h' | 'read'

/** A prompt that is billed as one item, with one token of output. */
function partOf(model: string, item: InputItem, tokens: number): UsagePart {
  const of = (each: InputItem): number => (each === item ? tokens : 0)
  const [input, write5m, write1h, read] = [of('input'), of('write5m'), of('write1h'), of('read')]
  return { kind: 'message', model, input, write5m, write1h, read, output: 1 }
}

/** The classes that the prompt may be billed in. A prompt that is kept elsewhere may carry markers nobody sees here. */
function itemsOf(view: CallView): readonly InputItem[] {
  const isMarked = (ttl: CacheTtl): boolean => view.marker === ttl || view.blocks.some(({ marker }) => marker === ttl)
  const isLong = isMarked('1h') || view.hasUnseenPrompt
  const items: InputItem[] = ['input']
  if (isMarked('5m')) items.push('write5m')
  if (isLong) items.push('write1h')
  // Whatever was marked may be read.
  if (items.length > 1) items.push('read')
  return items
}
