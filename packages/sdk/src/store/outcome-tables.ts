/** The tables of outcomes: which calls were judged, and the sums that estimates are made of. */
export const OUTCOME_TABLES: readonly string[] = [
  'CREATE TABLE outcome_calls (id TEXT PRIMARY KEY, judged_at BIGINT NOT NULL)',
  'CREATE INDEX outcome_calls_judged_at ON outcome_calls (judged_at)',
  `CREATE TABLE outcome_days (
    task TEXT NOT NULL,
    tier TEXT NOT NULL,
    day BIGINT NOT NULL,
    good BIGINT NOT NULL,
    bad BIGINT NOT NULL,
    cost_nano BIGINT NOT NULL,
    PRIMARY KEY (task, tier, day)
  )`,
  'CREATE INDEX outcome_days_day ON outcome_days (day)',
]
