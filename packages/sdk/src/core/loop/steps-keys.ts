/** From the rounds of a conversation to the steps that the loop detector takes in. */

import { asObject } from '../body/json-object.js'
import { callKey, looseCallKey } from './loop-keys.js'
import { HALF_RESULT, resultKeys } from './loop-result.js'
import type { LoopStep } from './loop-step.js'
import { type ToolClasses, toolClassOf } from './loop-tools.js'
import type { SeenCall, SeenResult, SeenRound } from './steps.js'

/** How results begin of calls that were never carried out: turned down, or cancelled because one beside them failed. */
const NEVER_RUN = [
  "The user doesn't want to proceed with this tool use",
  '[Request interrupted by user',
  'Cancelled: parallel tool call',
  'Sibling tool call errored',
]
const ERROR_TAG = '<tool_use_error>'
/** How results begin of calls that failed, where nobody set the flag. */
const FAILED = /^\s*(?:Exit code:? -?[1-9]|(?:Error|ERROR):|FAIL|Traceback \()/
const LONGEST_START = 200

/** So much of the beginnings of all results of a round is compared, and so much of their ends. */
const HALF_ROUND = 32_768

/**
 * The steps of a round.
 *
 * @param number of the round in its session
 * @param declared what the operator said of tools
 */
export function stepsOf({ calls, steps }: SeenRound, number: number, declared: ToolClasses = {}): readonly LoopStep[] {
  if (steps !== undefined) return steps.map((step) => ({ ...step, round: number }))
  const half = halfOf(calls.length)
  return calls.map((call) => stepOf(call, { round: number, declared, half }))
}

/** So much of both ends of each result is compared, in a round of so many calls. */
export function halfOf(calls: number): number {
  return Math.ceil(Math.min(HALF_RESULT, HALF_ROUND / calls))
}

interface Reading {
  readonly round: number
  readonly declared: ToolClasses
  readonly half: number
}

function stepOf({ tool, input, result }: SeenCall, { round, declared, half }: Reading): LoopStep {
  const asked: LoopStep = {
    tool,
    key: callKey(tool, input),
    looseKey: looseCallKey(tool, input),
    ...NO_RESULT,
    round,
    toolClass: toolClassOf(tool, input, declared),
  }
  return result === null ? asked : withResult(asked, result, half)
}

const NO_RESULT = { result: null, norm: null, isError: false, isEmpty: false, hasRun: false } as const

/** A step of which only the call was known, with its result. @param half as of {@link halfOf} */
export function withResult(step: LoopStep, result: SeenResult, half: number): LoopStep {
  const keys = resultKeys(result.content, half)
  return {
    ...step,
    result: keys.result,
    norm: keys.norm,
    isError: hasFailed(result),
    isEmpty: keys.isEmpty,
    hasRun: !wasTurnedDown(result),
  }
}

function hasFailed(result: SeenResult): boolean {
  return result.isError || FAILED.test(firstTextOf(result).slice(0, LONGEST_START))
}

function wasTurnedDown(result: SeenResult): boolean {
  if (!result.isError) return false
  const first = firstTextOf(result)
  const text = first.startsWith(ERROR_TAG) ? first.slice(ERROR_TAG.length) : first
  return NEVER_RUN.some((words) => text.startsWith(words))
}

function firstTextOf({ content }: SeenResult): string {
  const first = Array.isArray(content) ? asObject(content[0]).text : content
  return typeof first === 'string' ? first : ''
}
