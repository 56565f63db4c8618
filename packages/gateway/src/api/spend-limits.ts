/** Budgets in the shape of the Admin API of Claude: `/v1/organizations/spend_limits`. Money is cents, as a text. */

import { z } from 'zod'
import { wholeQuery } from './common.js'

/** What a limit is for: `organization` is everything, `workspace` a project, `rbac_group` a team. */
export const limitScopeSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('organization') }),
  z.object({ type: z.literal('user'), user_id: z.string().min(1).max(150) }),
  z.object({ type: z.literal('workspace'), workspace_id: z.string().min(1).max(150) }),
  z.object({ type: z.literal('rbac_group'), rbac_group_id: z.string().min(1).max(150) }),
])

/** What a limit is for. */
export type LimitScope = z.infer<typeof limitScopeSchema>

/** How long the window of a limit is. */
export const limitPeriodSchema = z.enum(['daily', 'weekly', 'monthly'])

/** How long the window of a limit is. */
export type LimitPeriod = z.infer<typeof limitPeriodSchema>

/** A limit. */
export const spendLimitSchema = z
  .object({
    id: z.string(),
    type: z.literal('spend_limit'),
    amount: z.string().nullable(),
    currency: z.literal('USD'),
    period: limitPeriodSchema,
    scope: limitScopeSchema,
    is_enabled: z.boolean(),
    /** Of a limit in the configuration file, and of one from before this was kept: when this gateway took it over. */
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'SpendLimit' })

/** A limit. */
export type SpendLimit = z.infer<typeof spendLimitSchema>

const pageShape = {
  /** `next_page` of the page before. */
  page: z.string().max(2_000).optional(),
  limit: wholeQuery(1, 1_000).optional(),
  beta: z.string().optional(),
}

/** Which limits. */
export const spendLimitsQuery = z.object({
  ...pageShape,
  'scope_type[]': z.string().max(100).optional(),
  scope_type: z.string().max(100).optional(),
  workspace_id: z.string().max(150).optional(),
})

/** Limits. */
export const spendLimitsPage = z.object({ data: z.array(spendLimitSchema), next_page: z.string().nullable() })

/** A limit that is set. */
export const spendLimitBody = z.strictObject({
  amount: z
    .string()
    .regex(/^\d{1,12}$/, "must be whole cents as a text: '50000'")
    .nullable(),
  scope: limitScopeSchema,
  period: limitPeriodSchema.optional(),
})

/** A limit that is gone. */
export const spendLimitDeleted = z.object({ id: z.string(), type: z.literal('spend_limit_deleted') })

const MOST_USERS = 100

/** Whose limits. */
export const effectiveQuery = z.object({
  ...pageShape,
  'period[]': z.string().max(100).optional(),
  'user_ids[]': z
    .string()
    .max(MOST_USERS * 151)
    .refine((users) => users.split(',').length <= MOST_USERS, `may name at most ${MOST_USERS}`)
    .optional(),
})

/** How limits stand for each user. */
export const effectivePage = z.object({
  data: z.array(
    z.object({
      actor: z.object({
        type: z.literal('user_actor'),
        user_id: z.string(),
        name: z.string().nullable(),
        email_address: z.string().nullable(),
        deleted: z.boolean(),
      }),
      amount: z.string().nullable(),
      currency: z.literal('USD'),
      period: limitPeriodSchema,
      period_to_date_spend: z.string(),
      scope: limitScopeSchema,
      source: limitScopeSchema,
      spend_limit_id: z.string(),
    }),
  ),
  next_page: z.string().nullable(),
})
