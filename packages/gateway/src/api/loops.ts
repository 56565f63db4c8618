/** Loops and breakers. */

import { z } from 'zod'
import { callLoopSchema } from './calls.js'
import { count, listOf, moment, nano, pageOf, pageQuery, periodQuery } from './common.js'

/** What has breakers. */
const breakerScopeSchema = z.enum(['session', 'key', 'team', 'model'])

/** A breaker. */
export const breakerSchema = z
  .object({
    /** `session:abc`, `model:claude-opus-5-5` */
    key: z.string(),
    scope: breakerScopeSchema,
    /** The session, key, team or model. */
    name: z.string(),
    state: z.enum(['closed', 'open', 'half-open', 'held']),
    /** `loop`, `spend-rate`, `error-rate`, `upstream-limit`; null if closed or held. */
    cause: z.string().nullable(),
    /** For people; empty if it is closed. */
    why: z.string(),
    changedAt: moment,
    /** When one call may try. */
    until: moment.nullable(),
    trips: count,
    /** Who holds it, and what he said. */
    by: z.string().nullable(),
    note: z.string().nullable(),
  })
  .meta({ id: 'Breaker' })

/** A breaker. */
export type ApiBreaker = z.infer<typeof breakerSchema>

/** Those that are not closed, the last changed first. */
export const breakersSchema = listOf(breakerSchema)

/** Those that are not closed. */
export type ApiBreakers = z.infer<typeof breakersSchema>

/** What an operator says who holds something. */
export const holdBody = z.strictObject({ note: z.string().max(500).nullish() })

/** A path that names a breaker. */
export const breakerParams = z.object({ key: z.string().min(1).max(1_000) })

/** A call whose agent was in a loop. */
export const loopSchema = callLoopSchema
  .extend({
    /** The id of the call. */
    call: z.string(),
    at: moment,
    session: z.string().nullable(),
    agent: z.string().nullable(),
    model: z.string().nullable(),
    user: z.string().nullable(),
    project: z.string().nullable(),
  })
  .meta({ id: 'Loop' })

/** A call whose agent was in a loop. */
export type ApiLoop = z.infer<typeof loopSchema>

/** Which of them, the newest first. */
export const loopsQuery = pageQuery.extend(periodQuery.shape)

/** A page of loops, and what was done in the whole period. */
export const loopsSchema = pageOf(loopSchema).extend({
  summary: z.object({
    stops: count,
    notices: count,
    /** What the loops that were stopped had cost. */
    spentNano: nano,
  }),
})

/** A page of loops. */
export type ApiLoops = z.infer<typeof loopsSchema>
