/**
 * Budgets in the shape of the Admin API, for programs that set limits there already.
 *
 * Only what that shape can say is in it: limits for everything, for one user, project or team, by day, week or month. A
 * request gets here only with a token of RunGuard; with any other it goes on to the upstream.
 */

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
import { operation, type ReadyOperation, specify } from '../operation.js'
import { invalid, notFound } from '../problem.js'

/** Where they are. */
export const SPEND_LIMITS_PATH = '/v1/organizations/spend_limits'

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
/** When a limit was made is not kept. */
const UNKNOWN_TIME = '1970-01-01T00:00:00Z'

const WINDOWS = { daily: 'day', weekly: 'week', monthly: 'month' } as const
const PERIODS: ReadonlyMap<string, LimitPeriod> = new Map([
  ['day', 'daily'],
  ['week', 'weekly'],
  ['month', 'monthly'],
])

/** The operations in the shape of the Admin API. */
export function spendLimitsRoutes(parts: ControlParts): ReadyOperation[] {
  const { budgets } = parts
  const list = async () =>
    (await budgets.list()).flatMap((budget) => {
      const limit = limitOf(budget)
      return limit === null ? [] : [{ budget, limit }]
    })
  const find = async (id: string) => {
    const found = (await list()).find(({ limit }) => limit.id === id)
    if (found === undefined) throw notFound('spend limit')
    return found
  }
  return [
    operation(spendLimitsList, async ({ query }) => {
      const wanted = (query['scope_type[]'] ?? query.scope_type)?.split(',')
      const limits = (await list()).map(({ limit }) => limit)
      const data = limits.filter(({ scope }) => {
        if (
          query.workspace_id !== undefined &&
          !(scope.type === 'workspace' && scope.workspace_id === query.workspace_id)
        )
          return false
        return wanted === undefined || wanted.includes(scope.type)
      })
      return { data, next_page: null }
    }),
    effectiveRoute(list),
    operation(spendLimitsRead, async ({ params }) => (await find(params.id)).limit),
    ...changeRoutes(parts, find),
  ]
}

type Found = { readonly budget: ApiBudget; readonly limit: SpendLimit }

function changeRoutes({ budgets, hub, runtime }: ControlParts, find: (id: string) => Promise<Found>): ReadyOperation[] {
  const changed = (): void => hub.publish('budgets', () => ({ kind: 'budgets', at: runtime.now() }))
  return [
    operation(spendLimitsWrite, async ({ body: { amount, scope, period = 'monthly' }, note }) => {
      if (amount === null)
        throw invalid('body.amount', 'RunGuard keeps no limit of no amount: delete the limit instead')
      if (scopeText(scope).endsWith(':*')) throw invalid('body.scope', 'is for one user, project or team: * is no name')
      const written = { scope: scopeText(scope), window: WINDOWS[period], limitNano: Number(amount) * NANO_PER_CENT }
      if (!Number.isSafeInteger(written.limitNano)) throw invalid('body.amount', 'is more than RunGuard can count')
      const all = await budgets.list()
      const known = all.find((budget) => limitOf(budget)?.period === period && nameOfScope(budget) === written.scope)
      const { before, after } = await budgets.put(known?.id ?? `${written.scope}/${written.window}`, {
        ...(known === undefined ? {} : keptOf(known)),
        ...written,
      })
      const limit = after === null ? null : limitOf(after)
      if (after === null || limit === null) throw new Error('the spend limit was set and is not there')
      note({ subject: after.id, before: before === null ? null : limitOf(before), after: limit })
      changed()
      return limit
    }),
    operation(spendLimitsRemove, async ({ params, note }) => {
      const { budget, limit } = await find(params.id)
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

function effectiveRoute(list: () => Promise<readonly Found[]>): ReadyOperation {
  return operation(spendLimitsEffective, async ({ query }) => {
    const [periods, users] = [query['period[]']?.split(','), query['user_ids[]']?.split(',')]
    const data = (await list()).flatMap(({ budget, limit }) => {
      const { scope, period, amount, currency, id } = limit
      if (scope.type !== 'user' || (periods !== undefined && !periods.includes(period))) return []
      if (users !== undefined && !users.includes(scope.user_id)) return []
      const spent = budget.accounts[0]?.spentNano ?? 0
      const actor = {
        type: 'user_actor' as const,
        user_id: scope.user_id,
        name: null,
        email_address: null,
        deleted: false,
      }
      return [
        {
          actor,
          amount,
          currency,
          period,
          period_to_date_spend: fractionalCents(spent),
          scope,
          source: scope,
          spend_limit_id: id,
        },
      ]
    })
    return { data, next_page: null }
  })
}

/** Up to three places behind the point, as the Admin API gives them. */
function fractionalCents(nano: number): string {
  return String(Math.round(nano / (NANO_PER_CENT / 1_000)) / 1_000)
}

function limitOf(budget: ApiBudget): SpendLimit | null {
  const period = PERIODS.get(budget.window)
  const scope = limitScope(budget)
  if (period === undefined || scope === null) return null
  return {
    id: `spl_${Buffer.from(budget.id).toString('base64url')}`,
    type: 'spend_limit',
    amount: String(Math.floor(budget.limitNano / NANO_PER_CENT)),
    currency: 'USD',
    period,
    scope,
    is_enabled: budget.mode === 'enforce' && !budget.isPaused,
    created_at: UNKNOWN_TIME,
    updated_at: UNKNOWN_TIME,
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
