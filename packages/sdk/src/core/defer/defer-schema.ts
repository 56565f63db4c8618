/** The part `defer` of the configuration. */

import { z } from 'zod'
import { secret } from '../config/secret-schema.js'
import { duration, strictObject } from '../config/written-schema.js'

const HOST = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/

/** Who may be told of the end of calls that have waited. */
const webhooks = strictObject({
  hosts: z
    .array(z.string().trim().toLowerCase().regex(HOST, 'is a host, such as hooks.example.com, with a port if need be'))
    .max(100)
    .describe('The only hosts to which messages go, over https; loopback also without.'),
  secret: secret
    .min(16, 'must have 16 characters at least')
    .describe('Signs messages; by reference to the environment.'),
})

const timing = {
  flushAfter: duration({ ms: 3_600_000, words: 'an hour' })
    .optional()
    .describe('How long a call waits for others that share its batch; by default a minute.'),
  keepAnswers: duration({ ms: 29 * 86_400_000, words: '696 hours' })
    .optional()
    .describe('How long answers are kept for those who have not asked; by default a week.'),
}

/** How calls that may wait are worked on; what nobody said is left to the defaults. */
export interface DeferConfig {
  readonly flushAfterMs: number | undefined
  readonly keepMs: number | undefined
  /** The only hosts that are told of ends, and what signs it: not to be shown. */
  readonly webhooks: { readonly hosts: readonly string[]; readonly secret: string } | undefined
}

/** Calls that may wait, in a file. */
export const deferSchema = strictObject({ ...timing, webhooks: webhooks.optional() })
  .describe('How calls that may wait are worked on.')
  .transform(({ flushAfter, keepAnswers, webhooks }): DeferConfig => {
    return { flushAfterMs: flushAfter, keepMs: keepAnswers, webhooks }
  })

/** Calls that may wait, in a program: nobody is told there. */
export const deferOptionsSchema = strictObject(timing).transform(({ flushAfter, keepAnswers }): DeferConfig => {
  return { flushAfterMs: flushAfter, keepMs: keepAnswers, webhooks: undefined }
})
