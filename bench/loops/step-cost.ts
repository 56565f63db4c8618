/** What the detector costs: time per step over a long session, and whether it stays the same to the end. */

import { callKey, type LoopStep, resultKeys, SessionLoopDetector } from '@runguard/sdk/core'

/** Microseconds of processor time per step. */
export interface StepCost {
  readonly steps: number
  readonly all: number
  readonly firstTenth: number
  readonly lastTenth: number
  /** Largest size of the kept state on the way, as JSON. */
  readonly stateBytes: number
}

const TENTHS = 10
const PASSES = 7

/** Measures one session of so many steps. Of several passes the quickest counts, tenth by tenth: the machine is shared. */
export function measureStepCost(steps: number): StepCost {
  const session = makeSession(steps)
  const best = new Array<number>(TENTHS).fill(Number.POSITIVE_INFINITY)
  let stateBytes = 0
  for (let pass = 0; pass < PASSES; pass++) {
    const detector = new SessionLoopDetector()
    for (let tenth = 0; tenth < TENTHS; tenth++) {
      const part = session.slice((tenth * steps) / TENTHS, ((tenth + 1) * steps) / TENTHS)
      const before = process.cpuUsage()
      for (const round of part) detector.recordRound(round)
      const { user, system } = process.cpuUsage(before)
      const micros = (user + system) / part.length
      best[tenth] = Math.min(best[tenth] ?? micros, micros)
      stateBytes = Math.max(stateBytes, JSON.stringify(detector).length)
    }
  }
  const all = best.reduce((sum, micros) => sum + micros, 0) / TENTHS
  return { steps, all, firstTenth: best[0] ?? 0, lastTenth: best.at(-1) ?? 0, stateBytes }
}

/** No person, no summary: reads, edits and failing checks, with repeats and cycles among them that nobody stops. */
function makeSession(steps: number): readonly (readonly LoopStep[])[] {
  return Array.from({ length: steps }, (_, round) => {
    const stretch = Math.floor(round / 40) % 5
    if (stretch === 0) return [step(round, 'Read', { path: `src/${round}.ts` }, `file ${letters(round)}`, false)]
    if (stretch === 1) return [step(round, 'Bash', { command: 'npm run build' }, 'still broken', true)]
    if (stretch === 2) return [step(round, 'Edit', { path: 'a.ts', text: `v${round % 7}` }, 'done', false)]
    if (stretch === 3) return [step(round, 'Grep', { pattern: `${round % 3}` }, '', false)]
    return [step(round, 'Bash', { command: `test ${round % 5}` }, `${letters(round % 11)} failed`, true)]
  })
}

function step(round: number, tool: string, input: unknown, content: string, isError: boolean): LoopStep {
  const key = callKey(tool, input)
  return { tool, key, looseKey: tool, ...resultKeys(content), isError, round, toolClass: null, hasRun: true }
}

/** A number in letters, because numbers do not make results differ. */
function letters(number: number): string {
  return number.toString(26).replace(/\d/g, (digit) => 'qrstuvwxyz'.charAt(Number(digit)))
}
