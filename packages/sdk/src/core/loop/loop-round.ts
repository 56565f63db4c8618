/** A round, as the rules look at it: the calls of one model turn as one act. */

import { hashText } from './loop-hash.js'
import type { LoopStep, ToolClass } from './loop-step.js'

/** One act. */
export interface LoopRound {
  readonly round: number
  /** Equal for rounds with the same calls, in whatever order; equal parallel calls count once. */
  readonly signature: string
  /** Equal for rounds with the same calls and the same results, of failures the normalised ones; null if not known. */
  readonly outcome: string | null
  /** Equal for rounds whose calls, taken in the same order, gave the same normalised results; null if not known. */
  readonly norm: string | null
  /** The tools, for people. */
  readonly label: string
  /** The class that all its calls share; `write` if any call writes, else `poll` if any waits. */
  readonly toolClass: ToolClass | null
  /** No call of it brought anything: all failed or came back empty. */
  readonly isFruitless: boolean
  /** Its calls, each once. */
  readonly steps: readonly LoopStep[]
}

/** More parallel calls than this are one act as well, of which the first ones are named. */
const MAX_NAMED = 4
const MAX_NAME = 80

/** A tool's name as it is kept and shown: whatever was sent as one, it stays short. */
export function shownTool({ tool }: LoopStep): string {
  return tool.slice(0, MAX_NAME)
}

/** The steps of one model turn as one act; null if none of them counts. */
export function roundOf(steps: readonly LoopStep[]): LoopRound | null {
  const [only] = steps
  if (only === undefined) return null
  if (steps.length === 1) return doesCount(only) ? singleRound(only) : null
  const distinct = new Map<string, LoopStep>()
  for (const step of steps) if (doesCount(step) && !distinct.has(step.key)) distinct.set(step.key, step)
  const counted = [...distinct.values()]
  const [first] = counted
  if (first === undefined) return null
  return counted.length === 1 ? singleRound(first) : parallelRound(first.round, counted)
}

function doesCount({ hasRun, toolClass }: LoopStep): boolean {
  return hasRun && toolClass !== 'exempt'
}

function singleRound(step: LoopStep): LoopRound {
  return {
    round: step.round,
    signature: step.key,
    outcome: outcomeOf(step),
    norm: step.norm,
    label: shownTool(step),
    toolClass: step.toolClass,
    isFruitless: step.isError || step.isEmpty,
    steps: [step],
  }
}

function parallelRound(round: number, steps: readonly LoopStep[]): LoopRound {
  const sorted = [...steps].sort((left, right) => (left.key < right.key ? -1 : 1))
  const tools = [...new Set(steps.map(shownTool))]
  return {
    round,
    signature: hashText(sorted.map(({ key }) => key).join('+')),
    outcome: joinKnown(sorted.map(outcomeOf)),
    norm: joinKnown(sorted.map(({ norm }) => norm)),
    label: tools.slice(0, MAX_NAMED).join(' + ') + (tools.length > MAX_NAMED ? ' + …' : ''),
    toolClass: sharedClass(steps),
    isFruitless: steps.every(({ isError, isEmpty }) => isError || isEmpty),
    steps,
  }
}

/** A failure is the same whatever its numbers are; where a call went well, its numbers may be what was asked for. */
function outcomeOf({ key, norm, result, isError }: LoopStep): string | null {
  const told = isError ? norm : result
  return told === null ? null : `${key}=${told}`
}

function joinKnown(parts: readonly (string | null)[]): string | null {
  return parts.includes(null) ? null : hashText(parts.join('+'))
}

function sharedClass(steps: readonly LoopStep[]): ToolClass | null {
  const classes = new Set(steps.map(({ toolClass }) => toolClass))
  if (classes.has('write')) return 'write'
  // Whoever looks round while he waits, waits.
  if (classes.has('poll')) return 'poll'
  return classes.size === 1 ? (steps[0]?.toolClass ?? null) : null
}
