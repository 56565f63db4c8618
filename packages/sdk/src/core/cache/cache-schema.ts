/** The part `caching` of the configuration. */

import { z } from 'zod'
import { strictObject, usd, word } from '../config/written-schema.js'
import { type CachingPolicy, type KeepWarmPolicy, MOST_PINGS } from './caching.js'

/** What may be spent on keeping prompts warm: {@link KeepWarmPolicy}. */
const keepWarmSchema = strictObject({
  maxPerSession: usd.describe('The most that all requests which keep prompts of one session warm may cost.'),
  maxPings: z
    .int()
    .min(1)
    .max(MOST_PINGS)
    .optional()
    .describe(`Requests in one pause, one for every five minutes of it; by default up to ${MOST_PINGS}.`),
}).transform(({ maxPerSession, maxPings = MOST_PINGS }): KeepWarmPolicy => ({ maxPerSession, maxPings }))

/** How prompts are cached: {@link CachingPolicy}. */
export const cachingSchema = strictObject({
  mode: word(['off', 'explain', 'fill'])
    .optional()
    .describe(
      'fill sets cache markers where they pay; explain only says where, and why prompts were not read; off does not look. ' +
        'By default requests without markers are filled, and the others explained.',
    ),
  ttl: word(['5m', '1h']).optional().describe('The only lifetime to ask for; by default whichever should cost least.'),
  keepWarm: keepWarmSchema
    .optional()
    .describe('Prompts are read again while conversations pause, where that should pay. By default nothing is sent.'),
}).transform(({ mode = null, ttl = null, keepWarm }): CachingPolicy => {
  return { mode, ttl, ...(keepWarm && { keepWarm }) }
})
