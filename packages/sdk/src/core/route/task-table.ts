/** What would be chosen for each task now, tier by tier, and why: for people who look at routes. */

import { scanCall } from '../body/scan.js'
import type { PriceBook } from '../cost/price.js'
import { estimateSuccess, type OutcomeDay, type SuccessEstimate } from './outcomes.js'
import { chooseRoute } from './route.js'
import { weighModel } from './route-cost.js'
import type { RoutePolicy } from './routing.js'

/** A tier at a task. */
export interface TaskTier {
  readonly task: string
  readonly tier: string
  readonly model: string
  /** How many answers were judged, and how many of them were good. Days that are forgotten do not count. */
  readonly tries: number
  readonly good: number
  readonly success: SuccessEstimate
  /** Nano-dollars of a try, and of a good answer: what one costs with the failures before it. Null while none was judged. */
  readonly tryNano: number | null
  readonly solvedNano: number | null
  /** True for the tier that a short call of this task would go to, asked for on the dearest tier. */
  readonly isChosen: boolean
  /** In words for people: why it is chosen, or why not. */
  readonly why: string
}

/** What the table is made from. */
export interface TaskTableParts {
  readonly policy: RoutePolicy
  readonly book: PriceBook
  readonly days: readonly OutcomeDay[]
  /** Milliseconds since the epoch. */
  readonly atMs: number
}

/** Rows by task, each with its tiers from the cheapest on: all tasks of the policy, and all that were judged. */
export function tabulateTasks(parts: TaskTableParts): readonly TaskTier[] {
  const { policy, days } = parts
  const tasks = new Set([...policy.tasks.keys(), ...policy.cascades.keys(), ...days.map(({ task }) => task)])
  return [...tasks].sort().flatMap((task) => tabulateTask(task, parts))
}

const REASONS: Readonly<Record<string, string>> = {
  task: 'does for the task, by the table',
  'unknown-task': 'does for tasks that no table knows',
  learned: 'the cheaper tiers fail too often',
  undeclared: 'there is no cheaper tier',
}

function tabulateTask(task: string, { policy, book, days, atMs }: TaskTableParts): readonly TaskTier[] {
  const weight = (model: string): number => weighModel(book, model, atMs)
  const tiers = [...policy.tiers].sort(([, left], [, right]) => weight(left) - weight(right))
  const ofTier = (tier: string): readonly OutcomeDay[] => days.filter((day) => day.task === task && day.tier === tier)
  const [, dearest = ''] = tiers.at(-1) ?? []
  const view = scanCall(new TextEncoder().encode(JSON.stringify({ model: dearest, max_tokens: 1_000, messages: [] })))
  const route = chooseRoute(
    {
      ...SHORT_CALL,
      view,
      task,
      atMs,
    },
    {
      policy: { ...policy, mode: 'route' },
      book,
      successOf: (_, tier) => estimateSuccess(ofTier(tier), atMs),
    },
  )
  const chosen = tiers.findIndex(([tier]) => tier === route?.tier)
  return tiers.map(([tier, model], at) => {
    const isChosen = at === chosen
    const rejected = route?.rejected.find((other) => other.tier === tier)?.why
    const left = at < chosen ? 'less than the table asks for' : 'not needed'
    const why = isChosen && route !== null ? (REASONS[route.reason] ?? route.reason) : (rejected ?? left)
    return { ...countTier(ofTier(tier), atMs), task, tier, model, isChosen, why }
  })
}

const SHORT_CALL = {
  effort: null,
  betas: [],
  guess: null,
  tags: [],
  promptTokens: 1_000,
  outputTokens: 100,
  isStart: true,
  conversation: null,
  pressure: null,
} as const

function countTier(days: readonly OutcomeDay[], atMs: number) {
  const good = days.reduce((sum, day) => sum + day.good, 0)
  const tries = days.reduce((sum, day) => sum + day.good + day.bad, 0)
  const success = estimateSuccess(days, atMs)
  const tryNano = success.costNano
  return { tries, good, success, tryNano, solvedNano: tryNano === null ? null : tryNano / success.mean }
}
