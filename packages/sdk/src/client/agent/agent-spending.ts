/** What the next call of a session is likely to cost, and whether there is money for it. */

import { scanCall } from '../../core/body/scan.js'
import { costOf } from '../../core/cost/cost.js'
import { decimalUsd, formatUsd, type NanoUsd, nanoUsd } from '../../core/cost/money.js'
import { findModel, type PriceBook } from '../../core/cost/price.js'
import { sumTokens, totalPrompt } from '../../core/cost/usage.js'
import { readUsage } from '../../core/cost/usage-reading.js'
import { BudgetExceededError } from '../../core/refusal/refusal-error.js'
import { freshRatio } from '../../core/tokens/token-ratio.js'
import { estimateInput, tokenFacts } from '../../core/tokens/tokens.js'

/** What a session has learned from its calls, as plain JSON. */
export interface CallHabit {
  readonly calls: number
  /** Of all calls. */
  readonly outputTokens: number
  /** The last call; null before the first. */
  readonly last: {
    readonly model: string
    /** Its whole prompt. */
    readonly promptTokens: number
    /** What of it is in the cache now: read or written. */
    readonly cachedTokens: number
    readonly outputTokens: number
  } | null
}

/** Nothing learned. */
export const freshHabit: CallHabit = { calls: 0, outputTokens: 0, last: null }

/** Assumed of a first call. */
const FIRST_INPUT_TOKENS = 4_000
const FIRST_OUTPUT_TOKENS = 500

/** Learns from the usage of an answer. */
export function learnHabit(habit: CallHabit, model: string, usage: unknown): CallHabit {
  const counts = sumTokens(readUsage(usage, { model }).usage)
  const cachedTokens = counts.read + counts.write5m + counts.write1h
  return {
    calls: habit.calls + 1,
    outputTokens: habit.outputTokens + counts.output,
    last: { model, promptTokens: totalPrompt(counts), cachedTokens, outputTokens: counts.output },
  }
}

/** A call before it is made. */
export interface NextCall {
  readonly model: string
  /** What it says that no call has said before, estimated. */
  readonly newTokens: number
  readonly maxTokens: number
}

/** All that the model has to read for the next call, in tokens. */
export function contentTokens({ last }: CallHabit, newTokens: number): number {
  return newTokens + (last === null ? 0 : last.promptTokens + last.outputTokens)
}

/** Likely tokens of the input of a request, or of as much of one as is given, in the count of that model. */
export function countLikely(request: object, model: string, book: PriceBook): number {
  const body = new TextEncoder().encode(JSON.stringify(request))
  const facts = tokenFacts(findModel(book, model))
  return estimateInput(scanCall(body), body, facts, freshRatio).tokens
}

/** The likely cost of the next call. What the cache holds is taken to be read from it, by the model that put it there. */
export function likelyCost(habit: CallHabit, next: NextCall, book: PriceBook, atMs: number): NanoUsd {
  const { model, newTokens, maxTokens } = next
  const content = contentTokens(habit, newTokens)
  const prompt = habit.last === null ? Math.max(FIRST_INPUT_TOKENS, content) : content
  const read = habit.last?.model === model ? Math.min(habit.last.cachedTokens, prompt) : 0
  const usual = habit.calls === 0 ? FIRST_OUTPUT_TOKENS : Math.ceil(habit.outputTokens / habit.calls)
  const part = { kind: 'message', model, input: prompt - read, write5m: 0, write1h: 0, read }
  const parts = [{ ...part, output: Math.min(usual, maxTokens) }]
  return costOf({ parts, webSearches: 0, speed: 'standard', geo: null, tier: 'standard' }, book, atMs, 'dearest').nano
}

/** Where the money of a session stands. */
export interface SessionMoney {
  readonly id: string
  readonly budgetNano: NanoUsd
  readonly spentNano: NanoUsd
}

/** The error for a call that the session cannot pay; null if it can. */
export function checkMoney(money: SessionMoney, needed: NanoUsd): BudgetExceededError | null {
  const leftNano = nanoUsd(Math.max(0, money.budgetNano - money.spentNano))
  if (needed <= leftNano) return null
  return overBudget(
    money,
    `The next call needs about ${formatUsd(needed)}, and of the session's budget of ${formatUsd(money.budgetNano)} ` +
      `${formatUsd(leftNano)} is left. Start a session with a larger budget, or go on with a cheaper model.`,
    { needed_usd: decimalUsd(needed) },
  )
}

/** The error for a session whose money ran out. */
export function overBudget(
  { id, budgetNano, spentNano }: SessionMoney,
  message: string,
  more: Readonly<Record<string, string>> = {},
): BudgetExceededError {
  return new BudgetExceededError(message, {
    details: {
      reason: 'exhausted',
      scope: `session:${id}`,
      window: 'session',
      limit_usd: decimalUsd(budgetNano),
      spent_usd: decimalUsd(spentNano),
      held_usd: '0',
      ...more,
      resets_at: null,
    },
  })
}
