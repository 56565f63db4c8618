/** From the rounds of a conversation to the steps that the loop detector takes in. */

import { asObject } from './json-object.js'
import { callKey, looseCallKey } from './loop-keys.js'
import { resultKeys } from './loop-result.js'
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

/**
 * The steps of a round.
 *
 * @param number of the round in its session
 * @param declared what the operator said of tools
 */
export function stepsOf({ calls }: SeenRound, number: number, declared: ToolClasses = {}): readonly LoopStep[] {
  return calls.map((call) => stepOf(call, number, declared))
}

function stepOf({ tool, input, result }: SeenCall, round: number, declared: ToolClasses): LoopStep {
  const keys = result === null ? null : resultKeys(result.content)
  return {
    tool,
    key: callKey(tool, input),
    looseKey: looseCallKey(tool, input),
    result: keys?.result ?? null,
    norm: keys?.norm ?? null,
    isError: result?.isError ?? false,
    isEmpty: keys?.isEmpty ?? false,
    round,
    toolClass: toolClassOf(tool, input, declared),
    hasRun: result !== null && !wasTurnedDown(result),
  }
}

function wasTurnedDown({ content, isError }: SeenResult): boolean {
  if (!isError) return false
  const first = Array.isArray(content) ? asObject(content[0]).text : content
  if (typeof first !== 'string') return false
  const text = first.startsWith(ERROR_TAG) ? first.slice(ERROR_TAG.length) : first
  return NEVER_RUN.some((words) => text.startsWith(words))
}
