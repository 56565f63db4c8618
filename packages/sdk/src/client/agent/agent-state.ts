/** What a session leaves behind: plain JSON, from which another process goes on. */

import { asObject } from '../../core/body/json-object.js'
import { show } from '../../core/config/known-options.js'
import { parseUsd } from '../../core/cost/money.js'
import type { History } from './agent-history.js'
import type { LoopWatchState } from './agent-loops.js'
import type { CallHabit } from './agent-spending.js'

/** A session between two runs. Holds the conversation, but neither prompts nor tools of the program. */
export interface AgentSessionState {
  readonly version: 1
  readonly id: string
  /** Exact decimal numbers of dollars. */
  readonly budgetUsd: string
  readonly spentUsd: string
  /** The conversation, ready to be sent. */
  readonly history: History
  readonly habit: CallHabit
  /** Null where loops are not looked for. */
  readonly loops: LoopWatchState | null
}

/** Checks what was kept. Throws `TypeError` if it is no state of a session, or one of a later version. */
export function readState(kept: unknown): AgentSessionState {
  const state = asObject(kept)
  if (state.version !== 1) throw new TypeError(`not the state of a session of this version: ${shown(state.version)}`)
  const { id, history, habit, loops } = state
  if (typeof id !== 'string' || id === '') throw damaged('id')
  if (!Array.isArray(history) || !history.every(isMessage)) throw damaged('history')
  if (!isHabit(habit)) throw damaged('habit')
  if (loops !== null && typeof loops !== 'object') throw damaged('loops')
  const [budgetUsd, spentUsd] = [dollars(state.budgetUsd, 'budgetUsd'), dollars(state.spentUsd, 'spentUsd')]
  // LoopDetector.from checks the rest of it.
  return { version: 1, id, budgetUsd, spentUsd, history, habit, loops: loops as LoopWatchState | null }
}

function dollars(value: unknown, field: string): string {
  try {
    parseUsd(String(value))
  } catch {
    throw damaged(field)
  }
  return String(value)
}

function isMessage(value: unknown): boolean {
  const { role, content } = asObject(value)
  return (
    (role === 'user' || role === 'assistant') &&
    (typeof content === 'string' || (Array.isArray(content) && content.every(isBlock)))
  )
}

function isBlock(value: unknown): boolean {
  return typeof asObject(value).type === 'string'
}

function isHabit(value: unknown): value is CallHabit {
  const { calls, outputTokens, last } = asObject(value)
  if (!isCount(calls) || !isCount(outputTokens)) return false
  const { model, promptTokens, cachedTokens, outputTokens: lastOutput } = asObject(last)
  return last === null || (typeof model === 'string' && [promptTokens, cachedTokens, lastOutput].every(isCount))
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function damaged(field: string): TypeError {
  return new TypeError(`the kept state of the session is damaged: ${field}`)
}

function shown(value: unknown): string {
  return value === undefined ? 'version missing' : `version ${show(value)}`
}
