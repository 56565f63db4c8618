export type { BatchRow, BatchStore } from './batch-store.js'
export { memoryStore } from './memory.js'
export { SchemaTooNewError } from './migrations.js'
export { type PostgresConnection, type PostgresLimits, type PostgresPool, postgresStore } from './postgres.js'
export type { Registry, StoredBudget } from './registry.js'
export type { SessionMark, SessionRow, SessionStore } from './session-store.js'
export { type SqliteDatabase, type SqliteOptions, sqliteStore } from './sqlite.js'
export type {
  AlertTake,
  BalanceQuery,
  EntryQuery,
  ExpiredHoldsQuery,
  OpenHoldsQuery,
  ReportGroup,
  ReportQuery,
  ReportRow,
  Store,
  StoreBatch,
} from './store.js'
