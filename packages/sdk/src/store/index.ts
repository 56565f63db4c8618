export type { BatchRow, BatchStore } from './batch-store.js'
export { forgetfulStore, memoryStore } from './memory.js'
export { memoryOutbox } from './memory-outbox.js'
export { SchemaTooNewError } from './migrations.js'
export type { AlertQuery, DeliveryQuery, DeliveryTake, OutboxStore, PagePlace } from './outbox-store.js'
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
  RecordPlace,
  ReportGroup,
  ReportQuery,
  ReportRow,
  Store,
  StoreBatch,
} from './store.js'
