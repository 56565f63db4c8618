/** The schema, forward only: a step that has been released is never edited, only followed by another. */

import { AUDIT_TABLES } from './audit-tables.js'
import { CONVERSATION_TABLES } from './conversation-tables.js'
import { DEFERRED_TABLES } from './deferred-tables.js'
import { FULLEST_TABLES } from './fullest-sql.js'
import { OUTBOX_TABLES } from './outbox-tables.js'
import { OUTCOME_TABLES } from './outcome-tables.js'
import type { SqlRow, Statement } from './sql.js'
import { TEAM_TABLES } from './team-tables.js'
import { LISTING_TABLES, TRAFFIC_TABLES } from './traffic-tables.js'

/** Step n brings a database from version n to version n + 1. Both databases run the same texts. */
const MIGRATIONS: readonly (readonly string[])[] = [
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
  [
    `CREATE TABLE ledger_accounts (
      id TEXT PRIMARY KEY,
      budget TEXT NOT NULL,
      scope TEXT NOT NULL,
      window_start BIGINT NOT NULL,
      window_end BIGINT,
      limit_nano BIGINT NOT NULL,
      is_enforced INTEGER NOT NULL,
      spent_nano BIGINT NOT NULL,
      held_nano BIGINT NOT NULL,
      entry_count BIGINT NOT NULL
    )`,
    'CREATE INDEX ledger_accounts_budget ON ledger_accounts (budget)',
    `CREATE TABLE ledger_holds (
      id TEXT PRIMARY KEY,
      status TEXT NOT NULL,
      accounts TEXT NOT NULL,
      amount_nano BIGINT NOT NULL,
      posted_nano BIGINT NOT NULL,
      is_estimate INTEGER NOT NULL,
      owner TEXT NOT NULL,
      opened_at BIGINT NOT NULL,
      deadline BIGINT NOT NULL,
      step_count INTEGER NOT NULL
    )`,
    "CREATE INDEX ledger_holds_open ON ledger_holds (deadline) WHERE status = 'open'",
    `CREATE TABLE ledger_entries (
      hold_id TEXT NOT NULL,
      step INTEGER NOT NULL,
      account_id TEXT NOT NULL,
      ordinal BIGINT NOT NULL,
      kind TEXT NOT NULL,
      spent_nano BIGINT NOT NULL,
      held_nano BIGINT NOT NULL,
      limit_nano BIGINT,
      is_estimate INTEGER NOT NULL,
      posted_at BIGINT NOT NULL,
      note TEXT,
      PRIMARY KEY (hold_id, step, account_id)
    )`,
    'CREATE UNIQUE INDEX ledger_entries_account ON ledger_entries (account_id, ordinal)',
  ],
  [
    'CREATE TABLE registry_budgets (id TEXT PRIMARY KEY, written TEXT NOT NULL)',
    'CREATE TABLE registry_version (version BIGINT NOT NULL)',
    'INSERT INTO registry_version (version) VALUES (0)',
  ],
  [
    `CREATE TABLE breakers (
      id TEXT PRIMARY KEY,
      version BIGINT NOT NULL,
      state TEXT NOT NULL,
      changed_at BIGINT NOT NULL,
      detail TEXT NOT NULL
    )`,
    "CREATE INDEX breakers_open ON breakers (changed_at) WHERE state <> 'closed'",
    `CREATE TABLE session_agents (
      session TEXT NOT NULL,
      agent TEXT NOT NULL,
      version BIGINT NOT NULL,
      seen_at BIGINT NOT NULL,
      is_looping INTEGER NOT NULL,
      detail TEXT NOT NULL,
      PRIMARY KEY (session, agent)
    )`,
    'CREATE INDEX session_agents_seen_at ON session_agents (seen_at)',
    `CREATE TABLE session_marks (
      session TEXT PRIMARY KEY,
      resumed_at BIGINT NOT NULL,
      is_exempt INTEGER NOT NULL,
      marked_by TEXT NOT NULL,
      marked_at BIGINT NOT NULL
    )`,
  ],
  [
    'CREATE TABLE alerts (id TEXT PRIMARY KEY)',
    "CREATE INDEX ledger_holds_expired ON ledger_holds (posted_nano) WHERE status = 'expired'",
  ],
  [
    'ALTER TABLE alerts ADD COLUMN limit_nano BIGINT NOT NULL DEFAULT 0',
    "ALTER TABLE alerts ADD COLUMN taker TEXT NOT NULL DEFAULT ''",
  ],
  [
    'ALTER TABLE session_agents ADD COLUMN asked_by TEXT',
    'CREATE INDEX session_agents_asked_by ON session_agents (asked_by)',
    'CREATE INDEX calls_session ON calls (session, started_at)',
    `CREATE TABLE breaker_samples (
      breaker TEXT NOT NULL,
      owner TEXT NOT NULL,
      at BIGINT NOT NULL,
      cost_nano BIGINT NOT NULL,
      calls BIGINT NOT NULL,
      errors BIGINT NOT NULL,
      loop_stops BIGINT NOT NULL,
      PRIMARY KEY (breaker, at, owner)
    )`,
    'CREATE INDEX breaker_samples_at ON breaker_samples (at)',
  ],
  [
    `CREATE TABLE batches (
      id TEXT PRIMARY KEY,
      created_at BIGINT NOT NULL,
      settled_at BIGINT,
      detail TEXT NOT NULL
    )`,
    'CREATE INDEX batches_created_at ON batches (created_at)',
    'CREATE INDEX batches_open ON batches (created_at) WHERE settled_at IS NULL',
  ],
  OUTBOX_TABLES,
  DEFERRED_TABLES,
  TEAM_TABLES,
  OUTCOME_TABLES,
  TRAFFIC_TABLES,
  AUDIT_TABLES,
  CONVERSATION_TABLES,
  [
    'ALTER TABLE registry_budgets ADD COLUMN created_at BIGINT',
    'ALTER TABLE registry_budgets ADD COLUMN changed_at BIGINT',
  ],
  LISTING_TABLES,
  FULLEST_TABLES,
]

/** A table with one row, or none before the first step. */
export const VERSION_TABLE = 'CREATE TABLE IF NOT EXISTS runguard_schema (version INTEGER NOT NULL)'

/** Gives the row that the functions below take. */
export const SELECT_VERSION = 'SELECT version FROM runguard_schema'

/**
 * The statements that bring a database up to date, none if it is.
 *
 * @param row of {@link SELECT_VERSION}
 * @throws SchemaTooNewError if a newer RunGuard wrote it
 */
export function pendingSteps(row: SqlRow | undefined): readonly string[] {
  const version = row === undefined ? 0 : Number(row.version)
  if (version > MIGRATIONS.length) throw new SchemaTooNewError(version, MIGRATIONS.length)
  return MIGRATIONS.slice(version).flat()
}

/** Notes that all steps were taken. */
export function writeVersion(row: SqlRow | undefined): Statement {
  const text =
    row === undefined ? 'INSERT INTO runguard_schema (version) VALUES (?)' : 'UPDATE runguard_schema SET version = ?'
  return { text, values: [MIGRATIONS.length] }
}

/** The database was written by a newer RunGuard; using it with this one could lose what that one knows. */
export class SchemaTooNewError extends Error {
  override readonly name = 'SchemaTooNewError'

  constructor(found: number, known: number) {
    super(
      `The database has schema version ${found}, this RunGuard knows up to ${known}. Use a newer RunGuard, or another file.`,
    )
  }
}
