/** A session: a conversation with a budget, that routes, caches, notices loops, and can be put aside and resumed. */

import { asObject } from '../../core/body/json-object.js'
import { checkOptions } from '../../core/config/known-options.js'
import { decimalUsd } from '../../core/cost/money.js'
import { isRunGuardError } from '../../core/refusal/refusal-error.js'
import { tellListener } from '../../engine/listener.js'
import type { AgentRun, Emit, RunResult, RunStop } from './agent-events.js'
import { answerOpenCalls, type History } from './agent-history.js'
import { runAgent } from './agent-loop.js'
import { chooseModel, openParts, withPrompt } from './agent-opening.js'
import {
  type AgentPrompt,
  type AgentRunOptions,
  type AgentSessionOptions,
  checkTools,
  readCount,
  runOptions,
} from './agent-options.js'
import { type AgentParts, moneyOf } from './agent-parts.js'
import { startRun } from './agent-run.js'
import { type AgentSessionState, readState } from './agent-state.js'

const NANO_PER_USD = 1_000_000_000
const DEFAULT_MAX_TURNS = 50

/** A turn that ended without an answer, and without an error of its own. */
export class AgentStoppedError extends Error {
  override readonly name = 'AgentStoppedError'
  /** Why, with all details. */
  readonly reason: RunStop

  constructor(reason: RunStop) {
    super(stoppedMessage(reason))
    this.reason = reason
  }
}

/**
 * A conversation with a budget.
 *
 * `turn` asks and answers a text; `run` tells everything that happens meanwhile. Both let the model call the tools. A
 * session does one thing at a time. Close it when you are done.
 */
export class AgentSession {
  readonly #parts: AgentParts
  #isBusy = false

  /**
   * @param state what an earlier session left; {@link AgentSession.resume} is the way to give it
   * @throws RangeError for amounts and counts that are none, TypeError for options that it does not know or cannot read
   */
  constructor(options: AgentSessionOptions, state: AgentSessionState | null = null) {
    this.#parts = openParts(options, state)
  }

  /**
   * A session that goes on from what `toJSON` gave, with the same id, conversation and spending. The options are those of
   * a new session; without `budgetUsd` the budget stays what it was.
   *
   * @throws TypeError if the state is none
   */
  static resume(state: unknown, options: AgentSessionOptions): AgentSession {
    return new AgentSession(options, readState(state))
  }

  /** Under this name the session is in budgets and reports. */
  get id(): string {
    return this.#parts.id
  }

  /** What the session has spent so far, in dollars: the exact cost of every call that has ended. */
  get spent(): number {
    return moneyOf(this.#parts).spentNano / NANO_PER_USD
  }

  /** What the session may spend, in dollars. */
  get budget(): number {
    return this.#parts.budgetNano / NANO_PER_USD
  }

  /** The conversation, oldest first: a list of messages that the API takes. */
  get messages(): History {
    return answerOpenCalls(this.#parts.history, 'This call has not been made yet.')
  }

  /**
   * One turn of the conversation: asks the model for the task, and answers what it says in the end, its tool calls made.
   * An answer that is cut short by `maxTokens` or by the budget is answered as far as it came.
   *
   * @param taskType chooses the model, together with the length of the conversation
   * @throws BudgetExceededError before a call whose likely cost is more than is left, or when the guard refuses one
   * @throws LoopDetectedError if this turn only repeats the ones before, or the agent goes round in circles
   * @throws AgentStoppedError if the model refuses, or runs out of turns
   * @throws RunGuardError when a call is refused for another reason
   * @throws what the client threw, if a call fails, and the cause if the turn is aborted
   */
  async turn(taskType: string, userMessage: AgentPrompt, options: Omit<AgentRunOptions, 'task'> = {}): Promise<string> {
    checkOptions('a turn', options, turnOptions)
    const before = this.#parts.history
    const intent = typeof userMessage === 'string' ? userMessage : writtenPrompt(userMessage)
    const run = this.#start(userMessage, { ...options, task: taskType }, intent)
    const result = await run.result
    // Nothing was said: whoever tries again must not be heard twice.
    if (result.message === null) this.#parts.history = before
    return textOrThrow(result)
  }

  /**
   * Runs the agent on a prompt until it is done or something stops it; `reason` of the result says what. The run begins at
   * once. Iterate it for its events, or await `result`, or both.
   *
   * @param prompt null: go on where the last run stopped
   * @throws TypeError for options that it does not know or cannot use
   */
  run(prompt: AgentPrompt | null, options: AgentRunOptions = {}): AgentRun {
    return this.#start(prompt, options, null)
  }

  /** What has to be kept to go on later, as plain JSON; also while a run is under way. */
  toJSON(): AgentSessionState {
    const { id, budgetNano, loops, habit } = this.#parts
    return {
      version: 1,
      id,
      budgetUsd: decimalUsd(budgetNano),
      spentUsd: decimalUsd(moneyOf(this.#parts).spentNano),
      history: this.messages,
      habit,
      loops: loops?.toJSON() ?? null,
    }
  }

  /** Ends the session's own guard. A guard that was given stays open. */
  close(): Promise<void> {
    return this.#parts.account.close()
  }

  /** @param intent the words by which this turn is compared with those before; null: it is not */
  #start(prompt: AgentPrompt | null, options: AgentRunOptions, intent: string | null): AgentRun {
    checkOptions('a run', options, runOptions)
    if (options.tools !== undefined) checkTools(options.tools)
    if (this.#isBusy) throw new Error('The session is busy: wait for the run under way, or start another session.')
    const parts = this.#parts
    const before = parts.history
    const { maxTurns: most = parts.options.maxTurns ?? DEFAULT_MAX_TURNS } = options
    const maxTurns = readCount('maxTurns', most)
    const history = withPrompt(before, prompt)
    const model = chooseModel(parts, history, options)
    const { task = null, tools = parts.options.tools ?? [], onEvent, signal = null } = options
    const run = startRun(async (emit, stopped) => {
      const plan = { model, task, intent, tools, maxTurns, signal: stopped, emit: tellAll(parts, emit, onEvent) }
      try {
        const result = await runAgent(parts, plan)
        // Refused words would be refused again with whatever comes next.
        if (isRefused(result.reason) && result.turns === 1) parts.history = before
        return result
      } finally {
        this.#isBusy = false
      }
    }, signal)
    // It has not begun yet; had it not been possible, the session would be as it was.
    parts.history = history
    if (prompt !== null) parts.loops?.forgetRounds()
    this.#isBusy = true
    return run
  }
}

/** The task is said beside them. */
const { task: _, ...turnOptions } = runOptions

function writtenPrompt(prompt: AgentPrompt): string {
  try {
    return JSON.stringify(prompt)
  } catch (cause) {
    throw new TypeError('The prompt cannot be written as JSON.', { cause })
  }
}

/** By the model, or as a request that the API does not take. */
function isRefused(reason: RunStop): boolean {
  if (reason.kind !== 'error') return reason.kind === 'refused'
  const { error } = reason
  const { status } = isRunGuardError(error) ? error.toWire() : asObject(error)
  return status === 400 || status === 413
}

function tellAll({ runtime }: AgentParts, emit: Emit, onEvent: AgentRunOptions['onEvent']): Emit {
  return (event) => {
    emit(event)
    tellListener(runtime, () => onEvent?.(event))
  }
}

function textOrThrow({ reason, text }: RunResult): string {
  switch (reason.kind) {
    case 'done':
    case 'max_tokens':
      return text
    case 'budget':
      if (reason.isCut) return text
      throw reason.error
    case 'loop':
    case 'error':
      throw reason.error
    case 'aborted':
      throw reason.cause
    default:
      throw new AgentStoppedError(reason)
  }
}

function stoppedMessage(reason: RunStop): string {
  if (reason.kind === 'turns') return `The agent was not done after ${reason.maxTurns} calls of the model.`
  if (reason.kind === 'refused')
    return `The model refused: ${reason.explanation ?? reason.category ?? 'it gave no reason'}.`
  return `The agent stopped: ${reason.kind}.`
}

/**
 * The name under which the session was announced.
 *
 * @alias AgentSession
 */
export const OptimizedAgentSession: typeof AgentSession = AgentSession
