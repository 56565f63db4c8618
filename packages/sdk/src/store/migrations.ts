/** The schema, forward only: a step that has been released is never edited, only followed by another. */

/** Step n brings a database from version n to version n + 1. The SQL stays within what PostgreSQL runs as well. */
export const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE calls (
      id TEXT PRIMARY KEY,
      upstream_id TEXT,
      started_at BIGINT NOT NULL,
      model TEXT NOT NULL,
      session TEXT NOT NULL,
      project TEXT NOT NULL,
      is_estimated INTEGER NOT NULL,
      is_unmetered INTEGER NOT NULL,
      input_tokens BIGINT NOT NULL,
      write5m_tokens BIGINT NOT NULL,
      write1h_tokens BIGINT NOT NULL,
      read_tokens BIGINT NOT NULL,
      output_tokens BIGINT NOT NULL,
      cost_nano BIGINT NOT NULL,
      detail TEXT NOT NULL
    )`,
    'CREATE INDEX calls_started_at ON calls (started_at)',
    'CREATE INDEX calls_upstream_id ON calls (upstream_id)',
  ],
]

/** The database was written by a newer RunGuard; using it with this one could lose what that one knows. */
export class SchemaTooNewError extends Error {
  override readonly name = 'SchemaTooNewError'

  constructor(found: number, known: number) {
    super(
      `The database has schema version ${found}, this RunGuard knows up to ${known}. Use a newer RunGuard, or another file.`,
    )
  }
}
