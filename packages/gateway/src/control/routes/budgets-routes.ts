/** Budgets. */

import {
  type Budget,
  type BudgetOutcome,
  estimateBudget,
  nanoUsd,
  nobody,
  type PastSum,
  replayBudget,
  type Scope,
} from '@runguard/sdk/core'
import { MOST_POINTS, type TrafficFacts, type TrafficFilter, type TrafficPeriod } from '@runguard/sdk/store'
import {
  type ApiWhatIf,
  type ApiWhatIfBody,
  budgetAccountsSchema,
  budgetBody,
  budgetSchema,
  budgetsSchema,
  whatIfBody,
  whatIfSchema,
} from '../../api/budgets.js'
import { doneSchema, idParams, pageQuery } from '../../api/common.js'
import type { ControlParts } from '../control-parts.js'
import { readCursor } from '../cursor.js'
import { operation, type ReadyOperation, specify } from '../operation.js'
import { invalid } from '../problem.js'
import { cutPeriod, LONGEST_MS } from '../spend-steps.js'
import { readBudget } from '../wire/budget-wire.js'

const budgetsList = specify({
  id: 'budgets.list',
  method: 'get',
  path: '/runguard/api/budgets',
  summary: 'All budgets and how they stand',
  answer: budgetsSchema,
})

const budgetsAccounts = specify({
  id: 'budgets.accounts',
  method: 'get',
  path: '/runguard/api/budgets/{id}/accounts',
  summary: 'The accounts of a budget in its current window, those with most spent and held first',
  params: idParams,
  query: pageQuery,
  answer: budgetAccountsSchema,
})

const budgetsWhatIf = specify({
  id: 'budgets.what-if',
  method: 'post',
  path: '/runguard/api/budgets/what-if',
  summary: 'What a budget would have done to calls of the past; nothing is changed',
  body: whatIfBody,
  answer: whatIfSchema,
})

const budgetsWrite = specify({
  id: 'budgets.write',
  method: 'put',
  path: '/runguard/api/budgets/{id}',
  summary: 'Add a budget, or replace one; it is in force at once',
  params: idParams,
  body: budgetBody,
  answer: budgetSchema,
  isAudited: true,
})

const budgetsRemove = specify({
  id: 'budgets.remove',
  method: 'delete',
  path: '/runguard/api/budgets/{id}',
  summary: 'Take a budget away; what was spent under it stays in the ledger',
  params: idParams,
  answer: doneSchema,
  isAudited: true,
})

/** So many calls are played one by one. */
const MOST_PLAYED = 5_000
const HOUR_MS = 3_600_000
const HOURLY_UP_TO = 2 * 24 * HOUR_MS
const MOST_WINDOWS = 50

/** The operations on budgets. */
export function budgetsRoutes(parts: ControlParts): ReadyOperation[] {
  const { budgets, hub, runtime } = parts
  const changed = (): void => hub.publish('budgets', () => ({ kind: 'budgets', at: runtime.now() }))
  return [
    operation(budgetsList, async () => ({ items: [...(await budgets.list())], next: null })),
    operation(budgetsAccounts, async ({ params, query: { cursor, limit } }) => {
      return await budgets.accounts(params.id, readCursor(cursor), limit)
    }),
    operation(budgetsWhatIf, async ({ body }) => await tryBudget(parts, body)),
    operation(budgetsWrite, async ({ params, body, note }) => {
      const { before, after } = await budgets.put(params.id, body)
      note({ subject: params.id, before: withoutStanding(before), after: withoutStanding(after) })
      changed()
      if (after === null) throw new Error(`the budget ${params.id} was put and is not there`)
      return after
    }),
    operation(budgetsRemove, async ({ params, note }) => {
      const { before } = await budgets.remove(params.id)
      note({ subject: params.id, before: withoutStanding(before), after: null })
      changed()
      return { isDone: true as const }
    }),
  ]
}

/** What was changed: not how much was spent at that moment. */
function withoutStanding<T extends { readonly accounts: unknown; readonly accountCount: unknown }>(budget: T | null) {
  if (budget === null) return null
  const { accounts: _, accountCount: __, ...written } = budget
  return written
}

async function tryBudget(parts: ControlParts, body: ApiWhatIfBody): Promise<ApiWhatIf> {
  const { since, until, ...written } = body
  if (until <= since) throw invalid('body.until', 'must be after since')
  const { budget } = readBudget('what-if', written, parts.routing.tiers)
  await parts.summing.catchUp()
  const asked = { since, until, filter: filterOf(budget) }
  const { total } = await parts.store.trafficSums({ ...asked, groupBy: 'total', top: 1 })
  const isOfCalls = budget.scope.kind === 'request' || budget.window === 'request'
  const isEstimated = total.calls > MOST_PLAYED && !isOfCalls
  const outcome = isEstimated ? await estimate(parts, budget, asked) : await play(parts, budget, asked)
  const windows = outcome.accounts.filter(({ refusedCalls }) => refusedCalls > 0)
  return {
    since,
    until,
    calls: outcome.calls,
    costNano: outcome.spent,
    refusedCalls: outcome.refusedCalls,
    refusedNano: outcome.refused,
    firstRefusedAt: outcome.firstRefusedAt,
    windows: windows.slice(0, MOST_WINDOWS).map(({ spent, refused, ...window }) => ({
      ...window,
      spentNano: spent,
      refusedNano: refused,
    })),
    windowCount: windows.length,
    steps: outcome.steps.map(({ at, kind, calls, spent }) => ({ at, step: kind, calls, costNano: spent })),
    peakNano: outcome.accounts.reduce((most, { spent }) => Math.max(most, spent), 0),
    isEstimated,
    isTruncated: outcome.isTruncated,
  }
}

type Asked = TrafficPeriod & { readonly filter: TrafficFilter }
type Outcome = BudgetOutcome & { readonly isTruncated: boolean }

async function play({ store }: ControlParts, budget: Budget, asked: Asked): Promise<Outcome> {
  const facts = await store.listFacts({ ...asked, limit: MOST_PLAYED + 1, isCostOnly: true })
  const calls = facts.slice(0, MOST_PLAYED).map(({ id, startedAt, names, tags, numbers }) => {
    return { id, startedAt, cost: nanoUsd(numbers.costNano), scope: scopeOf(names, tags) }
  })
  return { ...replayBudget(budget, calls), isTruncated: facts.length > MOST_PLAYED }
}

/** From sums by hours, over long periods by days. */
async function estimate({ store, runtime }: ControlParts, budget: Budget, asked: Asked): Promise<Outcome> {
  const { kind, name } = budget.scope
  const dimension = kind === 'everything' || kind === 'request' ? 'total' : kind
  const [oldest] = await store.listFacts({ ...asked, limit: 1, isCostOnly: true })
  const since = Math.max(asked.since, oldest?.startedAt ?? 0)
  const until = Math.min(asked.until, runtime.now() + HOUR_MS)
  const step = budget.window === 'hour' || until - since <= HOURLY_UP_TO ? 'hour' : 'day'
  if (until - since > LONGEST_MS[step]) throw invalid('body.since', 'is too long ago for so short a window')
  const sums: PastSum[] = []
  let isTruncated = false
  for (const stretch of cutPeriod(step, since, Math.max(until, since + 1), budget.timeZone).stretches) {
    const points = await store.trafficSeries({ ...stretch, filter: asked.filter, groupBy: dimension, groups: 'all' })
    isTruncated ||= points.length >= MOST_POINTS
    for (const { at, group, calls, costNano } of points) {
      const scope = scopeOf({ [dimension]: group ?? name }, dimension === 'tag' && group ? [group] : [])
      sums.push({ startedAt: Math.max(at, stretch.since), calls, cost: nanoUsd(costNano), scope })
    }
  }
  return { ...estimateBudget(budget, sums), isTruncated }
}

/** Only calls that the budget can meet are read. */
function filterOf({ scope }: Budget): TrafficFilter {
  const { kind, name } = scope
  return kind === 'everything' || kind === 'request' || name === '*' ? {} : { [kind]: name }
}

function scopeOf(names: Partial<TrafficFacts['names']>, tags: readonly string[]): Scope {
  const { project = '', session = '', user = '', team = '', key = '', task = '' } = names
  return {
    ...nobody,
    project: project || null,
    session: session || null,
    user: user || null,
    team: team || null,
    key: key || null,
    task: task || null,
    tags,
  }
}
