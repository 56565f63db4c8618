/** What an agent tells of its run, and how a run ends. */

import type { Message, ToolResultBlockParam, ToolUseBlock } from '@anthropic-ai/sdk/resources/messages'
import type { LoopMatch } from '../../core/loop/loop.js'
import type { BudgetExceededError, LoopDetectedError } from '../../core/refusal/refusal-error.js'

/**
 * Why a run stopped.
 *
 * - `done`: the model has said what it had to say.
 * - `budget`: the next call would cost more than is left, or (`isCut`) the last answer was ended because money ran out.
 * - `turns`: so many calls of the model were allowed, and are used up.
 * - `loop`: the agent repeats itself; `match` is null where the last answer said the same again and again, and was ended.
 * - `aborted`: by the signal, or by whoever left the events.
 * - `max_tokens`: an answer did not fit into `maxTokens`, or the conversation not into the model's context. A tool call
 *   in it is cut off, and was not made.
 * - `refused`: the model declined.
 * - `error`: the call failed, as the client tells it; or was refused for another reason, which is a `RunGuardError`.
 */
export type RunStop =
  | { readonly kind: 'done' }
  | { readonly kind: 'budget'; readonly isCut: boolean; readonly error: BudgetExceededError }
  | { readonly kind: 'turns'; readonly maxTurns: number }
  | { readonly kind: 'loop'; readonly match: LoopMatch | null; readonly error: LoopDetectedError }
  | { readonly kind: 'aborted'; readonly cause: unknown }
  | { readonly kind: 'max_tokens'; readonly stopReason: string }
  | { readonly kind: 'refused'; readonly category: string | null; readonly explanation: string | null }
  | { readonly kind: 'error'; readonly error: unknown }

/** How a run ended. What was said and done until then is in the session, whatever the reason. */
export interface RunResult {
  readonly reason: RunStop
  /** The text of the last answer; empty if there was none. */
  readonly text: string
  /** The last answer, null if there was none. */
  readonly message: Message | null
  /** Calls of the model. */
  readonly turns: number
  /** What the run cost, in dollars. */
  readonly costUsd: number
}

/** What happens in a run, in order. */
export type AgentEvent =
  /** A call of the model begins; `turn` counts from 1. */
  | { readonly kind: 'turn'; readonly turn: number; readonly model: string }
  /** A piece of the answer's text. */
  | { readonly kind: 'text'; readonly text: string }
  /** A piece of the thinking that the API shows. */
  | { readonly kind: 'thinking'; readonly text: string }
  /** An answer is complete. `costUsd`: what the session has spent since the turn began. */
  | { readonly kind: 'message'; readonly message: Message; readonly costUsd: number }
  | { readonly kind: 'tool-call'; readonly call: ToolUseBlock }
  | { readonly kind: 'tool-result'; readonly call: ToolUseBlock; readonly result: ToolResultBlockParam }
  /** The agent begins to repeat itself; it has been told so. */
  | { readonly kind: 'loop-notice'; readonly match: LoopMatch }
  | { readonly kind: 'stop'; readonly result: RunResult }

/** Takes an event. */
export type Emit = (event: AgentEvent) => void

/** A run that is under way. It goes on by itself, whether anybody looks at its events or not. */
export interface AgentRun extends AsyncIterable<AgentEvent> {
  /** Never rejects: what went wrong is in its `reason`. */
  readonly result: Promise<RunResult>
  /** Stops the run. */
  abort(cause?: unknown): void
}
