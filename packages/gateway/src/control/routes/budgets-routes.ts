/** Budgets. */

import { type Budget, type NanoUsd, nanoUsd, replayBudget, type Scope } from '@runguard/sdk/core'
import type { TrafficFacts, TrafficFilter } from '@runguard/sdk/store'
import {
  type ApiWhatIf,
  type ApiWhatIfBody,
  budgetBody,
  budgetSchema,
  budgetsSchema,
  whatIfBody,
  whatIfSchema,
} from '../../api/budgets.js'
import { doneSchema, idParams } from '../../api/common.js'
import type { ControlParts } from '../control-parts.js'
import { operation, type ReadyOperation, specify } from '../operation.js'
import { invalid } from '../problem.js'
import { readBudget } from '../wire/budget-wire.js'

const budgetsList = specify({
  id: 'budgets.list',
  method: 'get',
  path: '/runguard/api/budgets',
  summary: 'All budgets and how they stand',
  answer: budgetsSchema,
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

const MOST_PAST_CALLS = 20_000
const MOST_WINDOWS = 50

/** The operations on budgets. */
export function budgetsRoutes(parts: ControlParts): ReadyOperation[] {
  const { budgets, hub, runtime } = parts
  const changed = (): void => hub.publish('budgets', () => ({ kind: 'budgets', at: runtime.now() }))
  return [
    operation(budgetsList, async () => ({ items: [...(await budgets.list())], next: null })),
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

async function tryBudget({ store, summing }: ControlParts, body: ApiWhatIfBody): Promise<ApiWhatIf> {
  const { since, until, ...written } = body
  if (until <= since) throw invalid('body.until', 'must be after since')
  const { budget } = readBudget('what-if', written)
  await summing.catchUp()
  const facts = await store.listFacts({
    since,
    until,
    filter: filterOf(budget),
    limit: MOST_PAST_CALLS + 1,
    isCostOnly: true,
  })
  const calls = facts.slice(0, MOST_PAST_CALLS).map(pastCall)
  const outcome = replayBudget(budget, calls)
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
    peakNano: outcome.accounts.reduce((most, { spent }) => Math.max(most, spent), 0),
    isTruncated: facts.length > MOST_PAST_CALLS,
  }
}

/** Only calls that the budget can meet are read. */
function filterOf({ scope }: Budget): TrafficFilter {
  const { kind, name } = scope
  return kind === 'everything' || kind === 'request' || name === '*' ? {} : { [kind]: name }
}

function pastCall({ id, startedAt, names, tags, numbers }: TrafficFacts): {
  readonly id: string
  readonly startedAt: number
  readonly cost: NanoUsd
  readonly scope: Scope
} {
  const named = (name: string): string | null => (name === '' ? null : name)
  const { project, session, user, team, key, task } = names
  const scope = {
    project: named(project),
    session: named(session),
    user: named(user),
    team: named(team),
    key: named(key),
    task: named(task),
    agent: null,
    parentAgent: null,
    tags,
  }
  return { id, startedAt, cost: nanoUsd(numbers.costNano), scope }
}
