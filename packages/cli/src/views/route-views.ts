/** Routes and degradation as lines of an explanation. */

import { type CallRecord, decimalUsd, formatUsd, nanoUsd, type RecordedRoute } from '@runguard/sdk/core'
import { percent, printable } from './format.js'

const reasons: Readonly<Record<RecordedRoute['reason'], string>> = {
  task: 'its task',
  tag: 'its tag',
  'guessed-task': 'its words tell the task',
  'unknown-task': 'a task that no table knows',
  'long-content': 'too long for the small tier',
  undeclared: 'it says nothing of its task',
  retired: 'the model that was asked for is retired',
  learned: 'cheaper tiers fail its task too often',
  conversation: 'the conversation runs there',
  budget: 'a budget runs low',
}

/** `claude-opus-5-5 → claude-haiku-5-5 (small): its task extract; saved $0.0123; not claude-sonnet-5-5: …` */
export function routeText(route: RecordedRoute): string {
  const { asked, model, tier, task, reason, isApplied, expected, expectedAsked, rejected, retiresMs } = route
  const way = asked === model ? printable(model) : `${printable(asked)} → ${printable(model)}`
  const why = `${reasons[reason]}${reason === 'task' || reason === 'unknown-task' || reason === 'guessed-task' ? ` ${printable(task ?? '')}` : ''}`
  return [
    `${isApplied ? '' : 'only explained: '}${way}${tier === null ? '' : ` (${printable(tier)})`}: ${why}`,
    ...(asked === model ? [] : [savingText(route)]),
    ...(asked === model ? [] : [`expected ${formatUsd(expected)} for ${formatUsd(expectedAsked)}`]),
    ...rejected.map(({ model: other, why: because }) => `not ${printable(other)}: ${printable(because)}`),
    ...(retiresMs === null ? [] : [`${printable(asked)} retires on ${new Date(retiresMs).toISOString().slice(0, 10)}`]),
  ]
    .filter((part) => part !== '')
    .join('; ')
}

function savingText({ savedNano }: RecordedRoute): string {
  if (savedNano === null) return ''
  return savedNano < 0 ? `lost ${formatUsd(nanoUsd(-savedNano))}` : `saved ${formatUsd(savedNano)}`
}

/** A route as JSON: money exact, negative where the route lost some; the day of retirement in ISO 8601. */
export function routeJson(route: RecordedRoute) {
  const { asked, model, tier, task, reason, isApplied, expected, expectedAsked, savedNano, retiresMs } = route
  return {
    asked,
    model,
    tier,
    task,
    reason,
    isApplied,
    expectedUsd: decimalUsd(expected),
    expectedAskedUsd: decimalUsd(expectedAsked),
    savedUsd: savedNano === null ? null : decimalUsd(savedNano),
    savedNanoUsd: savedNano,
    rejected: route.rejected.map(({ model: other, why, expected: cost }) => ({
      model: other,
      why,
      expectedUsd: decimalUsd(cost),
    })),
    retiresAt: retiresMs === null ? null : new Date(retiresMs).toISOString(),
  }
}

/** `try 2 of rg_…, on small; the last resort is claude-opus-5-5` */
export function cascadeText({ id, attempt, tier, asked }: NonNullable<CallRecord['cascade']>): string {
  return `try ${attempt} of ${printable(id)}, on ${printable(tier)}; the last resort is ${printable(asked)}`
}

/** `at 80 % of everything/day (82.1 % used): max_tokens 8000 → 4096` for each step, taken or left. */
export function degradedText(steps: NonNullable<CallRecord['degraded']>): string {
  return steps
    .map(({ kind, budget, at, used, change, why }) => {
      const done = change === null ? `${kind} left: ${printable(why ?? '')}` : printable(change)
      return `at ${percent(at)} of ${printable(budget)} (${percent(used)} used): ${done}`
    })
    .join('; ')
}

/** The steps of a ladder as JSON, taken or left; `at` and `used` are shares of the limit. */
export function degradedJson(steps: NonNullable<CallRecord['degraded']>) {
  return steps.map(({ kind, budget, at, used, change, why }) => ({ kind, budget, at, used, change, why }))
}
