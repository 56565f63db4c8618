/** How a session is set up. */

import type {
  ContentBlockParam,
  MessageCreateParamsNonStreaming,
  TextBlockParam,
} from '@anthropic-ai/sdk/resources/messages'
import type { CacheTtl } from '../../core/body/call.js'
import { type NanoUsd, nanoUsd, parseUsd } from '../../core/cost/money.js'
import type { PriceBook } from '../../core/cost/price.js'
import type { LoopOptions } from '../../core/loop/loop.js'
import type { TaskModelOptions } from '../../core/route/task-models.js'
import type { Runtime } from '../../engine/runtime.js'
import type { SessionAttribution } from '../attribution.js'
import type { Names } from '../door/known-options.js'
import type { Guard } from '../guard-types.js'
import type { StreamingClient } from '../messages-client.js'
import type { AgentEvent } from './agent-events.js'
import type { AgentTool } from './agent-tool.js'

/** Parameters of the API that a session does not set itself: `thinking`, `output_config`, `metadata`, … */
export type MoreParams = Omit<
  MessageCreateParamsNonStreaming,
  'model' | 'messages' | 'max_tokens' | 'system' | 'tools' | 'stream'
>

/** What a session is made of. Only the client is needed. */
export interface AgentSessionOptions {
  /** A client of the official package, guarded or not. */
  readonly client: StreamingClient
  /** What the session may spend, in dollars: `5` (the default), `'$0.50'`. */
  readonly budgetUsd?: number | string
  readonly systemPrompt?: string | readonly TextBlockParam[]
  readonly tools?: readonly AgentTool[]
  /** Calls of the model in one run; 50 by default. */
  readonly maxTurns?: number
  /** The longest answer, in tokens, thinking included; 16,000 by default. */
  readonly maxTokens?: number
  /** What counts as a loop; `false`: nothing does. */
  readonly loop?: LoopOptions | false
  /** Other models for tasks and tiers. */
  readonly taskModels?: TaskModelOptions
  /** One model for everything: then nothing is routed. */
  readonly model?: string
  /**
   * What is marked for the prompt cache: the `prefix` (system text and tools), the whole `conversation` (the default:
   * pays from the second call within five minutes), or nothing.
   */
  readonly caching?: 'conversation' | 'prefix' | 'off'
  /** The lifetime of the cached prefix; `5m` by default. */
  readonly cacheTtl?: CacheTtl
  /** How long a tool may take, in milliseconds; as long as it likes by default. */
  readonly toolTimeoutMs?: number
  readonly params?: MoreParams
  /**
   * Keeps the books and holds the budgets. By default the session has a guard of its own whose one budget is `budgetUsd`:
   * it refuses calls and ends answers that would pass it. With a guard of yours its budgets are the hard limit, and
   * `budgetUsd` is checked before each call by its likely cost.
   */
  readonly guard?: Guard
  /** Whose session it is, for budgets and reports. */
  readonly attribution?: SessionAttribution
  /** Prices for the check before a call; the list by default. */
  readonly book?: PriceBook
  readonly runtime?: Runtime
}

/** The names of all of them. */
export const sessionOptions = {
  client: true,
  budgetUsd: true,
  systemPrompt: true,
  tools: true,
  maxTurns: true,
  maxTokens: true,
  loop: true,
  taskModels: true,
  model: true,
  caching: true,
  cacheTtl: true,
  toolTimeoutMs: true,
  params: true,
  guard: true,
  attribution: true,
  book: true,
  runtime: true,
} satisfies Names<AgentSessionOptions>

/** What may differ for one run. */
export interface AgentRunOptions {
  /** Instead of the session's. Other tools than before begin a new prompt cache, and may void thinking that is kept. */
  readonly tools?: readonly AgentTool[]
  readonly maxTurns?: number
  /** Chooses the model; a task that is not known gets the medium tier. */
  readonly task?: string
  /** Instead of the model that the task would get. */
  readonly model?: string
  /** Stops the run: the call that is under way, and the tools. */
  readonly signal?: AbortSignal
  /** Called with every event, beside those who iterate. */
  readonly onEvent?: (event: AgentEvent) => void
}

/** The names of all of them. */
export const runOptions = {
  tools: true,
  maxTurns: true,
  task: true,
  model: true,
  signal: true,
  onEvent: true,
} satisfies Names<AgentRunOptions>

/** What a person says to an agent: a text, or content blocks. */
export type AgentPrompt = string | readonly ContentBlockParam[]

/** Dollars as somebody wrote them, or a sum of them. Throws `RangeError` for what is no amount, with its name. */
export function readDollars(name: string, amount: number | string): NanoUsd {
  if (typeof amount === 'string') return parseUsd(amount)
  const isAmount = typeof amount === 'number' && amount >= 0 && Number.isFinite(amount)
  if (!isAmount) throw new RangeError(`${name} is no amount in dollars: ${String(amount)}`)
  // Sums of binary fractions are a hair off (0.1 + 0.2); nobody means more than a nano-dollar.
  return nanoUsd(Math.round(amount * NANO_PER_USD))
}

const NANO_PER_USD = 1_000_000_000

/** Throws `TypeError` for what would otherwise be passed over: a prompt or tools that are none, words that mean nothing. */
export function checkKinds(options: AgentSessionOptions): void {
  const { systemPrompt = '', tools = [], caching = 'conversation', cacheTtl = '5m', guard } = options
  const isPrompt = typeof systemPrompt === 'string' || isListOfObjects(systemPrompt)
  if (!isPrompt) throw new TypeError('systemPrompt is a text or a list of text blocks')
  checkTools(tools)
  if (!['conversation', 'prefix', 'off'].includes(caching)) {
    throw new TypeError(`caching is 'conversation', 'prefix' or 'off', not ${JSON.stringify(caching)}`)
  }
  if (cacheTtl !== '5m' && cacheTtl !== '1h') {
    throw new TypeError(`cacheTtl is '5m' or '1h', not ${JSON.stringify(cacheTtl)}`)
  }
  if (guard !== undefined && typeof guard?.session !== 'function') {
    throw new TypeError('guard is a guard, such as createGuard()')
  }
}

/** Throws `TypeError` for what is no list of tools. */
export function checkTools(tools: readonly AgentTool[]): void {
  if (!isListOfObjects(tools)) throw new TypeError('tools are a list of definitions, each an object')
}

function isListOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'object' && each !== null)
}

/** A whole number of at least 1. Throws `RangeError` for anything else. */
export function readCount(name: string, count: number): number {
  if (Number.isSafeInteger(count) && count >= 1) return count
  throw new RangeError(`${name} must be a whole number, 1 or more: ${String(count)} is not`)
}
