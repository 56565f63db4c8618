/**
 * Hooks for the Claude Agent SDK: they look at every tool call of the agent and its subagents, and hold back what only
 * repeats itself or has no money left.
 *
 * The agent is told first and stopped second: a tool call is denied with a reason that the agent reads, and if it insists
 * the run ends.
 */

import { asObject } from '../../core/body/json-object.js'
import { keepNewest } from '../../core/bounded/bounded.js'
import { checkOptions, type Names } from '../../core/config/known-options.js'
import { callback, someText } from '../../core/config/option-kinds.js'
import { formatUsd } from '../../core/cost/money.js'
import type { LoopOptions } from '../../core/loop/loop.js'
import type { Guard } from '../guard-types.js'
import { LoopWatch, loopDenial, loopMessage, loopNotice } from './agent-loops.js'
import { amountOption, loopOption, readDollars } from './agent-options.js'
import type { GuardHooks, Hook, HookInput, HookOutput } from './hook-types.js'

/** Where the hooks learn what was spent: a guard whose store has the records, a session of one, or an `AgentSession`. */
export type SpendingSource =
  | Pick<Guard, 'report'>
  | { readonly spentUsd: number }
  | { readonly spent: number; readonly budget: number }

/** What the hooks hold the agent to. */
export interface GuardHookOptions {
  /** Dollars; by default the budget of an `AgentSession`, else there is none. */
  readonly budgetUsd?: number | string
  /** What the agent has spent, in dollars, if the source does not know it. */
  readonly spentUsd?: () => number | Promise<number>
  /** Under which name the guard's records have the session; by default the agent's own id for it. */
  readonly session?: string
  /** What counts as a loop; `false`: nothing does. */
  readonly loop?: LoopOptions | false
}

const hookOptions = {
  budgetUsd: amountOption,
  spentUsd: callback,
  session: someText,
  loop: loopOption,
} satisfies Names<GuardHookOptions>

/**
 * The hooks, for `query({ prompt, options: { hooks: guardHooks(session) } })`.
 *
 * Loops: at the third round of the same calls with the same results the agent is told; the fourth is denied (with other
 * results the fifth), and an agent that insists is stopped. A prompt of a person starts the count anew.
 *
 * Money: once the budget is used up, tool calls are denied, and an agent that goes on making them is stopped. Without a
 * source, or with one that has no budget and no `budgetUsd` beside it, only loops are looked for.
 *
 * Not checked: calls of the model, which are not made here (the hard limit is the gateway's, and its store is where a
 * guard has to look); an answer that is on its way, or a tool that runs; and what is called without tools.
 *
 * @throws TypeError for a budget without anything that knows what is spent, and for options that it does not know or
 * cannot use; RangeError for amounts and counts that are none
 */
export function guardHooks(source: SpendingSource | null = null, options: GuardHookOptions = {}): GuardHooks {
  checkOptions('guardHooks', options, hookOptions)
  const watches = openWatches(options.loop ?? {})
  const money = openMoney(source, options)
  const before: Hook = async (input) => {
    const watch = watches.of(input)
    const why = loopObjection(watch, input) ?? (await money.objection(input))
    if (why !== null) return deny(watch, why)
    heed(watch)
    return {}
  }
  const after: Hook = async (input) => noticeOf(watches.of(input), input)
  const batch: Hook = async (input) => {
    const watch = watches.of(input)
    watch.hasReadDenial = watch.denials > 0
    return {}
  }
  const prompt: Hook = async (input) => {
    if (isFromPerson(input)) watches.forget(input)
    return {}
  }
  const stop: Hook = async (input) => {
    const why = watches.of(input).stoppedFor ?? (await money.objection(input))?.forPerson ?? null
    // Other hooks may want the agent to go on.
    return why === null ? {} : { continue: false, stopReason: why }
  }
  return {
    PreToolUse: [{ hooks: [before] }],
    PostToolUse: [{ hooks: [after] }],
    PostToolUseFailure: [{ hooks: [after] }],
    PostToolBatch: [{ hooks: [batch] }],
    UserPromptSubmit: [{ hooks: [prompt] }],
    Stop: [{ hooks: [stop] }],
    SubagentStop: [{ hooks: [stop] }],
  }
}

/** One agent, or one subagent of it. */
interface AgentWatch {
  readonly loops: LoopWatch | null
  /** Tool calls denied since the last one that was made. */
  denials: number
  /** The model has been asked again since the first of them. */
  hasReadDenial: boolean
  /** Why it was stopped; null if it was not. */
  stoppedFor: string | null
}

interface Watches {
  of(input: HookInput): AgentWatch
  forget(input: HookInput): void
}

/** Agents that are watched at once; the one that was quiet for longest is forgotten first. */
const MAX_WATCHES = 1_000

function openWatches(loop: LoopOptions | false): Watches {
  const open = (): AgentWatch => ({
    loops: loop === false ? null : new LoopWatch(loop),
    denials: 0,
    hasReadDenial: false,
    stoppedFor: null,
  })
  // Options that cannot be met are found out now, not within an agent.
  open()
  const watches = new Map<string, AgentWatch>()
  const of = (input: HookInput): AgentWatch => {
    const key = JSON.stringify([input.session_id, input.agent_id ?? ''])
    const watch = watches.get(key) ?? open()
    keepNewest(watches, key, watch, MAX_WATCHES)
    return watch
  }
  const forget = (input: HookInput): void => {
    const watch = of(input)
    watch.loops?.forgetRounds()
    heed(watch)
    watch.stoppedFor = null
  }
  return { of, forget }
}

/** Why a tool call shall not be made, in the words of whoever reads it. */
interface Objection {
  readonly forAgent: string
  readonly forPerson: string
}

function loopObjection({ loops }: AgentWatch, input: HookInput): Objection | null {
  const match = loops?.recordCalls([callOf(input)]) ?? null
  return match === null ? null : { forAgent: loopDenial(match), forPerson: loopMessage(match) }
}

/** For versions of the Agent SDK that do not tell when the model is asked again. */
const MOST_DENIALS = 8

function heed(watch: AgentWatch): void {
  watch.denials = 0
  watch.hasReadDenial = false
}

function deny(watch: AgentWatch, { forAgent, forPerson }: Objection): HookOutput {
  const hookSpecificOutput = {
    hookEventName: 'PreToolUse',
    permissionDecision: 'deny',
    permissionDecisionReason: forAgent,
  } as const
  watch.denials += 1
  // Calls that were made side by side with the first one do not insist: their reason has not been read yet.
  if (!watch.hasReadDenial && watch.denials < MOST_DENIALS) return { hookSpecificOutput }
  watch.stoppedFor = forPerson
  return { continue: false, stopReason: forPerson, hookSpecificOutput }
}

function noticeOf({ loops }: AgentWatch, input: HookInput): HookOutput {
  const match = loops?.recordRound([callOf(input)], [resultOf(input)]) ?? null
  if (match === null) return {}
  const hookEventName = input.hook_event_name === 'PostToolUseFailure' ? 'PostToolUseFailure' : 'PostToolUse'
  return { hookSpecificOutput: { hookEventName, additionalContext: loopNotice(match) } }
}

function callOf({ tool_name, tool_input }: HookInput): { name: string; input: unknown } {
  return { name: typeof tool_name === 'string' ? tool_name : '', input: tool_input }
}

function resultOf({ tool_response, error }: HookInput): unknown {
  return tool_response ?? error
}

/** Prompts that a timer, another agent or a finished task wrote are no new start. */
function isFromPerson({ source }: HookInput): boolean {
  return source === undefined || source === 'user' || source === 'sdk'
}

interface HookMoney {
  /** What there is to say about the money; null if there is enough. */
  objection(input: HookInput): Promise<Objection | null>
}

function openMoney(source: SpendingSource | null, options: GuardHookOptions): HookMoney {
  if (source !== null && !knowsSpending(source)) throw new TypeError(NO_SPENDING)
  const limitUsd = options.budgetUsd ?? (source !== null && 'budget' in source ? source.budget : null)
  if (limitUsd === null) return { objection: async () => null }
  if (source === null && options.spentUsd === undefined) throw new TypeError(NO_SOURCE)
  const limitNano = readDollars('budgetUsd', limitUsd)
  const objection = async (input: HookInput): Promise<Objection | null> => {
    const spentNano = readDollars('spentUsd', await spentOn(source, options, options.session ?? input.session_id))
    if (spentNano < limitNano) return null
    const forPerson = `The budget of ${formatUsd(limitNano)} is used up: ${formatUsd(spentNano)} are spent.`
    return { forPerson, forAgent: `RunGuard: ${forPerson} Make no more calls: say what you have so far.` }
  }
  return { objection }
}

function knowsSpending(source: unknown): boolean {
  const { report, spentUsd, spent, budget } = asObject(source)
  const areAmounts = typeof spent === 'number' && typeof budget === 'number'
  return typeof report === 'function' || typeof spentUsd === 'number' || areAmounts
}

const NO_SPENDING =
  'guardHooks() takes first what knows the spending: a guard, a session or null. Its options come second.'
const NO_SOURCE =
  'guardHooks() has a budget, and nothing that knows what is spent: pass a guard, a session or spentUsd as well.'

const NANO_PER_USD = 1_000_000_000

async function spentOn(
  source: SpendingSource | null,
  { spentUsd }: GuardHookOptions,
  session: string,
): Promise<number> {
  if (spentUsd !== undefined) return spentUsd()
  if (source === null) return 0
  if ('spentUsd' in source) return source.spentUsd
  if ('spent' in source) return source.spent
  const [row] = await source.report({ groupBy: 'total', session })
  return (row?.costNano ?? 0) / NANO_PER_USD
}
