/**
 * Loop detectors side by side: RunGuard's, and three well-known rules written anew from how they are described. Each
 * looks at a whole run and says at which step it would have spoken up first.
 */

import { LoopDetector, type LoopFinding, SessionLoopDetector } from '@runguard/sdk/core'
import { openHandsStop } from './open-hands.js'
import type { RecordedRun, RecordedStep } from './recorded-run.js'

/** Indices of steps; null where it stayed silent. Rules with one tier only stop. */
export interface Alarm {
  readonly noticeAt: number | null
  readonly stopAt: number | null
  /** Which rule of it stopped, or else gave notice; null if it has but one. */
  readonly rule: string | null
}

/** A detector with a name. */
export interface Contender {
  readonly name: string
  watch(run: RecordedRun): Alarm
}

/**
 * RunGuard first. The simple rule: a block of one to three calls, three times. Gemini CLI: a block of one to five calls, five
 * times; what it does about repeating text is left out, because the data hold no text.
 */
export const contenders: readonly Contender[] = [
  { name: 'RunGuard', watch: watchInFull },
  { name: 'simple rule', watch: (run) => watchSignatures(run, 3, 3) },
  { name: 'OpenHands', watch: (run) => stopOnly(firstStep(run, openHandsStop)) },
  { name: 'Gemini CLI', watch: (run) => watchSignatures(run, 5, 5) },
]

/** The session's detector over the rounds of a run, reset at every message of a person. */
function watchInFull(run: RecordedRun): Alarm {
  const detector = new SessionLoopDetector()
  let turn = run.steps[0]?.turn ?? 0
  let noticed: { at: number; finding: LoopFinding } | null = null
  for (const { steps, end, words } of eventsOf(run)) {
    const [first] = steps
    if (first !== undefined && first.turn !== turn) {
      detector.reset()
      turn = first.turn
    }
    const finding = words === null ? detector.recordRound(steps) : detector.recordText(words)
    if (finding?.tier === 'stop') return { noticeAt: noticed?.at ?? end, stopAt: end, rule: finding.rule }
    if (finding !== null) noticed ??= { at: end, finding }
  }
  return { noticeAt: noticed?.at ?? null, stopAt: null, rule: noticed?.finding.rule ?? null }
}

interface RoundEvent {
  /** The calls of a round; none if the model only said something. */
  readonly steps: readonly RecordedStep[]
  /** Index of the last step so far. */
  readonly end: number
  readonly words: string | null
}

/** Rounds in order. Words without a call are there only if the same turn goes on after them: else a person answered. */
function eventsOf({ steps, texts }: RecordedRun): readonly RoundEvent[] {
  return steps.flatMap((step, start): RoundEvent[] => {
    const before = steps[start - 1]
    if (before?.round === step.round) return []
    const said =
      before?.turn === step.turn ? texts.filter(({ round }) => round > before.round && round < step.round) : []
    const round = roundFrom(steps, start)
    return [
      ...said.map(({ letters }) => ({ steps: [], end: start - 1, words: letters })),
      { steps: round, end: start + round.length - 1, words: null },
    ]
  })
}

function roundFrom(steps: readonly RecordedStep[], start: number): readonly RecordedStep[] {
  let end = start + 1
  while (steps[end] !== undefined && steps[end]?.round === steps[start]?.round) end += 1
  return steps.slice(start, end)
}

function watchSignatures(run: RecordedRun, repeats: number, maxCycleLen: number): Alarm {
  const detector = new LoopDetector({ repeats, maxCycleLen })
  return stopOnly(
    run.steps.findIndex(({ fullKey, turn }, index) => {
      if (turn !== run.steps[index - 1]?.turn) detector.reset()
      return detector.record(fullKey) !== null
    }),
  )
}

/** The first step at which a rule over the steps of the turn so far says stop; -1 if none. */
function firstStep({ steps }: RecordedRun, rule: (steps: readonly RecordedStep[]) => boolean): number {
  let start = 0
  return steps.findIndex(({ turn }, index) => {
    if (turn !== steps[index - 1]?.turn) start = index
    return rule(steps.slice(Math.max(start, index - 11), index + 1))
  })
}

function stopOnly(index: number): Alarm {
  return index < 0 ? { noticeAt: null, stopAt: null, rule: null } : { noticeAt: index, stopAt: index, rule: null }
}
