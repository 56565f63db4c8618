export { memoryStore } from './memory.js'
export { SchemaTooNewError } from './migrations.js'
export { type SqliteDatabase, sqliteStore } from './sqlite.js'
export type { ReportGroup, ReportQuery, ReportRow, Store } from './store.js'
