/** What `GET /runguard/events` tells as it happens: server-sent events, `event:` is the kind and `data:` one of these. */

import { z } from 'zod'
import { alertSchema } from './alerts.js'
import { callSchema } from './calls.js'
import { moment } from './common.js'
import { breakerSchema, loopSchema } from './loops.js'

/** Where to begin. */
export const eventsQuery = z.object({
  /** Tell what happened since this event first: `lastEvent` of the session, say. The header Last-Event-ID goes before it. */
  after: z.string().max(100).optional(),
})

/** What happened. Numbered without gaps per gateway, but for `gap` and `beat`; after `gap` some may be missing: read what is shown again. */
export const eventSchema = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('call'), at: moment, call: callSchema }),
    z.object({ kind: z.literal('loop'), at: moment, loop: loopSchema }),
    z.object({ kind: z.literal('breaker'), at: moment, breaker: breakerSchema }),
    z.object({ kind: z.literal('alert'), at: moment, alert: alertSchema }),
    /** Budgets were changed, or a threshold of one was crossed. */
    z.object({ kind: z.literal('budgets'), at: moment }),
    /** Keys, users or sessions were changed: `keys`, `users`, `sessions`. */
    z.object({ kind: z.literal('changed'), at: moment, subject: z.string() }),
    /** The first event of a stream that could not go on where the client had stopped listening. */
    z.object({ kind: z.literal('gap'), at: moment }),
    /** Nothing happened: every 15 seconds it says that the stream is alive. */
    z.object({ kind: z.literal('beat'), at: moment }),
  ])
  .meta({ id: 'Event' })

/** What happened. */
export type ApiEvent = z.infer<typeof eventSchema>
