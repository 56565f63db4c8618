/** What a file and a program may both say. */

import { z } from 'zod'
import { cachingSchema } from '../cache/cache-schema.js'
import { breakerSchema, loopsSchema } from '../loop/loop-schema.js'
import { routingSchema } from '../route/routing-schema.js'
import { budgetSchema } from './budget-schema.js'
import { word } from './written-schema.js'

/** The API itself gives up on a call after this time. */
export const MAX_WAIT_MS = 10 * 60_000

const BUDGETS_HINT = "must be a list of budgets; in a file each begins with a dash: '- scope: everything'"

/** The settings that `runguard.yaml` and `createGuard` have in common. */
export const commonSettings = {
  budgets: z
    .array(budgetSchema, {
      error: ({ input }) => (input === null ? 'is empty: write budgets below it, or leave it away' : BUDGETS_HINT),
    })
    .default([])
    .describe('What may be spent.'),
  mode: word(['enforce', 'observe']).optional().describe('observe: budgets count and alert, and refuse nothing.'),
  unknownModel: word(['refuse', 'dearest', 'flag'])
    .optional()
    .describe(
      'A model without a listed price is refused, priced as the dearest of its line, or priced flat and flagged.',
    ),
  onStoreFailure: word(['refuse', 'pass'])
    .optional()
    .describe('While the ledger cannot be written, calls are refused, or let pass and written later.'),
  loops: loopsSchema.optional().describe('What is done about agents that go in a loop.'),
  breaker: breakerSchema.optional().describe('What stops a session, key, team or model that runs away.'),
  caching: cachingSchema.optional().describe('How prompts are cached.'),
  routing: routingSchema.optional().describe('Which model serves a call.'),
}
