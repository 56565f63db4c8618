/** The tables of keys, people and the audit log. */

/** One step of the schema, for every database. */
export const TEAM_TABLES: readonly string[] = [
  `CREATE TABLE team_keys (
    id TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    detail TEXT NOT NULL
  )`,
  'CREATE INDEX team_keys_created_at ON team_keys (created_at, id)',
  `CREATE TABLE team_users (
    id TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    email TEXT,
    token TEXT,
    last_login_at BIGINT,
    detail TEXT NOT NULL
  )`,
  'CREATE INDEX team_users_email ON team_users (email)',
  'CREATE INDEX team_users_token ON team_users (token)',
  `CREATE TABLE team_logins (
    id TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL,
    detail TEXT NOT NULL
  )`,
  'CREATE INDEX team_logins_expires_at ON team_logins (expires_at)',
  'CREATE TABLE team_admin (id TEXT PRIMARY KEY, hash TEXT NOT NULL)',
  `CREATE TABLE audit_entries (
    sequence BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    hash TEXT NOT NULL,
    detail TEXT NOT NULL
  )`,
  'CREATE INDEX audit_entries_subject ON audit_entries (subject, sequence)',
  'CREATE TABLE audit_head (sequence BIGINT NOT NULL, hash TEXT NOT NULL)',
  "INSERT INTO audit_head (sequence, hash) VALUES (0, '')",
]
