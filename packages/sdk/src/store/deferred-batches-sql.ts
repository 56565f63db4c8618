/** The SQL of the batches that deferred calls go out in, and of who works on them. */

import type { DeferredBatch } from '../core/defer/defer.js'
import type { DeferredLease, DeferredStore } from './deferred-store.js'
import type { RunStatement } from './sessions-sql.js'
import type { SqlRow, Statement } from './sql.js'

type Batches = Pick<
  DeferredStore,
  'putDeferredBatch' | 'listDeferredBatches' | 'findDeferredBatch' | 'listDeferredAccounts' | 'leaseDeferred'
>

/** Batches of deferred calls over a database. @param change the same for a statement that changes something */
export function sqlDeferredBatches(fetchRows: RunStatement, change: RunStatement): Batches {
  return {
    async putDeferredBatch(batch, at) {
      await change(writeBatch(batch, at))
    },
    async listDeferredBatches(account) {
      const text = "SELECT detail FROM deferred_batches WHERE account = ? AND state <> 'ended' ORDER BY id"
      return (await fetchRows({ text, values: [account] })).map(readBatch)
    },
    async findDeferredBatch(upstream) {
      const text = 'SELECT detail FROM deferred_batches WHERE upstream = ?'
      return (await fetchRows({ text, values: [upstream] })).map(readBatch)[0] ?? null
    },
    async listDeferredAccounts() {
      return (await fetchRows({ text: SELECT_ACCOUNTS, values: [] })).map(({ account }) => String(account)).sort()
    },
    async leaseDeferred(lease) {
      return (await change(takeLease(lease))).length > 0
    },
  }
}

const PUT_BATCH = `INSERT INTO deferred_batches (id, account, state, upstream, changed_at, detail)
  VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET state = excluded.state, upstream = excluded.upstream,
    changed_at = excluded.changed_at, detail = excluded.detail
  RETURNING id`

function writeBatch(batch: DeferredBatch, at: number): Statement {
  const { id, account, state, upstream } = batch
  return { text: PUT_BATCH, values: [id, account, state, upstream, at, JSON.stringify(batch)] }
}

function readBatch({ detail }: SqlRow): DeferredBatch {
  return JSON.parse(String(detail)) as DeferredBatch
}

const SELECT_ACCOUNTS = `SELECT account FROM deferred_jobs WHERE state <> 'ended'
  UNION SELECT account FROM deferred_batches WHERE state <> 'ended'`

const TAKE_LEASE = `INSERT INTO deferred_leases (account, owner, until) VALUES (?, ?, ?)
  ON CONFLICT (account) DO UPDATE SET owner = excluded.owner, until = excluded.until
    WHERE deferred_leases.owner = excluded.owner OR deferred_leases.until <= ?
  RETURNING account`

function takeLease({ account, owner, until, now }: DeferredLease): Statement {
  return { text: TAKE_LEASE, values: [account, owner, until, now] }
}
