/** The agent's loop: ask the model, make the calls it asks for, ask again, until something ends it. */

import type { Message, ToolResultBlockParam, ToolUseBlock } from '@anthropic-ai/sdk/resources/messages'
import { nanoUsd } from '../../core/cost/money.js'
import type { RecordedLoop } from '../../core/cost/record.js'
import type { LoopMatch } from '../../core/loop/loop.js'
import { describeFinding } from '../../core/loop/loop-finding.js'
import { isRefusalCode } from '../../core/refusal/errors.js'
import type { RecordedRefusal } from '../../core/refusal/objection.js'
import { BudgetExceededError, errorFromRefusal, LoopDetectedError } from '../../core/refusal/refusal-error.js'
import { errorFromApiError } from '../../core/refusal/refusal-wire.js'
import { type CallPlan, callModel, requestFor } from './agent-call.js'
import type { RunResult, RunStop } from './agent-events.js'
import { addAnswer, addResults, addUserBlocks, answerOpenCalls, callsOf, textOf } from './agent-history.js'
import { loopMessage, loopNotice } from './agent-loops.js'
import { type AgentParts, maxTokensOf, moneyOf } from './agent-parts.js'
import { checkMoney, countLikely, learnHabit, likelyCost, overBudget } from './agent-spending.js'
import { type AgentTool, runTool } from './agent-tool.js'

/** One run: who is called, and how often. */
export interface RunPlan extends CallPlan {
  readonly maxTurns: number
  /** The words of a turn that must not only repeat the ones before; null: they may. */
  readonly intent: string | null
}

interface Run {
  readonly parts: AgentParts
  readonly plan: RunPlan
  turns: number
  message: Message | null
}

/** Runs the agent from where its conversation stands. Never rejects; leaves a conversation that can be gone on with. */
export async function runAgent(parts: AgentParts, plan: RunPlan): Promise<RunResult> {
  const spentNano = moneyOf(parts).spentNano
  const run: Run = { parts, plan, turns: 0, message: null }
  let reason: RunStop | null = null
  while (reason === null) reason = await takeTurn(run)
  parts.history = answerOpenCalls(parts.history, notMade[reason.kind] ?? 'This call was not made.')
  const { turns, message } = run
  const costUsd = dollarsSince(parts, spentNano)
  const result: RunResult = { reason, text: textOf(message?.content ?? []), message, turns, costUsd }
  plan.emit({ kind: 'stop', result })
  return result
}

/** What the model reads, should the conversation go on, about calls it asked for. */
const notMade: Partial<Record<RunStop['kind'], string>> = {
  turns: 'This call was not made: the run had used up its turns. Ask for it again if it is still needed.',
  loop: 'This call was not made: it only repeats what was done before. Try something else.',
  aborted: 'This call was not made: the run was aborted. Ask for it again if it is still needed.',
  max_tokens: 'This call was not made: the answer was cut off before it was complete.',
}

/** One call of the model and the tool calls it asks for. Answers why the run stops, or null to go on. */
async function takeTurn(run: Run): Promise<RunStop | null> {
  const { parts, plan } = run
  try {
    const early = checkBefore(run)
    if (early !== null) return early
    run.turns += 1
    plan.emit({ kind: 'turn', turn: run.turns, model: plan.model })
    const spentNano = moneyOf(parts).spentNano
    // Whatever became of calls before this one is no matter of its answer.
    parts.account.takeCuts()
    const message = await callModel(parts, plan)
    run.message = message
    parts.habit = learnHabit(parts.habit, plan.model, message.usage)
    plan.emit({ kind: 'message', message, costUsd: dollarsSince(parts, spentNano) })
    return await takeAnswer(run, message)
  } catch (error) {
    return stopFor(error, plan.signal)
  }
}

function checkBefore({ parts, plan, turns }: Run): RunStop | null {
  if (plan.signal.aborted) return { kind: 'aborted', cause: plan.signal.reason }
  if (turns >= plan.maxTurns) return { kind: 'turns', maxTurns: plan.maxTurns }
  const { model } = plan
  const next = { model, newTokens: newTokensOf(parts, model, plan.tools), maxTokens: maxTokensOf(parts) }
  const needed = likelyCost(parts.habit, next, parts.book, parts.runtime.now())
  const error = checkMoney(moneyOf(parts), needed)
  if (error !== null) return { kind: 'budget', isCut: false, error }
  const match = turns > 0 || plan.intent === null ? null : (parts.loops?.recordTurn(model, plan.intent) ?? null)
  return match === null ? null : loopStop(match)
}

/** Likely tokens of what the next call says for the first time: all of it, or the messages since the last answer. */
export function newTokensOf(parts: AgentParts, model: string, tools: readonly AgentTool[]): number {
  const isFirst = parts.habit.last === null
  const request = isFirst ? requestFor(parts, model, tools) : { messages: parts.history.slice(-1) }
  return countLikely(request, model, parts.book)
}

async function takeAnswer(run: Run, message: Message): Promise<RunStop | null> {
  const { parts } = run
  const { shortage, loop, breaker } = parts.account.takeCuts()
  const { stop_reason: reason, stop_details: refusal } = message
  if (reason === 'refusal') {
    // A refused answer is not sent back: the API would refuse again.
    return { kind: 'refused', category: refusal?.category ?? null, explanation: refusal?.explanation ?? null }
  }
  parts.history = addAnswer(parts.history, message.content)
  if (loop !== null) return echoStop(loop)
  if (breaker !== null) return breakerStop(breaker)
  if (reason === 'tool_use') return makeCalls(run, callsOf(message.content))
  if (reason === 'pause_turn') return null
  const isShort = shortage === 'cut' || (shortage === 'clamped' && reason === 'max_tokens')
  if (isShort) return { kind: 'budget', isCut: true, error: cutError(parts) }
  if (reason === 'max_tokens' || reason === 'model_context_window_exceeded') {
    return { kind: 'max_tokens', stopReason: reason }
  }
  return { kind: 'done' }
}

/** Makes the calls side by side. A loop or the last turn ends the run before they are made: nobody would see the results. */
async function makeCalls(run: Run, calls: readonly ToolUseBlock[]): Promise<RunStop | null> {
  const { parts, plan } = run
  if (calls.length === 0) return { kind: 'done' }
  const match = parts.loops?.recordCalls(calls) ?? null
  if (match !== null) return loopStop(match)
  if (run.turns >= plan.maxTurns) return { kind: 'turns', maxTurns: plan.maxTurns }
  for (const call of calls) plan.emit({ kind: 'tool-call', call })
  const { runtime, options } = parts
  const limits = { signal: plan.signal, timeoutMs: options.toolTimeoutMs ?? null, runtime }
  const results = await Promise.all(
    calls.map(async (call) => {
      const result = await runTool(plan.tools, call, limits)
      plan.emit({ kind: 'tool-result', call, result })
      return result
    }),
  )
  parts.history = addResults(parts.history, results)
  tellRepeats(run, calls, results)
  return plan.signal.aborted ? { kind: 'aborted', cause: plan.signal.reason } : null
}

/** Tells an agent whose rounds begin to be the same, beside their results. */
function tellRepeats(
  { parts, plan }: Run,
  calls: readonly ToolUseBlock[],
  results: readonly ToolResultBlockParam[],
): void {
  const contents = results.map(({ content }) => content)
  const match = parts.loops?.recordRound(calls, contents) ?? null
  if (match === null) return
  parts.history = addUserBlocks(parts.history, [{ type: 'text', text: loopNotice(match) }])
  plan.emit({ kind: 'loop-notice', match })
}

function loopStop(match: LoopMatch): RunStop {
  return { kind: 'loop', match, error: new LoopDetectedError(loopMessage(match), { match }) }
}

/** No round repeats, but the words of one answer. */
function echoStop({ rule, repeats, cycle }: RecordedLoop): RunStop {
  const told = describeFinding({ rule, repeats, cycle })
  const error = new LoopDetectedError(`RunGuard ended the last answer early, because ${told}.`, { details: { rule } })
  return { kind: 'loop', match: error.match, error }
}

function breakerStop({ code, details }: RecordedRefusal): RunStop {
  const message = 'RunGuard ended the last answer early, because an operator holds its calls.'
  return { kind: 'error', error: errorFromRefusal({ code, message, details }) }
}

/** Why a call that threw ends the run. A refusal is one of the family, however the client wrapped it. */
function stopFor(error: unknown, signal: AbortSignal): RunStop {
  if (signal.aborted) return { kind: 'aborted', cause: signal.reason }
  const found = errorFromApiError(error)
  // Made anew, so that it is of this copy's classes: a code of a newer copy has none here.
  const refusal =
    found !== null && isRefusalCode(found.code)
      ? errorFromRefusal(found.toRefusal(), { requestId: found.requestId, cause: found })
      : found
  if (refusal instanceof BudgetExceededError) return { kind: 'budget', isCut: false, error: refusal }
  if (refusal instanceof LoopDetectedError) return { kind: 'loop', match: refusal.match, error: refusal }
  return { kind: 'error', error: refusal ?? error }
}

function cutError(parts: AgentParts): BudgetExceededError {
  return overBudget(moneyOf(parts), 'The last answer was ended early: the budget of the session had no more for it.')
}

const NANO_PER_USD = 1_000_000_000

function dollarsSince(parts: AgentParts, nano: number): number {
  return nanoUsd(moneyOf(parts).spentNano - nano) / NANO_PER_USD
}
