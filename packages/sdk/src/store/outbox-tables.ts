/** The tables of alerts and of the messages about them. */

/** For both databases. */
export const OUTBOX_TABLES: readonly string[] = [
  `CREATE TABLE alert_log (
    id TEXT PRIMARY KEY,
    alert_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    resolves_at BIGINT,
    resolved_at BIGINT,
    is_acknowledged INTEGER NOT NULL,
    detail TEXT NOT NULL
  )`,
  'CREATE INDEX alert_log_alert_id ON alert_log (alert_id)',
  'CREATE INDEX alert_log_opened_at ON alert_log (opened_at)',
  'CREATE INDEX alert_log_open ON alert_log (resolves_at) WHERE resolved_at IS NULL',
  `CREATE TABLE alert_deliveries (
    id TEXT PRIMARY KEY,
    alert_key TEXT NOT NULL,
    channel TEXT NOT NULL,
    position BIGINT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    owner TEXT,
    locked_until BIGINT NOT NULL,
    detail TEXT NOT NULL
  )`,
  'CREATE INDEX alert_deliveries_alert ON alert_deliveries (alert_key, channel)',
  'CREATE INDEX alert_deliveries_created_at ON alert_deliveries (created_at)',
  "CREATE INDEX alert_deliveries_waiting ON alert_deliveries (channel, due_at) WHERE status = 'waiting'",
]
