export { type AuditVerification, hashText, verifyAudit } from './audit-hash.js'
export type { AuditQuery, AuditStore, BegunAudit } from './audit-store.js'
export {
  type AuditedWork,
  type AuditNotes,
  type BegunWork,
  beginAudited,
  finishAudits,
  runAudited,
} from './audited-work.js'
export type { BatchRow, BatchStore } from './batch-store.js'
export { readBudgetStandings, type StandingWishes } from './budget-standings.js'
export type { ConversationStore, MovedConversation } from './conversation-store.js'
export { forgetfulStore, memoryStore } from './memory.js'
export { memoryOutbox } from './memory-outbox.js'
export { SchemaTooNewError } from './migrations.js'
export type { AlertQuery, DeliveryQuery, DeliveryTake, OutboxStore, PagePlace } from './outbox-store.js'
export type { JudgedCall, OutcomeQuery, OutcomeStore } from './outcome-store.js'
export { type PostgresConnection, type PostgresLimits, type PostgresPool, postgresStore } from './postgres.js'
export type { BudgetRegistry, KeptBudget, Registry, StoredBudget } from './registry.js'
export type { SessionMark, SessionRow, SessionStore } from './session-store.js'
export { type SqliteDatabase, type SqliteOptions, sqliteStore } from './sqlite.js'
export type {
  AccountPlace,
  AlertTake,
  BalanceQuery,
  EntryQuery,
  ExpiredHoldsQuery,
  FullestQuery,
  OpenHoldsQuery,
  RecordPlace,
  ReportGroup,
  ReportQuery,
  ReportRow,
  Store,
  StoreBatch,
  WindowQuery,
} from './store.js'
export type { KeyQuery, KeyRow, LoginSession, TeamStore, UserName, UserRow } from './team-store.js'
export type { TrafficDimension, TrafficFacts, TrafficNumbers } from './traffic-facts.js'
export { MOST_POINTS, noNumbers, promptOf, savedOf } from './traffic-facts.js'
export type {
  AgentSum,
  CacheUseFacts,
  CallQuery,
  ListPlace,
  SessionQuery,
  SessionSum,
  TrafficCount,
  TrafficFilter,
  TrafficGroup,
  TrafficGroupSum,
  TrafficPeriod,
  TrafficPoint,
  TrafficSeriesQuery,
  TrafficStore,
  TrafficSumQuery,
  TrafficSums,
} from './traffic-store.js'
