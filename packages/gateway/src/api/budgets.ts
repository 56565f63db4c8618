/** Budgets: limits, how they stand, and what another limit would have done. */

import { z } from 'zod'
import { count, listOf, moment, nano } from './common.js'

/** Whose spending. `request` is every call by itself; the name `*` stands for each one. */
const scopeKindSchema = z.enum(['everything', 'project', 'team', 'user', 'key', 'tag', 'session', 'request'])

/** The period. */
const windowSchema = z.enum(['request', 'session', 'hour', 'day', 'week', 'month', 'lifetime'])

const overrideSchema = z.strictObject({
  scopeName: z.string().min(1).max(200),
  limitNano: nano.min(0),
  /** Null: until it is taken away. */
  until: moment.nullable(),
})

/** One rung of a ladder: from the share `at` of the limit on. */
const degradeStepSchema = z.strictObject({
  at: z.number().gt(0).max(1),
  step: z.enum(['cheaper-tier', 'lower-effort', 'tighter-max-tokens', 'defer', 'refuse']),
  /** The tier of `cheaper-tier` (absent: the next one), the effort of `lower-effort`. */
  to: z.string().min(1).max(200).optional(),
  /** Of `tighter-max-tokens`. */
  maxTokens: z.int().min(1).optional(),
})

/** How one account of a budget stands in its current window. */
const accountSchema = z
  .object({
    /** `user:alice`, or the scope of the budget where nothing was spent yet. */
    scope: z.string(),
    windowStart: moment,
    windowEnd: moment.nullable(),
    limitNano: nano,
    spentNano: nano,
    heldNano: nano,
    /** Negative where a limit was lowered below what is spent. */
    leftNano: nano,
    isEnforced: z.boolean(),
    isUsedUp: z.boolean(),
    /** True for the enforced account with the least left of all. */
    isBinding: z.boolean(),
  })
  .meta({ id: 'BudgetAccount' })

/** A budget and how it stands. */
export const budgetSchema = z
  .object({
    id: z.string(),
    name: z.string().nullable(),
    scope: z.object({ kind: scopeKindSchema, name: z.string() }),
    limitNano: nano,
    window: windowSchema,
    timeZone: z.string(),
    mode: z.enum(['enforce', 'observe']),
    /** Percent of the limit that is used. */
    thresholds: z.array(z.number()),
    isPaused: z.boolean(),
    overrides: z.array(overrideSchema),
    degrade: z.array(degradeStepSchema),
    /** One of the configuration file is changed there. */
    source: z.enum(['config', 'registry']),
    /** What a change gives back in `revision`, so that nobody overwrites what he has not seen; null for the file's. */
    revision: z.string().nullable(),
    /** Null for the file's, and for those from before it was kept. */
    createdAt: moment.nullable(),
    changedAt: moment.nullable(),
    /** The fullest first; of a budget with very many, the fullest. */
    accounts: z.array(accountSchema),
    /** How many there are. */
    accountCount: count,
  })
  .meta({ id: 'Budget' })

/** A budget and how it stands. */
export type ApiBudget = z.infer<typeof budgetSchema>

/** All budgets. */
export const budgetsSchema = listOf(budgetSchema)

/** All budgets. */
export type ApiBudgets = z.infer<typeof budgetsSchema>

const writtenShape = {
  /** `everything`, `request`, `user:alice`, `session:*`. */
  scope: z.string().min(1).max(200),
  limitNano: nano.min(0),
  window: windowSchema.optional(),
  timeZone: z.string().min(1).max(100).optional(),
}

/** A budget as it is put. */
export const budgetBody = z.strictObject({
  ...writtenShape,
  name: z.string().min(1).max(200).nullish(),
  mode: z.enum(['enforce', 'observe']).optional(),
  thresholds: z.array(z.number()).max(20).optional(),
  isPaused: z.boolean().optional(),
  overrides: z.array(overrideSchema).max(1_000).optional(),
  degrade: z.array(degradeStepSchema).max(20).optional(),
  /** The revision that is replaced; null: there must be none yet; absent: whatever is there. */
  revision: z.string().max(100).nullish(),
})

/** A budget as it is put. */
export type ApiBudgetBody = z.infer<typeof budgetBody>

/** A budget that is only thought of, and the past on which it is tried. */
export const whatIfBody = z.strictObject({
  ...writtenShape,
  since: moment,
  until: moment,
})

/** A budget that is only thought of. */
export type ApiWhatIfBody = z.infer<typeof whatIfBody>

/** What a limit would have done to calls of the past, each at the cost it had. */
export const whatIfSchema = z
  .object({
    since: moment,
    until: moment,
    /** Calls that the budget would have counted. */
    calls: count,
    costNano: nano,
    /** Those that it would have refused, and what they cost. */
    refusedCalls: count,
    refusedNano: nano,
    /** Where it is estimated: the hour, or the day, in which that happened. */
    firstRefusedAt: moment.nullable(),
    /** The accounts and windows in which calls would have been refused, those with most refused money first. */
    windows: z.array(
      z.object({
        scope: z.string(),
        windowStart: moment,
        windowEnd: moment.nullable(),
        calls: count,
        spentNano: nano,
        refusedCalls: count,
        refusedNano: nano,
        firstRefusedAt: moment.nullable(),
      }),
    ),
    windowCount: count,
    /** The dearest window of all, whether or not it would have been stopped: a limit above it stops nothing. */
    peakNano: nano,
    /** True where calls are too many to be played one by one: what goes beyond a window's limit counts as refused. */
    isEstimated: z.boolean(),
    /** True if there were more calls than are looked at: the oldest are in here. */
    isTruncated: z.boolean(),
  })
  .meta({ id: 'WhatIf' })

/** What a limit would have done. */
export type ApiWhatIf = z.infer<typeof whatIfSchema>
