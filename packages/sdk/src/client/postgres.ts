/** A store that several machines share. */

import { checkKind } from '../core/config/known-options.js'
import { withMethods } from '../core/config/option-kinds.js'
import { type PostgresPool, postgresStore as storeIn } from '../store/postgres.js'
import type { Registry } from '../store/registry.js'
import type { SessionStore } from '../store/session-store.js'
import type { Store } from '../store/store.js'
import type { TrafficStore } from '../store/traffic-store.js'

export type { PostgresConnection, PostgresPool } from '../store/postgres.js'

const pgPool = withMethods('a pool of the package pg, such as new Pool()', ['connect', 'query', 'end'])

/**
 * Brings the schema of the database up to date, and keeps everything in it. Close the store after the guard; the pool is
 * yours to end.
 *
 * Rejects with `TypeError` for what is no pool, and with `SchemaTooNewError` if a newer RunGuard wrote the database.
 */
export async function postgresStore(pool: PostgresPool): Promise<Store & Registry & SessionStore & TrafficStore> {
  checkKind('the pool', pool, pgPool)
  return storeIn(pool)
}
