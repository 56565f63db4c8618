/** The tables of calls that may wait. */
export const DEFERRED_TABLES: readonly string[] = [
  `CREATE TABLE deferred_jobs (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    state TEXT NOT NULL,
    outcome TEXT,
    batch TEXT,
    sender TEXT,
    tries BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    told_at BIGINT,
    is_told INTEGER NOT NULL,
    detail TEXT NOT NULL,
    request TEXT,
    answer TEXT
  )`,
  "CREATE INDEX deferred_jobs_open ON deferred_jobs (account, created_at) WHERE state <> 'ended'",
  'CREATE INDEX deferred_jobs_batch ON deferred_jobs (batch)',
  'CREATE INDEX deferred_jobs_ended_at ON deferred_jobs (ended_at)',
  "CREATE INDEX deferred_jobs_untold ON deferred_jobs (ended_at) WHERE state = 'ended' AND is_told = 0",
  `CREATE TABLE deferred_batches (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    state TEXT NOT NULL,
    upstream TEXT,
    changed_at BIGINT NOT NULL,
    detail TEXT NOT NULL
  )`,
  "CREATE INDEX deferred_batches_open ON deferred_batches (account) WHERE state <> 'ended'",
  'CREATE INDEX deferred_batches_upstream ON deferred_batches (upstream)',
  `CREATE TABLE deferred_leases (
    account TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    until BIGINT NOT NULL
  )`,
]
