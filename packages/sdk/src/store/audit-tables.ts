/** The table of what is about to be done, and will stand in the audit log. */

/** One step of the schema, for every database. */
export const AUDIT_TABLES: readonly string[] = [
  `CREATE TABLE audit_begun (
    id TEXT PRIMARY KEY,
    begun_at BIGINT NOT NULL,
    detail TEXT NOT NULL
  )`,
  'CREATE INDEX audit_begun_at ON audit_begun (begun_at)',
]
