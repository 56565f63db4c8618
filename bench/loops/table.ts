/** Scores as text for people. */

import type { KindScore, RateScore, Score } from './scoring.js'
import type { StepCost } from './step-cost.js'

const FIRST_COLUMN = 28
const COLUMN = 14

/** What the cells say. */
export const legend = [
  'Cells: runs stopped, and after a plus those that only got a notice; after @ how many repeats were complete at the stop.',
  'SHORT: three or four useless rounds, then the agent left by itself; a notice is welcome there, a stop is not.',
  '"left": what the loops went on to do after they would have been stopped.',
].join('\n')

/** The scores of all detectors on the same runs, side by side. */
export function renderScores(title: string, scores: readonly Score[]): string {
  const [first] = scores
  if (first === undefined) return title
  const kinds = first.kinds.map(({ label, kind, runs }, index) => {
    const cells = scores.map((score) => renderKind(score.kinds[index]))
    return row(`${label} ${kind}`, [String(runs), ...cells])
  })
  const perRun = (name: string, read: (score: Score) => RateScore): string => {
    return row(name, [String(read(first).runs), ...scores.map((score) => renderRate(read(score)))])
  }
  const sum = (name: string, read: (kind: KindScore) => number, digits: number): string => {
    return row(name, ['', ...scores.map((score) => sumOverLoops(score, read).toFixed(digits))])
  }
  return [
    title,
    row('', ['runs', ...scores.map(({ name }) => name)]),
    ...kinds,
    perRun('no label', ({ unlabelled }) => unlabelled),
    perRun('healthy Claude Code', ({ claudeCode }) => claudeCode),
    perRun('no label, stops per 1,000', ({ unlabelled }) => perThousand(unlabelled)),
    sum('LOOP: calls left', ({ callsLeft }) => callsLeft, 0),
    sum('LOOP: dollars left', ({ usdLeft }) => usdLeft, 2),
    ...scores.flatMap(renderFalseRules),
  ].join('\n')
}

/** The time a step takes. */
export function renderCost({ steps, all, firstTenth, lastTenth, stateBytes }: StepCost): string {
  const tenths = `${firstTenth.toFixed(2)} in the first tenth, ${lastTenth.toFixed(2)} in the last`
  return `CPU µs per step over ${steps.toLocaleString('en')} steps: ${all.toFixed(2)} (${tenths}); kept state at most ${stateBytes} bytes`
}

function renderKind(score: KindScore | undefined): string {
  if (score === undefined) return '–'
  const { repeatsAtStop } = score
  const repeats = repeatsAtStop === null ? '' : ` @${[...new Set(repeatsAtStop)].join('–')}`
  return `${renderRate(score)}${repeats}`
}

function renderRate({ stopped, noticed }: Pick<RateScore, 'stopped' | 'noticed'>): string {
  return noticed > stopped ? `${stopped} +${Number((noticed - stopped).toFixed(2))}` : String(stopped)
}

function perThousand({ runs, stopped, noticed }: RateScore): RateScore {
  const rate = (count: number): number => (runs === 0 ? 0 : Math.round((count * 100_000) / runs) / 100)
  return { runs, stopped: rate(stopped), noticed: rate(noticed) }
}

function sumOverLoops({ kinds }: Score, read: (kind: KindScore) => number): number {
  return kinds.filter(({ label }) => label === 'LOOP').reduce((sum, kind) => sum + read(kind), 0)
}

function renderFalseRules({ name, falseRules }: Score): readonly string[] {
  const rules = Object.entries(falseRules).map(([rule, count]) => `${rule} ${count}`)
  return rules.length === 0 ? [] : [`  ${name} spoke up without a label: ${rules.join(', ')}`]
}

function row(name: string, cells: readonly string[]): string {
  return `  ${name.padEnd(FIRST_COLUMN)}${cells.map((cell) => cell.padStart(COLUMN)).join('')}`
}
