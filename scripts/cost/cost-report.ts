/** The result of `check-cost`, for people and for programs. */
import type { SourceCheck } from './cost-check.js'
import { hasDifference } from './cost-check.js'

/** The result as JSON: sources by name, each with its counts. */
export function toJson(checks: readonly SourceCheck[], priceVersion: string): string {
  const sources = checks.map(({ unpricedModels, ...counts }) => ({
    ...counts,
    unpricedModels: Object.fromEntries(unpricedModels),
  }))
  return JSON.stringify({ priceVersion, isEqual: !checks.some(hasDifference), sources }, null, 2)
}

/** The result as a page of text. */
export function toText(checks: readonly SourceCheck[], priceVersion: string): string {
  return [
    `Price list ${priceVersion}, each model at its last price in it.`,
    '',
    ...checks.flatMap((check) => [...describe(check), '']),
    verdict(checks),
  ].join('\n')
}

function verdict(checks: readonly SourceCheck[]): string {
  if (checks.some(hasDifference)) return 'The recomputed costs DIFFER from the recorded ones.'
  if (checks.every((check) => check.comparedCalls === 0)) return 'No call could be compared.'
  return 'Every call that can be compared costs what was recorded.'
}

function describe(check: SourceCheck): readonly string[] {
  const lines = [
    `${check.source}: ${count(check.runs, 'trajectory', 'trajectories')}, ${count(check.calls, 'call')}`,
    `  all with a list price   ${usd(check.pricedUsd)} recomputed over ${count(check.pricedCalls, 'call')}`,
  ]
  if (check.comparedCalls === 0) lines.push('  nothing to compare      no call with a list price has a recorded cost')
  else lines.push(...describeComparison(check))
  if (check.unpricedModels.size > 0) lines.push(...describeUnpriced(check))
  if (check.suspectCalls > 0) lines.push(`  IMPOSSIBLE COUNTERS     in ${count(check.suspectCalls, 'call')}`)
  return lines
}

function describeComparison(check: SourceCheck): readonly string[] {
  return [
    `  recorded                ${usd(check.recordedUsd)} over ${count(check.comparedCalls, 'call')}`,
    `  recomputed              ${usd(check.recomputedUsd)}`,
    `  differing calls         ${check.differingCalls} (largest difference $${check.largestDifferenceUsd.toExponential(1)})`,
    `  differing trajectories  ${check.differingRuns} of ${check.comparedRuns}`,
  ]
}

function describeUnpriced(check: SourceCheck): readonly string[] {
  const models = [...check.unpricedModels].map(([model, calls]) => `${model} (${calls})`).join(', ')
  return [`  without a list price    ${models}; ${usd(check.unpricedRecordedUsd)} recorded, not compared`]
}

function usd(amount: number): string {
  return `$${amount.toFixed(6)}`
}

function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount.toLocaleString('en-US')} ${amount === 1 ? one : many}`
}
