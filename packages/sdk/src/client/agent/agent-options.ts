/** How a session is set up. */

import type {
  ContentBlockParam,
  MessageCreateParamsNonStreaming,
  TextBlockParam,
} from '@anthropic-ai/sdk/resources/messages'
import type { CacheTtl } from '../../core/body/call.js'
import { asObject, type JsonObject } from '../../core/body/json-object.js'
import { quote } from '../../core/config/config-names.js'
import { hasFields, type Names, type OptionKind, show } from '../../core/config/known-options.js'
import {
  abortSignal,
  anyText,
  callback,
  fields,
  oneOf,
  partOf,
  someText,
  withMethods,
} from '../../core/config/option-kinds.js'
import { type NanoUsd, nanoUsd, parseUsd } from '../../core/cost/money.js'
import type { PriceBook } from '../../core/cost/price.js'
import type { LoopOptions } from '../../core/loop/loop.js'
import type { TaskModelOptions } from '../../core/route/task-models.js'
import type { Runtime } from '../../engine/runtime.js'
import type { SessionAttribution } from '../attribution.js'
import type { Guard } from '../guard-types.js'
import type { StreamingClient } from '../messages-client.js'
import { clockRuntime, priceBook } from '../part-kinds.js'
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
  /** Said before everything else, and cached. */
  readonly systemPrompt?: string | readonly TextBlockParam[]
  /** What the model may call: definitions as the API takes them, each with a `run` that answers it. */
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
  /** Sent with every call as they are: `thinking`, `temperature`, … */
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
  /** Clock, ids, timers and log; the machine's by default. */
  readonly runtime?: Runtime
}

/** What a budget may be; which amounts make sense `readDollars` says. */
export const amountOption: OptionKind = {
  words: "an amount in dollars: 0.5 or '$0.50'",
  fits: (value) => typeof value === 'number' || typeof value === 'string',
}

/** What says what counts as a loop. */
export const loopOption: OptionKind = {
  words: 'an object with repeats and maxCycleLen, or false',
  fits: (value) => value === false || hasFields(value),
}

/** The names of all of them. */
export const sessionOptions = {
  client: true,
  budgetUsd: amountOption,
  systemPrompt: true,
  tools: true,
  maxTurns: true,
  maxTokens: true,
  loop: loopOption,
  taskModels: fields,
  model: someText,
  caching: oneOf('conversation', 'prefix', 'off'),
  cacheTtl: oneOf('5m', '1h'),
  toolTimeoutMs: true,
  params: fields,
  guard: withMethods('a guard, such as createGuard()', ['session', 'flush']),
  attribution: fields,
  book: priceBook,
  runtime: clockRuntime,
} satisfies Names<AgentSessionOptions>

/** What may differ for one run. */
export interface AgentRunOptions {
  /** Instead of the session's. Other tools than before begin a new prompt cache, and may void thinking that is kept. */
  readonly tools?: readonly AgentTool[]
  /** Calls of the model in this run, instead of the session's. */
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
  task: anyText,
  model: someText,
  signal: abortSignal,
  onEvent: callback,
} satisfies Names<AgentRunOptions>

/** What a person says to an agent: a text, or content blocks. */
export type AgentPrompt = string | readonly ContentBlockParam[]

/** Dollars as somebody wrote them, or a sum of them. Throws `RangeError` for what is no amount, with its name. */
export function readDollars(name: string, amount: number | string): NanoUsd {
  if (typeof amount === 'string') return parseUsd(amount)
  const isAmount = typeof amount === 'number' && amount >= 0 && Number.isFinite(amount)
  if (!isAmount) throw new RangeError(`${name} is no amount in dollars: ${show(amount)}`)
  // Sums of binary fractions are a hair off (0.1 + 0.2); nobody means more than a nano-dollar.
  return nanoUsd(Math.round(amount * NANO_PER_USD))
}

const NANO_PER_USD = 1_000_000_000

/** What a session sets itself: passed beside it, it would be sent instead, or be lost. */
const OWN_PARAMS = ['model', 'messages', 'max_tokens', 'system', 'tools', 'stream']

/** Throws `TypeError` for what would otherwise be passed over: a prompt or tools that are none, params that are not sent. */
export function checkKinds(options: AgentSessionOptions): void {
  const { systemPrompt = '', tools = [], params = {} } = options
  const isPrompt = typeof systemPrompt === 'string' || isListOfObjects(systemPrompt)
  if (!isPrompt) throw new TypeError('systemPrompt is a text or a list of text blocks')
  checkTools(tools)
  const own = OWN_PARAMS.find((name) => partOf(params, name) !== undefined)
  if (own !== undefined) throw new TypeError(`params cannot have ${own}: the session sets it itself`)
}

/** Throws `TypeError` for what is no list of tools. */
export function checkTools(tools: readonly AgentTool[]): void {
  if (!isListOfObjects(tools)) throw new TypeError('tools are a list of definitions, each an object')
  for (const [index, tool] of tools.entries()) checkTool(index, asObject(tool))
}

/** A tool whose function has another name would never be called, and the model would be told that it is not there. */
function checkTool(index: number, tool: JsonObject): void {
  const { name, type, run, parse } = tool
  const title = typeof name === 'string' ? `the tool ${quote(name)}` : `tools[${index}]`
  if (typeof name !== 'string' && typeof type !== 'string') throw new TypeError(`${title} has no name`)
  for (const [part, value] of Object.entries({ run, parse })) {
    if (value !== undefined && typeof value !== 'function')
      throw new TypeError(`${title} has a ${part} that is no function`)
  }
  const [other] = Object.keys(tool).filter((field) => field !== 'parse' && typeof tool[field] === 'function')
  if (run === undefined && other !== undefined) {
    throw new TypeError(`${title} has no run, which is what an agent calls: name its ${quote(other)} so`)
  }
}

function isListOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'object' && each !== null)
}

/** A whole number of at least 1. Throws `RangeError` for anything else. */
export function readCount(name: string, count: number): number {
  if (Number.isSafeInteger(count) && count >= 1) return count
  throw new RangeError(`${name} must be a whole number, 1 or more: ${show(count)} is not`)
}
