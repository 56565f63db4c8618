/** What happens before the first call of a session, and of each of its runs. */

import { asObject } from '../../core/body/json-object.js'
import { checkOptions, show } from '../../core/config/known-options.js'
import { nanoUsd, parseUsd, zeroUsd } from '../../core/cost/money.js'
import { selectModel } from '../../core/route/task-models.js'
import { systemRuntime } from '../../engine/runtime.js'
import { attributionHeaders } from '../attribution.js'
import { listedBook } from '../listed-book.js'
import { openAccount } from './agent-account.js'
import { addPrompt, answerOpenCalls, type History } from './agent-history.js'
import { newTokensOf } from './agent-loop.js'
import { LoopWatch, type LoopWatchState } from './agent-loops.js'
import {
  type AgentPrompt,
  type AgentRunOptions,
  type AgentSessionOptions,
  checkKinds,
  readCount,
  readDollars,
  sessionOptions,
} from './agent-options.js'
import type { AgentParts } from './agent-parts.js'
import { contentTokens, freshHabit } from './agent-spending.js'
import type { AgentSessionState } from './agent-state.js'

const DEFAULT_BUDGET_USD = 5

/** Puts a session together. Throws `RangeError` for amounts and counts that are none, `TypeError` for other options. */
export function openParts(options: AgentSessionOptions, state: AgentSessionState | null): AgentParts {
  checkOptions('AgentSession', options, sessionOptions)
  checkKinds(options)
  const { runtime = systemRuntime(), guard = null, client, loop = {}, attribution } = options
  selectModel('', 0, options.taskModels)
  if (attribution !== undefined) attributionHeaders(attribution)
  const budgetNano = readDollars('budgetUsd', options.budgetUsd ?? state?.budgetUsd ?? DEFAULT_BUDGET_USD)
  const spentBeforeNano = state === null ? zeroUsd : parseUsd(state.spentUsd)
  const id = state?.id ?? attribution?.id ?? runtime.id()
  const limitNano = nanoUsd(Math.max(0, budgetNano - spentBeforeNano))
  const loops = loop === false ? null : new LoopWatch(loop)
  if (state !== null && state.loops !== null) resumeLoops(loops, state.loops)
  const { maxTokens = 1, maxTurns = 1, toolTimeoutMs = 1 } = options
  for (const [name, count] of Object.entries({ maxTokens, maxTurns, toolTimeoutMs })) readCount(name, count)
  return {
    id,
    options,
    runtime,
    book: options.book ?? listedBook(),
    account: openAccount({
      client,
      attribution: { ...attribution, id },
      limitNano,
      guard,
      findsLoops: options.loop === undefined,
      runtime,
    }),
    loops,
    budgetNano,
    spentBeforeNano,
    // A process that died in a run may have left calls without results.
    history: answerOpenCalls(state?.history ?? [], 'This call was not made: the run was interrupted.'),
    habit: state?.habit ?? freshHabit,
  }
}

function resumeLoops(loops: LoopWatch | null, kept: LoopWatchState): void {
  try {
    loops?.resume(kept)
  } catch (cause) {
    throw new TypeError('the kept state of the session is damaged: loops', { cause })
  }
}

/** The conversation with what the person says now. Throws `RangeError` if that is nothing at all, `TypeError` if it is no prompt. */
export function withPrompt(history: History, prompt: AgentPrompt | null): History {
  if (typeof prompt !== 'string' && prompt !== null) checkBlocks(prompt)
  if (isBlank(prompt)) throw new RangeError('The prompt is empty.')
  if (prompt !== null) return addPrompt(history, prompt)
  if (history.length === 0) throw new RangeError('There is nothing to go on with: the session has no messages yet.')
  return history
}

function checkBlocks(prompt: Exclude<AgentPrompt, string>): void {
  const isList = Array.isArray(prompt)
  if (isList && prompt.every((block) => typeof asObject(block).type === 'string')) return
  const found = isList ? 'a list of something else' : show(prompt)
  throw new TypeError(`The prompt has to be a text or a list of content blocks, not ${found}.`)
}

function isBlank(prompt: AgentPrompt | null): boolean {
  return typeof prompt === 'string' ? prompt.trim() === '' : prompt?.length === 0
}

/** By the task and everything the model has to read: what it has read before, and what is new. */
export function chooseModel(parts: AgentParts, history: History, { model, task = '', tools }: AgentRunOptions): string {
  const fixed = model ?? parts.options.model
  if (fixed !== undefined) return fixed
  const newTokens = newTokensOf({ ...parts, history }, '', tools ?? parts.options.tools ?? [])
  return selectModel(task, contentTokens(parts.habit, newTokens), parts.options.taskModels)
}
