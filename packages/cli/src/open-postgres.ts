/** The store on a PostgreSQL server, which several gateways share. */

import type { Registry, Store } from '@runguard/sdk/store'
import { CommandError, exitCodes } from './exit.js'

/** A gateway writes in one transaction at a time; the others are for what reads beside it. */
const MAX_CONNECTIONS = 6
const CONNECT_TIMEOUT_MS = 10_000

/**
 * Connects and brings the schema up to date. Throws {@link CommandError} that says what to change.
 *
 * @param onLost called when a connection breaks while nobody uses it; the next query opens another
 */
export async function openPostgres(url: string, onLost: (error: Error) => void = () => {}): Promise<Store & Registry> {
  const [{ default: pg }, { postgresStore, SchemaTooNewError }] = await Promise.all([
    import('pg'),
    import('@runguard/sdk/store'),
  ])
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'runguard',
  })
  pool.on('error', onLost)
  try {
    return await postgresStore(pool)
  } catch (error) {
    await pool.end()
    if (error instanceof SchemaTooNewError) throw new CommandError(`${withoutPassword(url)}: ${error.message}`)
    throw explainPostgres(url, error)
  }
}

/** The URL as it may be shown. */
export function withoutPassword(url: string): string {
  const shown = new URL(url)
  if (shown.password !== '') shown.password = '***'
  // Drivers take a password from here, too.
  shown.search = ''
  return shown.href
}

/** What driver or server say, in words that help; an error without a code is ours. */
export function explainPostgres(url: string, error: unknown): unknown {
  const { code, message } = error as { code?: unknown; message?: unknown }
  const isTimeout = message === 'timeout exceeded when trying to connect'
  if (typeof code !== 'string' && !isTimeout) return error
  // Of several addresses that were tried there are several errors, and no message of their own.
  const why = typeof message === 'string' && message !== '' ? message : String(code)
  return new CommandError(`Cannot use the store ${withoutPassword(url)}: ${why}.`)
}

/** The address of a PostgreSQL server. Throws {@link CommandError} for anything else. */
export function parseStoreUrl(text: string, name: string): string {
  const protocol = URL.canParse(text) ? new URL(text).protocol : ''
  if (protocol === 'postgres:' || protocol === 'postgresql:') return text
  throw new CommandError(
    `${name} is not the address of a PostgreSQL server: write postgres://user:password@host/database.\n` +
      'Without one, everything is kept in a file: choose its directory with --data.',
    exitCodes.config,
  )
}
