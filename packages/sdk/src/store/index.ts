export { memoryStore } from './memory.js'
export { SchemaTooNewError } from './migrations.js'
export { type PostgresConnection, type PostgresPool, postgresStore } from './postgres.js'
export type { Registry, StoredBudget } from './registry.js'
export { type SqliteDatabase, sqliteStore } from './sqlite.js'
export type {
  BalanceQuery,
  EntryQuery,
  OpenHoldsQuery,
  ReportGroup,
  ReportQuery,
  ReportRow,
  Store,
  StoreBatch,
} from './store.js'
