/** How the gateway is set up, without any secret. */

import { z } from 'zod'
import { moment } from './common.js'

const priceCard = z.object({
  input: z.number(),
  write5m: z.number(),
  write1h: z.number(),
  read: z.number(),
  output: z.number(),
})

/** How the gateway is set up. */
export const settingsSchema = z
  .object({
    version: z.string(),
    startedAt: moment,
    url: z.string(),
    upstream: z.string(),
    /** `sqlite`, `postgres` or `memory`. */
    store: z.string(),
    /** The file of the configuration; null if there is none. */
    configPath: z.string().nullable(),
    /** What the configuration says, in words: `mode` → `enforce`. */
    engine: z.record(z.string(), z.string()),
    access: z.object({ requiresSignIn: z.boolean(), requiresKeys: z.boolean(), oidcIssuer: z.string().nullable() }),
    prices: z.object({
      version: z.string(),
      /** The day of the list. */
      asOf: moment,
      models: z.array(
        z.object({
          id: z.string(),
          aliases: z.array(z.string()),
          /** Pico-dollars per token, today. */
          pico: priceCard,
        }),
      ),
    }),
  })
  .meta({ id: 'Settings' })

/** How the gateway is set up. */
export type ApiSettings = z.infer<typeof settingsSchema>
