/** A store that several machines share: `await postgresStore(pool)` with a pool of the package `pg`. */
export { type PostgresConnection, type PostgresPool, postgresStore } from '../store/postgres.js'
