/** What is going on now. */

import { z } from 'zod'
import { alertSchema } from './alerts.js'
import { budgetSchema } from './budgets.js'
import { callSchema } from './calls.js'
import { behind, count, moment, nano } from './common.js'
import { sessionRowSchema } from './sessions.js'

/** What a lever saved, signed: one that lost money shows a minus. */
export const savingSchema = z
  .object({
    /** `caching`, `routing`, `batching`, `degradation` (a cheaper tier because a budget ran low); more may come. */
    lever: z.string(),
    savedNano: nano,
    calls: count,
    /** True where it is what would have happened, not what was billed. */
    isEstimated: z.boolean(),
  })
  .meta({ id: 'Saving' })

/** What a lever saved. */
export type ApiSaving = z.infer<typeof savingSchema>

/** Calls that were refused for one reason. */
const refusedSchema = z
  .object({
    /** `runguard_budget_exceeded`, …; empty where none was given. */
    code: z.string(),
    calls: count,
    /** Tokens of their prompts, estimated. */
    promptTokens: count,
    /** What these would have cost as plain input, without any answer; null if one of the models has no price. */
    promptNano: nano.nullable(),
  })
  .meta({ id: 'Refused' })

/** What is going on now. */
export const overviewSchema = z
  .object({
    at: moment,
    isBehind: behind,
    today: z.object({ since: moment, costNano: nano, calls: count, estimatedCalls: count, refusedCalls: count }),
    month: z.object({
      since: moment,
      costNano: nano,
      calls: count,
      /** The whole month at the rate so far; null on its first day. */
      forecastNano: nano.nullable(),
    }),
    /** Over the last five minutes. */
    burnNanoPerMinute: nano,
    /** This month, those that saved most first. */
    savings: z.array(savingSchema),
    /** Refused this month by the code of the refusal, the most frequent first. Never counted as saved. */
    refusals: z.array(refusedSchema),
    /** Calls that were made smaller this month because a budget ran low; nobody knows what that saved. */
    shortened: z.array(z.object({ kind: z.string(), calls: count })),
    /** Of the last 24 hours, 0 to 1; null without a prompt. */
    hitRatio: z.number().nullable(),
    /** Of all that are enforced, the fullest, at most five. */
    budgets: z.array(budgetSchema),
    /** Being answered at this moment, by this gateway. */
    runningCalls: count,
    /** The newest that have ended. */
    recentCalls: z.array(callSchema),
    /** With a call in the last fifteen minutes. */
    activeSessions: z.array(sessionRowSchema),
    openAlerts: z.array(alertSchema),
    /** The last 60 minutes, the oldest first. */
    minutes: z.array(z.object({ at: moment, costNano: nano, calls: count, promptTokens: count, readTokens: count })),
  })
  .meta({ id: 'Overview' })

/** What is going on now. */
export type ApiOverview = z.infer<typeof overviewSchema>

/** IANA name of the zone whose day and month are meant. */
export const overviewQuery = z.object({ timeZone: z.string().max(100).optional() })
