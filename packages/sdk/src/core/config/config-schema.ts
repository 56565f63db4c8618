/** The schema of a configuration file. */

import { z } from 'zod'
import { alertsSchema } from '../alert/alert-schema.js'
import { deferSchema } from '../defer/defer-schema.js'
import { accessSchema } from '../team/access-schema.js'
import { commonSettings, MAX_WAIT_MS } from './settings-schema.js'
import { telemetrySchema } from './telemetry-schema.js'
import { duration, strictObject } from './written-schema.js'

const STORE_HINT =
  'must be the address of a PostgreSQL server: postgres://user:password@host/database, with @, /, ? and # of the ' +
  'password written as %40, %2F, %3F and %23'

/** Says nothing of what was written: there may be a password in it. */
const storeAddress = z
  .string({ error: STORE_HINT })
  .refine(isStoreAddress, { error: STORE_HINT })
  .describe('The PostgreSQL server that keeps calls, ledger and budgets; its password belongs into the environment.')

/** A `@` behind the host is the rest of a password with a `/`, `?` or `#` in it: it would be taken for something else. */
function isStoreAddress(written: string): boolean {
  if (!URL.canParse(written)) return false
  const { protocol, pathname, search, hash } = new URL(written)
  return (protocol === 'postgres:' || protocol === 'postgresql:') && !`${pathname}${search}${hash}`.includes('@')
}

/** A configuration file. */
export const configSchema = strictObject({
  ...commonSettings,
  waitForMoney: duration({ ms: MAX_WAIT_MS, words: 'ten minutes' })
    .optional()
    .describe('How long a call waits for money that running calls hold.'),
  store: storeAddress.optional(),
  defer: deferSchema.optional(),
  access: accessSchema.optional().describe('Who may use the gateway.'),
  alerts: alertsSchema.optional().describe('Which alerts go where.'),
  telemetry: telemetrySchema.optional().describe('What is told of calls to tools that watch programs.'),
})
