/** From alarms to numbers. */

import type { Alarm, Contender } from './contenders.js'
import type { Label, RecordedRun } from './recorded-run.js'

/** A run and what a detector did on it. */
export interface Watched {
  readonly run: RecordedRun
  readonly alarm: Alarm
}

/** Runs of one label and kind. */
export interface KindScore {
  readonly label: Label
  readonly kind: string
  readonly runs: number
  readonly stopped: number
  /** Noticed or stopped. */
  readonly noticed: number
  /** Of the stopped runs: calls that would not have happened, and their share of what the run is known to have cost. */
  readonly callsLeft: number
  readonly usdLeft: number
  /** How many repeats were complete at the stop, smallest and largest; null where repeats are not exact. */
  readonly repeatsAtStop: readonly [number, number] | null
}

/** What a detector did on all runs. */
export interface Score {
  readonly name: string
  readonly kinds: readonly KindScore[]
  /** Runs without a label. */
  readonly unlabelled: RateScore
  /** Runs of Claude Code in which no loop is known. */
  readonly claudeCode: RateScore
  /** First rule that spoke up, for unlabelled runs and those of Claude Code. */
  readonly falseRules: Readonly<Record<string, number>>
}

/** Alarms that should not have been. */
export interface RateScore {
  readonly runs: number
  readonly stopped: number
  readonly noticed: number
}

const CLAUDE_CODE_TOOLS = new Set(['Bash', 'Read', 'Edit', 'Grep', 'Glob', 'TodoWrite'])

/** Lets a detector watch all runs. */
export function scoreContender({ name, watch }: Contender, runs: readonly RecordedRun[]): Score {
  const watched = runs.map((run) => ({ run, alarm: watch(run) }))
  const unlabelled = watched.filter(({ run }) => run.label === null)
  const claudeCode = watched.filter(({ run }) => isHealthyClaudeCode(run))
  const falseRules: Record<string, number> = {}
  for (const { alarm } of new Set([...unlabelled, ...claudeCode])) {
    if (alarm.rule === null) continue
    const what = `${alarm.rule} ${alarm.stopAt === null ? 'notice' : 'stop'}`
    falseRules[what] = (falseRules[what] ?? 0) + 1
  }
  return { name, kinds: scoreKinds(watched), unlabelled: rate(unlabelled), claudeCode: rate(claudeCode), falseRules }
}

function isHealthyClaudeCode({ label, steps }: RecordedRun): boolean {
  return label !== 'LOOP' && label !== 'SHORT' && steps.some(({ tool }) => CLAUDE_CODE_TOOLS.has(tool))
}

function rate(watched: readonly Watched[]): RateScore {
  const count = (isMeant: (alarm: Alarm) => boolean): number => watched.filter(({ alarm }) => isMeant(alarm)).length
  return {
    runs: watched.length,
    stopped: count(({ stopAt }) => stopAt !== null),
    noticed: count(({ noticeAt }) => noticeAt !== null),
  }
}

function scoreKinds(watched: readonly Watched[]): readonly KindScore[] {
  const kinds = new Map<string, Watched[]>()
  for (const each of watched) {
    if (each.run.label === null) continue
    const name = `${each.run.label} ${each.run.kind ?? 'any'}`
    kinds.set(name, [...(kinds.get(name) ?? []), each])
  }
  return [...kinds.values()].map(scoreKind).sort((left, right) => nameOf(left).localeCompare(nameOf(right), 'en'))
}

function nameOf({ label, kind }: KindScore): string {
  return `${label === 'LOOP' ? 0 : 1} ${label} ${kind}`
}

function scoreKind(watched: readonly Watched[]): KindScore {
  const stops = watched.flatMap(({ run, alarm }) => (alarm.stopAt === null ? [] : [stopOf(run, alarm.stopAt)]))
  const repeats = stops.flatMap((stop) => (stop.repeats === null ? [] : [stop.repeats]))
  return {
    label: watched[0]?.run.label ?? null,
    kind: watched[0]?.run.kind ?? 'any',
    ...rate(watched),
    callsLeft: stops.reduce((sum, stop) => sum + stop.callsLeft, 0),
    usdLeft: stops.reduce((sum, stop) => sum + stop.usdLeft, 0),
    repeatsAtStop: repeats.length === 0 ? null : [Math.min(...repeats), Math.max(...repeats)],
  }
}

function stopOf({ steps, costUsd, onset, block }: RecordedRun, stopAt: number) {
  const callsLeft = steps.length - 1 - stopAt
  return {
    callsLeft,
    usdLeft: ((costUsd ?? 0) * callsLeft) / steps.length,
    repeats: onset === null || block === null ? null : Math.floor((stopAt - onset + 1) / block),
  }
}
