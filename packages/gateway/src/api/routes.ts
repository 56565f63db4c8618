/** Which models answered in place of which. */

import { z } from 'zod'
import { count, moment, nano, periodQuery } from './common.js'

/** Routes of a period. */
export const routesSchema = z
  .object({
    since: moment,
    until: moment,
    /** `off`, `explain` or `route`. */
    mode: z.string(),
    tiers: z.array(z.object({ name: z.string(), model: z.string() })),
    /** Those with the most calls first. */
    routes: z.array(
      z.object({
        asked: z.string(),
        model: z.string(),
        reason: z.string(),
        isApplied: z.boolean(),
        calls: count,
        /** Signed. */
        savedNano: nano,
      }),
    ),
    /** What budgets that ran low did. */
    degraded: z.array(z.object({ budget: z.string(), kind: z.string(), calls: count })),
    /** What was learned of tiers at tasks, by all gateways on the store. */
    learned: z.array(
      z.object({
        task: z.string(),
        tier: z.string(),
        /** The share of good answers to expect, and two standard deviations to either side. */
        mean: z.number(),
        low: z.number(),
        high: z.number(),
        evidence: z.number(),
      }),
    ),
  })
  .meta({ id: 'Routes' })

/** Routes of a period. */
export type ApiRoutes = z.infer<typeof routesSchema>

/** Which period. */
export const routesQuery = periodQuery
