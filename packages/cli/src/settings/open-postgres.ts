/** The store on a PostgreSQL server, which several gateways share. */

import { CommandError } from '../exit.js'
import type { OpenStore, Serving } from './store-place.js'
import { withoutPassword } from './store-url.js'

/** A gateway writes in one transaction at a time; the others are for what reads beside it. */
const MAX_CONNECTIONS = 6
const CONNECT_TIMEOUT_MS = 10_000
/** A connection that carries nothing is asked whether it still lives, so that a lost one is not found by a call. */
const KEEP_ALIVE_MS = 10_000
/**
 * A server may accept a query and never answer. Calls wait for their ledger, so a gateway gives up; the limits that the
 * store sets on the server end sooner, so that a server that is merely slow says so itself. A report may take its time.
 */
const SERVING_LIMITS = { query_timeout: 10_000, connectionTimeoutMillis: 5_000 }

/**
 * Connects and brings the schema up to date. Throws {@link CommandError} that says what to change. When a connection
 * breaks while nobody uses it, the next query opens another.
 */
export async function openPostgres(url: string, serving?: Serving): Promise<OpenStore> {
  const [{ default: pg }, { postgresStore, SchemaTooNewError }] = await Promise.all([
    import('pg'),
    import('@runguard/sdk/store'),
  ])
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    application_name: 'runguard',
    ...(serving === undefined ? {} : SERVING_LIMITS),
  })
  pool.on('error', (error) => serving?.onLost(error))
  try {
    return await postgresStore(pool)
  } catch (error) {
    await pool.end()
    if (error instanceof SchemaTooNewError) throw new CommandError(`${withoutPassword(url)}: ${error.message}`)
    throw explainPostgres(url, error)
  }
}

/** The driver's words; it gives these errors no code. */
const timeouts = new Set([
  'timeout exceeded when trying to connect',
  'Connection terminated due to connection timeout',
  'Query read timeout',
])

/** What driver or server say, in words that help; an error without a code is ours. */
export function explainPostgres(url: string, error: unknown): unknown {
  const { code, message } = error as { code?: unknown; message?: unknown }
  const isTimeout = typeof message === 'string' && timeouts.has(message)
  if (typeof code !== 'string' && !isTimeout) return error
  // Of several addresses that were tried there are several errors, and no message of their own.
  const why = typeof message === 'string' && message !== '' ? message : String(code)
  return new CommandError(`Cannot use the store ${withoutPassword(url)}: ${why}.`)
}
