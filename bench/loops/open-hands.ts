/**
 * The rule of OpenHands as described: four equal steps with equal results, three equal steps that all failed, or two
 * steps in turn three times with the same two results. Left out: three equal messages of the agent, and summaries in a
 * row, for which the data have no record.
 */

import type { RecordedStep } from './recorded-run.js'

const SHELLS = /^(?:bash|execute_bash|run_shell_command|shell)$/i

/** Whether it would stop after the last of these steps. */
export function openHandsStop(steps: readonly RecordedStep[]): boolean {
  return isRepeated(steps.slice(-4), 1, 4) || isFailing(steps.slice(-3)) || isRepeated(steps.slice(-6), 2, 3)
}

function isRepeated(tail: readonly RecordedStep[], block: number, times: number): boolean {
  if (tail.length < block * times) return false
  return tail.every((step, index) => {
    const before = tail[index - block]
    return before === undefined || (step.fullKey === before.fullKey && resultOf(step) === resultOf(before))
  })
}

function isFailing(tail: readonly RecordedStep[]): boolean {
  return tail.length === 3 && tail.every(({ fullKey, isError }) => isError && fullKey === tail[0]?.fullKey)
}

/** Of a shell it compares how the command ended, not what it wrote. */
function resultOf({ tool, isError, result }: RecordedStep): string | null {
  return SHELLS.test(tool) ? String(isError) : result
}
