/** Spend: what calls cost, over time and by whom. */

import { z } from 'zod'
import { behind, count, filterQuery, moment, momentQuery, nano, tokensSchema, wholeQuery } from './common.js'

/** What spending is told apart by. A call with several tags counts under each of them, and once in the total. */
export const spendGroups = ['model', 'team', 'key', 'user', 'session', 'project', 'task', 'tag', 'total'] as const

/** What spending is told apart by. */
export type SpendGroupBy = (typeof spendGroups)[number]

/** Sums over calls. */
export const spendSumSchema = z
  .object({
    calls: count,
    estimatedCalls: count,
    unmeteredCalls: count,
    costNano: nano,
    /** Signed: caching and routing. */
    savedNano: nano,
    /** The part of it that is estimated: routing. */
    estimatedSavedNano: nano,
    tokens: tokensSchema,
  })
  .meta({ id: 'SpendSum' })

/** Sums over calls. */
export type ApiSpendSum = z.infer<typeof spendSumSchema>

const spendGroupSchema = spendSumSchema.extend({
  /** The model, team, …; empty for calls that name none. */
  group: z.string(),
  /** Nano-dollars for each step. */
  series: z.array(nano),
})

/** Spending over time, the dearest groups first. */
export const spendSchema = z
  .object({
    groupBy: z.enum(spendGroups),
    step: z.enum(['minute', 'hour', 'day']),
    timeZone: z.string(),
    since: moment,
    until: moment,
    isBehind: behind,
    /** When each step begins. */
    steps: z.array(moment),
    groups: z.array(spendGroupSchema),
    /** All other groups together; null if none was left out. */
    rest: spendSumSchema.extend({ groups: count, series: z.array(nano) }).nullable(),
    total: spendSumSchema.extend({ series: z.array(nano) }),
  })
  .meta({ id: 'Spend' })

/** Spending over time, the dearest groups first. */
export type ApiSpend = z.infer<typeof spendSchema>

/** Which spending. */
export const spendQuery = filterQuery.extend({
  groupBy: z.enum(spendGroups).optional(),
  since: momentQuery.optional(),
  until: momentQuery.optional(),
  /** `minute` for six hours at most, `hour` for 31 days, `day` for three years. */
  step: z.enum(['minute', 'hour', 'day']).optional(),
  /** IANA name of the zone whose days are meant. */
  timeZone: z.string().max(100).optional(),
  /** How many groups are told apart. */
  top: wholeQuery(1, 100).optional(),
})
