/** A loop as facts of a refusal, which travel as text, and back. */

import type { RecordedLoop } from '../cost/record.js'
import type { RefusalDetails } from '../refusal/errors.js'
import type { LoopMatch } from './loop.js'

/** The facts that {@link readLoopDetails} reads: how often, and the signatures as JSON. */
export function loopDetails({ repeats, cycle }: LoopMatch): RefusalDetails {
  return { repeats, cycle_length: cycle.length, cycle: JSON.stringify(cycle) }
}

/** A loop as the value of a header: `notice; rule=repeat; repeats=3`. */
export function loopHeader({ action, isEnforced, rule, repeats }: RecordedLoop): string {
  return `${action}; rule=${rule}; repeats=${repeats}${isEnforced ? '' : '; observed'}`
}

/** The loop that a refusal speaks of; null if it tells of none. */
export function readLoopDetails({ repeats, cycle }: RefusalDetails): LoopMatch | null {
  if (typeof repeats !== 'number' || typeof cycle !== 'string') return null
  const signatures = readSignatures(cycle)
  return signatures === null ? null : { repeats, cycle: signatures, cycleLength: signatures.length }
}

function readSignatures(json: string): readonly string[] | null {
  try {
    const parsed: unknown = JSON.parse(json)
    return Array.isArray(parsed) && parsed.every((each) => typeof each === 'string') ? parsed : null
  } catch {
    return null
  }
}
