/** What a policy would have done, as text and as JSON. */

import { decimalUsd, formatUsd, nanoUsd } from '@runguard/sdk/core'
import { isOverBudget, type Lever, levers, type Tally } from '../replay/tally.js'
import type { Colors } from '../terminal.js'
import { percent, printable, wholeCount } from './format.js'
import { type Column, renderTable } from './table.js'

/** A policy and what it came to. */
export interface PolicyOutcome {
  /** The file. */
  readonly policy: string
  readonly tally: Tally
}

/** Where the calls come from. */
export interface ReplaySource {
  readonly kind: 'records' | 'transcripts'
  /** Calls that could not be judged. */
  readonly untold: number
}

const words: Readonly<Record<Lever, string>> = {
  refused: 'refused',
  stopped: 'not made, the run was stopped',
  cut: 'answers cut',
  routed: 'other model',
  degraded: 'budget ran low',
  clamped: 'shorter answers allowed',
  'let-through': 'refused then, sent now',
  priced: 'other price',
}

/** One policy, or several side by side. */
export function replayText(outcomes: readonly PolicyOutcome[], source: ReplaySource, colors: Colors): string {
  const used = levers.filter((lever) => outcomes.some(({ tally }) => tally.levers[lever].calls > 0))
  const columns: Column[] = [
    { title: '', align: 'left' },
    ...outcomes.map(({ policy }): Column => ({ title: printable(policy, 40), align: 'right' })),
  ]
  const row = (title: string, cell: (tally: Tally) => string): string[] => {
    return [title, ...outcomes.map(({ tally }) => cell(tally))]
  }
  const rows = [
    row('calls', ({ calls }) => wholeCount(calls)),
    row('cost then', ({ thenNano }) => formatUsd(thenNano)),
    row('cost now', ({ nowNano }) => formatUsd(nowNano)),
    ...used.map((lever) => row(`  ${words[lever]}`, ({ levers: sums }) => leverCell(sums[lever]))),
    row('runs stopped', stoppedCell),
    row('budgets exceeded', exceededCell),
    row('could be batched', ({ batchable, batchableNano }) => {
      return batchable === 0 ? '0' : `${wholeCount(batchable)}, est. ${signedUsd(batchableNano)}`
    }),
  ]
  const total = row('saved', ({ thenNano, nowNano }) => savedCell(thenNano, nowNano))
  const table = renderTable({ columns, rows, total }, { title: colors.dim, total: colors.bold })
  return [
    table,
    '',
    ...outcomes.flatMap((outcome) => [...detailLines(outcome, outcomes.length > 1)]),
    ...notes(source).map(colors.dim),
  ].join('\n')
}

function leverCell({ calls, savedNano, guessed }: Tally['levers'][Lever]): string {
  return `${wholeCount(calls)}, ${guessed > 0 ? 'est. ' : ''}${signedUsd(savedNano)}`
}

function stoppedCell({ stoppedRuns, falseStops }: Tally): string {
  return falseStops === 0 ? wholeCount(stoppedRuns) : `${wholeCount(stoppedRuns)}, ${wholeCount(falseStops)} wrongly`
}

function exceededCell(tally: Tally): string {
  if (!isOverBudget(tally)) return 'none'
  const { exceeded } = tally
  return exceeded.size === 0 ? 'yes' : [...exceeded].map((name) => printable(name, 30)).join(', ')
}

function savedCell(thenNano: number, nowNano: number): string {
  const share = thenNano === 0 ? '' : ` (${percent((thenNano - nowNano) / thenNano)})`
  return `${signedUsd(thenNano - nowNano)}${share}`
}

/** Money that was lost shows a minus. */
function signedUsd(nano: number): string {
  return nano < 0 ? `-${formatUsd(nanoUsd(-nano))}` : formatUsd(nanoUsd(nano))
}

function* detailLines({ policy, tally }: PolicyOutcome, isNamed: boolean): Generator<string> {
  const who = isNamed ? `${printable(policy, 60)}: ` : ''
  const list = (counts: ReadonlyMap<string, number>): string => {
    return [...counts].map(([name, count]) => `${printable(name, 60)} ${wholeCount(count)}`).join(', ')
  }
  if (tally.refusals.size > 0) yield `${who}refused by ${list(tally.refusals)}`
  if (tally.loops.size > 0) yield `${who}loops ${list(tally.loops)}`
  if (tally.falseStops > 0) yield `${who}wrongly: the run went on to something else then, and succeeded.`
}

const recordNotes = [
  'Records hold no content. Judged anew: budgets, breakers, routes, steps of degradation. Loops: as they were found then,',
  'answered as the policy says; other limits for loops show in transcripts. Prompt caching: as it was then.',
]
const transcriptNotes = [
  'Judged anew: budgets, loops, breakers, routes. Assumed: streams, four bytes a token, and 128,000 max_tokens where not written. Prompt caching:',
  'as it was then. Output is what Claude Code wrote down, which may be less than was billed.',
]

function notes({ kind, untold }: ReplaySource): string[] {
  const common =
    'est.: the same tokens on the other model, and nobody trying again. Batches: calls without a stream and an agent, at half price.'
  return [
    ...(kind === 'records' ? recordNotes : transcriptNotes),
    common,
    ...(untold === 0 ? [] : [`Not judged, because no budget is about them: ${wholeCount(untold)} calls.`]),
  ]
}

/** Stable, for programs. */
export function replayJson({ policy, tally }: PolicyOutcome) {
  const { thenNano, nowNano, levers: sums } = tally
  return {
    policy,
    calls: tally.calls,
    thenUsd: decimalUsd(thenNano),
    nowUsd: decimalUsd(nowNano),
    savedNanoUsd: thenNano - nowNano,
    levers: Object.fromEntries(
      levers.map((lever) => {
        const { calls, savedNano, guessed } = sums[lever]
        return [lever, { calls, savedNanoUsd: savedNano, estimatedCalls: guessed }]
      }),
    ),
    refusals: Object.fromEntries(tally.refusals),
    firstRefusals: tally.firstRefusals.map(({ at, ...refusal }) => ({ ...refusal, at: new Date(at).toISOString() })),
    loops: Object.fromEntries(tally.loops),
    stoppedRuns: tally.stoppedRuns,
    falseStops: tally.falseStops,
    batchable: { calls: tally.batchable, savedNanoUsd: tally.batchableNano },
    isOverBudget: isOverBudget(tally),
    exceededBudgets: [...tally.exceeded],
  }
}
