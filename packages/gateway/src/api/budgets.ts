/** Budgets: limits, how they stand, and what another limit would have done. */

import { z } from 'zod'
import { count, listOf, moment, nano, pageOf } from './common.js'

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

const stepKinds = ['cheaper-tier', 'lower-effort', 'tighter-max-tokens', 'defer', 'refuse'] as const

/** One rung of a ladder: from the share `at` of the limit on. */
const stepSchema = z
  .object({
    at: z.number().gt(0).max(1),
    step: z.enum(stepKinds),
    /** The tier of `cheaper-tier` (absent: the next one), the effort of `lower-effort`. */
    to: z.string().optional(),
    /** Of `tighter-max-tokens`. */
    maxTokens: count.optional(),
  })
  .meta({ id: 'DegradeStep' })

const whole = z.union([z.number(), z.string()], { error: 'must be a whole number' })
const share = z.union([z.number(), z.string()], { error: "must be a share of the limit: 0.8 or '80%'" })

/** One rung as it is put, read loosely: what is wrong with it, the schema of the configuration says in its own words. */
const writtenStepSchema = z
  .looseObject({
    at: share.describe("From this share of the limit on, at most 1: 0.8 or '80%'."),
    step: z.string().meta({ examples: [...stepKinds] }),
    to: z.string().optional().describe('The tier of cheaper-tier, the effort of lower-effort.'),
    maxTokens: whole.optional().describe('Of tighter-max-tokens.'),
  })
  .meta({ id: 'WrittenDegradeStep' })

/** In any order: they come in that of their shares. */
const writtenLadder = z.array(writtenStepSchema).max(1_000)

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
    /** True for the enforced account with the least left of all, but for those of single sessions: they may be over. */
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
    /** In the order in which they come. */
    degrade: z.array(stepSchema),
    /** One of the configuration file is changed there. */
    source: z.enum(['config', 'registry']),
    /** What a change gives back in `revision`, so that nobody overwrites what he has not seen; null for the file's. */
    revision: z.string().nullable(),
    /** Null for the file's, and for those from before it was kept. */
    createdAt: moment.nullable(),
    changedAt: moment.nullable(),
    /** The fullest first; of a budget with very many, the fullest. All of them are listed page by page. */
    accounts: z.array(accountSchema),
    /** How many there are. */
    accountCount: count,
  })
  .meta({ id: 'Budget' })

/** A budget and how it stands. */
export type ApiBudget = z.infer<typeof budgetSchema>

/** Accounts of one budget, those with most spent and held first. */
export const budgetAccountsSchema = pageOf(accountSchema.omit({ isBinding: true }).meta({ id: 'PagedBudgetAccount' }))

/** Accounts of one budget. */
export type ApiBudgetAccounts = z.infer<typeof budgetAccountsSchema>

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
  overrides: z.array(overrideSchema).max(1_000).optional(),
  degrade: writtenLadder.optional(),
}

/** A budget as it is put. */
export const budgetBody = z.strictObject({
  ...writtenShape,
  name: z.string().min(1).max(200).nullish(),
  mode: z.enum(['enforce', 'observe']).optional(),
  thresholds: z.array(z.number()).max(20).optional(),
  isPaused: z.boolean().optional(),
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
    /** The steps of its ladder: the calls that came when each was due. What they would have cost then is not known. */
    steps: z.array(z.object({ at: z.number(), step: z.enum(stepKinds), calls: count, costNano: nano })),
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
