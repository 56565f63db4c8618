/**
 * What an answer asked for, where the API keeps the conversation: the next request shows the results and not the calls.
 * So these are remembered, in hashes: what was said is never kept.
 */

import type { BlockView, CallView } from '../body/call.js'
import type { JsonObject } from '../body/json-object.js'
import type { LoopStep } from './loop-step.js'
import type { ToolClasses } from './loop-tools.js'
import { readAnswer, resultsIn, type SeenRound, type SeenRounds } from './steps.js'
import { halfOf, stepsOf, withResult } from './steps-keys.js'

/** A call that was asked for. */
export interface AskedStep extends LoopStep {
  /** The id of the call. */
  readonly call: string
}

/** The rounds of one answer. Plain JSON. */
export interface AskedRounds {
  /** The id of the answer, by which the next request names it. */
  readonly message: string
  /** Each with as many of its results as stood in the answer: those of tools that the API runs. */
  readonly rounds: readonly {
    readonly id: string
    readonly text: string | null
    readonly steps: readonly AskedStep[]
  }[]
}

/** What a door heard of an answer. */
export interface HeardAnswer {
  readonly message: string
  /** Its content: calls and their results whole, texts; other blocks may be absent. */
  readonly content: readonly JsonObject[]
}

/** No answer has more; what a hostile one has beyond that is not looked at. */
const MAX_BLOCKS = 1_024
const MAX_ROUNDS_KEPT = 8
const MAX_NAME = 80

/** What has to be remembered of an answer. @param declared what the operator said of tools */
export function rememberAsked({ message, content }: HeardAnswer, declared: ToolClasses): AskedRounds {
  const rounds = readAnswer(content.slice(0, MAX_BLOCKS).map(blockOf), message).slice(-MAX_ROUNDS_KEPT)
  return {
    message,
    rounds: rounds.map(({ round, callIds }) => {
      const steps = stepsOf(round, 0, declared)
      return { id: round.id, text: round.text, steps: steps.map((step, index) => asked(step, callIds[index] ?? '')) }
    }),
  }
}

/** Long names would be kept for as long as the agent is. */
function asked(step: LoopStep, call: string): AskedStep {
  return { ...step, tool: step.tool.slice(0, MAX_NAME), call: call.slice(0, MAX_NAME) }
}

function blockOf(block: JsonObject): BlockView {
  const kind = typeof block.type === 'string' ? block.type : ''
  const place = { part: 'messages', role: 'assistant', message: 0, start: 0, end: 0, marker: null } as const
  return { ...place, kind, json: () => block }
}

/**
 * The rounds that a request completes with its results.
 *
 * @param view of exactly this body
 * @param seen what the body shows by itself
 * @param known the newest round that was taken in already: only what comes after it is new
 */
export function completeRounds(
  asked: AskedRounds,
  view: CallView,
  body: Uint8Array,
  seen: SeenRounds,
  known: string | null,
): SeenRounds {
  if (seen.opening === 'person') return seen
  const find = resultsIn(view, body)
  const rounds = asked.rounds.map(({ id, text, steps }): SeenRound => {
    return { id, text, calls: [], steps: steps.map((step) => complete(step, find, halfOf(steps.length))), news: null }
  })
  const fresh = rounds.slice(rounds.findLastIndex(({ id }) => id === known) + 1)
  return { rounds: [...fresh, ...seen.rounds], opening: 'known' }
}

function complete(step: AskedStep, find: ReturnType<typeof resultsIn>, half: number): LoopStep {
  const { call, ...known } = step
  const result = known.result === null ? find(call) : null
  return result === null ? known : withResult(known, result, half)
}
