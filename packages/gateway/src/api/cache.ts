/** What the prompt cache did. */

import { z } from 'zod'
import { behind, count, filterQuery, moment, nano, periodQuery, tokensSchema } from './common.js'

const sums = {
  /** Calls whose usage the API reported in full. */
  calls: count,
  /** Calls whose prompt was looked at, billed or not; the saving and the misses are theirs. */
  watchedCalls: count,
  tokens: tokensSchema,
  /** Read, as a share of all prompts, 0 to 1; null without any. */
  hitRatio: z.number().nullable(),
  savedNano: nano,
  /** The part of it that RunGuard's markers made. */
  addedNano: nano,
}

const unread = { tokens: count, lostNano: nano }

/** What was written to the cache and not read by the same agent before it died. Another agent may have read some of it. */
const unreadSchema = z
  .object({
    /** The newest calls of the period, as many as are looked at one by one: since when, and how many. */
    since: moment,
    calls: count,
    ...unread,
    /** The dearest ten; null stands for calls that are in no session. */
    sessions: z.array(z.object({ session: z.string().nullable(), ...unread })),
  })
  .meta({ id: 'UnreadWrites' })

/** What was written to the cache and never read. `lostNano`: what writing cost more than plain input, estimated. */
export type ApiUnread = z.infer<typeof unreadSchema>

/** What the prompt cache did in a period. */
export const cacheSchema = z
  .object({
    since: moment,
    until: moment,
    isBehind: behind,
    ...sums,
    /** By hour. */
    steps: z.array(moment),
    promptTokens: z.array(count),
    readTokens: z.array(count),
    savedNanoByStep: z.array(nano),
    models: z.array(z.object({ model: z.string(), ...sums })),
    /** The dearest cause first. */
    misses: z.array(
      z.object({
        kind: z.string(),
        calls: count,
        lostTokens: count,
        lostNano: nano,
        /** The call that lost most. */
        worstCall: z.string(),
      }),
    ),
    unread: unreadSchema,
  })
  .meta({ id: 'Cache' })

/** What the prompt cache did in a period. */
export type ApiCache = z.infer<typeof cacheSchema>

/** Which calls. */
export const cacheQuery = periodQuery.extend(filterQuery.pick({ model: true, session: true, project: true }).shape)
