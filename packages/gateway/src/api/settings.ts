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

/** A rule in force. */
const ruleSchema = z
  .object({
    /** As the configuration has it: `loops.mode`, `routing.tiers.small`. */
    key: z.string(),
    /** As the configuration writes it, the default where it says nothing: `enforce`, `30s`, `notice 3, stop 5`. */
    value: z.string(),
  })
  .meta({ id: 'Rule' })

/** A rule in force. */
export type ApiRule = z.infer<typeof ruleSchema>

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
    /** What holds for every call, in the order of the reference of the configuration. */
    rules: z.array(ruleSchema),
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
