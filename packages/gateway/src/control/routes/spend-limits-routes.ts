/**
 * Budgets in the shape of the Admin API, for programs that set limits there already.
 *
 * Only what that shape can say is in it: limits for everything, for one user, project or team, by day, week or month. A
 * request gets here only with a token of RunGuard; with any other it goes on to the upstream.
 */

import type { ListPlace } from '@runguard/sdk/store'
import type { z } from 'zod'
import type { ApiBudget } from '../../api/budgets.js'
import { idParams } from '../../api/common.js'
import {
  effectivePage,
  effectiveQuery,
  type LimitPeriod,
  type LimitScope,
  type SpendLimit,
  spendLimitBody,
  spendLimitDeleted,
  spendLimitSchema,
  spendLimitsPage,
  spendLimitsQuery,
} from '../../api/spend-limits.js'
import type { ControlParts } from '../control-parts.js'
import { pageOf, readCursor } from '../cursor.js'
import { operation, type ReadyOperation, specify } from '../operation.js'
import { SPEND_LIMITS_PATH } from '../own-target.js'
import { invalid, notFound } from '../problem.js'

const spendLimitsList = specify({
  id: 'spend-limits.list',
  method: 'get',
  path: SPEND_LIMITS_PATH,
  summary: 'Budgets as spend limits',
  query: spendLimitsQuery,
  answer: spendLimitsPage,
})

const spendLimitsRead = specify({
  id: 'spend-limits.read',
  method: 'get',
  path: `${SPEND_LIMITS_PATH}/{id}`,
  summary: 'One spend limit',
  params: idParams,
  answer: spendLimitSchema,
})

const spendLimitsWrite = specify({
  id: 'spend-limits.write',
  method: 'post',
  path: SPEND_LIMITS_PATH,
  summary: 'Set the spend limit of a scope and period',
  body: spendLimitBody,
  answer: spendLimitSchema,
  isAudited: true,
})

const spendLimitsRemove = specify({
  id: 'spend-limits.remove',
  method: 'delete',
  path: `${SPEND_LIMITS_PATH}/{id}`,
  summary: 'Take a spend limit away',
  params: idParams,
  answer: spendLimitDeleted,
  isAudited: true,
})

const spendLimitsEffective = specify({
  id: 'spend-limits.effective',
  method: 'get',
  path: `${SPEND_LIMITS_PATH}/effective`,
  summary: 'How the spend limits of users stand',
  query: effectiveQuery,
  answer: effectivePage,
})

const NANO_PER_CENT = 10_000_000
const USUAL_LIMIT = 20

const WINDOWS = { daily: 'day', weekly: 'week', monthly: 'month' } as const
const PERIODS: ReadonlyMap<string, LimitPeriod> = new Map([
  ['day', 'daily'],
  ['week', 'weekly'],
  ['month', 'monthly'],
])

/** The operations in the shape of the Admin API. */
export function spendLimitsRoutes(parts: ControlParts): ReadyOperation[] {
  const book = limitBook(parts)
  return [
    operation(spendLimitsList, async ({ query }) => {
      const { page, limit = USUAL_LIMIT, workspace_id: workspace } = query
      const wanted = (query['scope_type[]'] ?? query.scope_type)?.split(',')
      const limits = (await book.list()).map((found) => found.limit)
      const asked = limits.filter(({ scope }) => {
        const isThere = workspace === undefined || (scope.type === 'workspace' && scope.workspace_id === workspace)
        return isThere && (wanted === undefined || wanted.includes(scope.type))
      })
      return pageBehind(asked, { page, limit }, ({ scope, id }) => ({ at: SCOPE_TYPES.indexOf(scope.type), id }))
    }),
    effectiveRoute(book),
    operation(spendLimitsRead, async ({ params }) => (await book.find(params.id)).limit),
    ...changeRoutes(parts, book),
  ]
}

type Found = { readonly budget: ApiBudget; readonly limit: SpendLimit }

/** The budgets that this shape can say. */
interface LimitBook {
  /** By the type of their scope, and of one type in an order that stays. */
  list(): Promise<readonly Found[]>
  /** Rejects with `ApiProblem`. */
  find(id: string): Promise<Found>
  /** Null for a budget that this shape cannot say. */
  read(budget: ApiBudget): SpendLimit | null
}

/** The order in which a list has them. */
const SCOPE_TYPES: readonly LimitScope['type'][] = ['organization', 'workspace', 'rbac_group', 'user']

function limitBook({ budgets, settings }: ControlParts): LimitBook {
  const read = (budget: ApiBudget): SpendLimit | null => limitOf(budget, settings().startedAt)
  const list = async (): Promise<readonly Found[]> => {
    const found = (await budgets.list()).flatMap((budget) => {
      const limit = read(budget)
      return limit === null ? [] : [{ budget, limit }]
    })
    const rank = ({ limit: { scope } }: Found): number => SCOPE_TYPES.indexOf(scope.type)
    return found.toSorted((a, b) => rank(a) - rank(b) || compareText(a.limit.id, b.limit.id))
  }
  const find = async (id: string): Promise<Found> => {
    const found = (await list()).find(({ limit }) => limit.id === id)
    if (found === undefined) throw notFound('spend limit')
    return found
  }
  return { list, find, read }
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** The items behind a page, in the order in which `placeOf` has them: one that was taken away meanwhile loses nobody. */
function pageBehind<Item>(
  items: readonly Item[],
  { page, limit }: { readonly page: string | undefined; readonly limit: number },
  placeOf: (item: Item) => ListPlace,
): { data: Item[]; next_page: string | null } {
  const after = readCursor(page, 'query.page')
  const isBehind = (item: Item): boolean => {
    const { at, id } = placeOf(item)
    return after === null || at > after.at || (at === after.at && compareText(id, after.id) > 0)
  }
  const shown = pageOf(items.filter(isBehind), limit, (item) => item, placeOf)
  return { data: shown.items, next_page: shown.next }
}

function changeRoutes({ budgets, hub, runtime }: ControlParts, book: LimitBook): ReadyOperation[] {
  const changed = (): void => hub.publish('budgets', () => ({ kind: 'budgets', at: runtime.now() }))
  return [
    operation(spendLimitsWrite, async ({ body: { amount, scope, period = 'monthly' }, note }) => {
      if (amount === null)
        throw invalid('body.amount', 'RunGuard keeps no limit of no amount: delete the limit instead')
      if (scopeText(scope).endsWith(':*')) throw invalid('body.scope', 'is for one user, project or team: * is no name')
      const written = { scope: scopeText(scope), window: WINDOWS[period], limitNano: Number(amount) * NANO_PER_CENT }
      if (!Number.isSafeInteger(written.limitNano)) throw invalid('body.amount', 'is more than RunGuard can count')
      const all = await budgets.list()
      const known = all.find((each) => PERIODS.get(each.window) === period && nameOfScope(each) === written.scope)
      const { before, after } = await budgets.put(known?.id ?? `${written.scope}/${written.window}`, {
        ...(known === undefined ? {} : keptOf(known)),
        ...written,
      })
      const limit = after === null ? null : book.read(after)
      if (after === null || limit === null) throw new Error('the spend limit was set and is not there')
      note({ subject: after.id, before: before === null ? null : book.read(before), after: limit })
      changed()
      return limit
    }),
    operation(spendLimitsRemove, async ({ params, note }) => {
      const { budget, limit } = await book.find(params.id)
      await budgets.remove(budget.id)
      note({ subject: budget.id, before: limit, after: null })
      changed()
      return { id: params.id, type: 'spend_limit_deleted' as const }
    }),
  ]
}

/** What this shape does not say stays as it is. */
function keptOf({ name, timeZone, mode, thresholds, isPaused, overrides, degrade }: ApiBudget) {
  return { name, timeZone, mode, thresholds, isPaused, overrides, degrade }
}

/** A page has so many users, each with all periods. */
function effectiveRoute(book: LimitBook): ReadyOperation {
  return operation(spendLimitsEffective, async ({ query }) => {
    const { page, limit = USUAL_LIMIT } = query
    const [periods, users] = [query['period[]']?.split(','), query['user_ids[]']?.split(',')]
    const byUser = new Map<string, EffectiveRow[]>()
    for (const found of await book.list()) {
      const { scope, period } = found.limit
      if (scope.type !== 'user' || (periods !== undefined && !periods.includes(period))) continue
      if (users !== undefined && !users.includes(scope.user_id)) continue
      byUser.set(scope.user_id, [...(byUser.get(scope.user_id) ?? []), effectiveRow(found, scope.user_id)])
    }
    const inOrder = [...byUser.keys()].toSorted(compareText)
    const shown = pageBehind(inOrder, { page, limit }, (id) => ({ at: 0, id }))
    return { ...shown, data: shown.data.flatMap((user) => byUser.get(user) ?? []) }
  })
}

type EffectiveRow = z.infer<typeof effectivePage>['data'][number]

function effectiveRow({ budget, limit }: Found, user: string): EffectiveRow {
  const { scope, period, amount, currency, id } = limit
  return {
    actor: { type: 'user_actor', user_id: user, name: null, email_address: null, deleted: false },
    amount,
    currency,
    period,
    period_to_date_spend: fractionalCents(budget.accounts[0]?.spentNano ?? 0),
    scope,
    source: scope,
    spend_limit_id: id,
  }
}

/** Up to three places behind the point, as the Admin API gives them. */
function fractionalCents(nano: number): string {
  return String(Math.round(nano / (NANO_PER_CENT / 1_000)) / 1_000)
}

/** @param knownSince stands in for times that are not kept, in milliseconds since the epoch */
function limitOf(budget: ApiBudget, knownSince: number): SpendLimit | null {
  const period = PERIODS.get(budget.window)
  const scope = limitScope(budget)
  if (period === undefined || scope === null) return null
  const { createdAt, changedAt } = budget
  const updatedAt = changedAt ?? knownSince
  return {
    id: `spl_${Buffer.from(budget.id).toString('base64url')}`,
    type: 'spend_limit',
    amount: String(Math.floor(budget.limitNano / NANO_PER_CENT)),
    currency: 'USD',
    period,
    scope,
    is_enabled: budget.mode === 'enforce' && !budget.isPaused,
    created_at: new Date(createdAt ?? Math.min(knownSince, updatedAt)).toISOString(),
    updated_at: new Date(updatedAt).toISOString(),
  }
}

function limitScope({ scope: { kind, name } }: ApiBudget): LimitScope | null {
  if (kind === 'everything') return { type: 'organization' }
  if (name === '*') return null
  if (kind === 'user') return { type: 'user', user_id: name }
  if (kind === 'project') return { type: 'workspace', workspace_id: name }
  return kind === 'team' ? { type: 'rbac_group', rbac_group_id: name } : null
}

function scopeText(scope: LimitScope): string {
  switch (scope.type) {
    case 'organization':
      return 'everything'
    case 'user':
      return `user:${scope.user_id}`
    case 'workspace':
      return `project:${scope.workspace_id}`
    case 'rbac_group':
      return `team:${scope.rbac_group_id}`
  }
}

function nameOfScope({ scope: { kind, name } }: ApiBudget): string {
  return kind === 'everything' ? kind : `${kind}:${name}`
}
