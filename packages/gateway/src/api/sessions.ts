/** Sessions: conversations and runs of agents, and the calls in them. */

import { z } from 'zod'
import { callSchema } from './calls.js'
import { count, filterQuery, moment, nano, pageOf, pageQuery, periodQuery } from './common.js'
import { breakerSchema } from './loops.js'

/** A session. */
export const sessionRowSchema = z
  .object({
    id: z.string(),
    firstAt: moment,
    lastAt: moment,
    calls: count,
    /** Calls whose cost is an estimate: if there are any, `costNano` is one. */
    estimatedCalls: count,
    costNano: nano,
    savedNano: nano,
    hitRatio: z.number().nullable(),
    /** How many agents its calls name, the main one among them if it called. */
    agents: count,
    /** True if one of them is in a loop about which something was done. */
    isLooping: z.boolean(),
    /** True if its loops are not looked for. */
    isExempt: z.boolean(),
    /** `closed` if nothing stops it. */
    breaker: z.enum(['closed', 'open', 'half-open', 'held']),
    user: z.string().nullable(),
    project: z.string().nullable(),
    team: z.string().nullable(),
  })
  .meta({ id: 'SessionRow' })

/** A session. */
export type ApiSessionRow = z.infer<typeof sessionRowSchema>

/** Which sessions, the last seen first. */
export const sessionsQuery = pageQuery.extend({
  ...periodQuery.shape,
  ...filterQuery.pick({ user: true, project: true, team: true }).shape,
})

/** A page of sessions. */
export const sessionsPageSchema = pageOf(sessionRowSchema)

/** A page of sessions. */
export type ApiSessionsPage = z.infer<typeof sessionsPageSchema>

/** One session with its calls, the oldest first. */
export const sessionDetailSchema = z
  .object({
    session: sessionRowSchema,
    breakerDetail: breakerSchema.nullable(),
    /** What an operator said of it last. */
    mark: z.object({ isExempt: z.boolean(), resumedAt: moment.nullable(), by: z.string(), at: moment }).nullable(),
    agents: z.array(
      z.object({
        /** Null for the main one. */
        agent: z.string().nullable(),
        parent: z.string().nullable(),
        calls: count,
        /** Calls whose cost is an estimate. */
        estimatedCalls: count,
        costNano: nano,
        firstAt: moment,
        lastAt: moment,
      }),
    ),
    /** At most 500 a page. */
    calls: z.array(callSchema.extend({ cumulativeNano: nano })),
    /** For `cursor`: the calls after these; null if these are the last. */
    next: z.string().nullable(),
  })
  .meta({ id: 'SessionDetail' })

/** One session with its calls. */
export type ApiSessionDetail = z.infer<typeof sessionDetailSchema>

/** Which calls of it. */
export const sessionQuery = z.object({ cursor: z.string().max(2_000).optional() })
