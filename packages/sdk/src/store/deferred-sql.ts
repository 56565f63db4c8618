/** The SQL of deferred calls. One statement does one change, so that it needs no lock. */

import type { DeferredJob } from '../core/defer/defer.js'
import { sqlDeferredBatches } from './deferred-batches-sql.js'
import type { DeferredEnd, DeferredMove, DeferredStore } from './deferred-store.js'
import { compareJobs } from './memory-deferred.js'
import type { RunStatement } from './sessions-sql.js'
import { type Dialect, encodeRows, type SqlRow, type Statement } from './sql.js'
import { cleanText } from './summary.js'

/**
 * Deferred calls over a database.
 *
 * @param change the same for a statement that changes something; a database may ask to try it again
 */
export function sqlDeferred(dialect: Dialect, fetchRows: RunStatement, change: RunStatement): DeferredStore {
  return {
    ...sqlDeferredBatches(fetchRows, change),
    ...jobReads(dialect, fetchRows),
    ...jobWrites(dialect, change),
    async forgetDeferred(before) {
      await change({ text: FORGET_JOBS, values: [before] })
      await change({ text: "DELETE FROM deferred_batches WHERE state = 'ended' AND changed_at < ?", values: [before] })
    },
  }
}

type Reads = Pick<
  DeferredStore,
  'findDeferred' | 'readDeferredRequests' | 'readDeferredAnswer' | 'listDeferred' | 'listDeferredOfBatch' | 'listUntold'
>

function jobReads(dialect: Dialect, fetchRows: RunStatement): Reads {
  const readJobs = async (statement: Statement): Promise<DeferredJob[]> => (await fetchRows(statement)).map(readJob)
  return {
    async findDeferred(id) {
      return (await readJobs(select('id = ?', [cleanText(id)])))[0] ?? null
    },
    async readDeferredRequests(ids) {
      const rows = ids.length === 0 ? [] : await fetchRows(selectRequests(dialect, ids))
      return new Map(rows.map(({ id, request }) => [String(id), String(request)]))
    },
    async readDeferredAnswer(id) {
      const rows = await fetchRows({ text: 'SELECT answer FROM deferred_jobs WHERE id = ?', values: [cleanText(id)] })
      return textOf(rows[0]?.answer ?? null)
    },
    async listDeferred(account) {
      return (await readJobs(select("account = ? AND state <> 'ended'", [account]))).sort(compareJobs)
    },
    async listDeferredOfBatch(batch) {
      return (await readJobs(select('batch = ?', [batch]))).sort(compareJobs)
    },
    async listUntold(limit) {
      return readJobs(select("state = 'ended' AND is_told = 0 ORDER BY ended_at, id LIMIT ?", [limit]))
    },
  }
}

type Writes = Pick<DeferredStore, 'addDeferred' | 'moveDeferred' | 'endDeferred' | 'markTold' | 'dropDeferred'>

function jobWrites(dialect: Dialect, change: RunStatement): Writes {
  return {
    async addDeferred(job, request) {
      return (await change(insertJob(job, request))).length > 0
    },
    async moveDeferred(move) {
      return move.ids.length === 0 ? [] : (await change(moveJobs(dialect, move))).map(({ id }) => String(id))
    },
    async endDeferred(end) {
      return (await change(endJob(dialect, end))).length > 0
    },
    async markTold(id, at) {
      const text = 'UPDATE deferred_jobs SET told_at = ?, is_told = 1 WHERE id = ?'
      await change({ text, values: [at, cleanText(id)] })
    },
    async dropDeferred(id) {
      const text = "DELETE FROM deferred_jobs WHERE id = ? AND state = 'new' RETURNING id"
      return (await change({ text, values: [cleanText(id)] })).length > 0
    },
  }
}

const FORGET_JOBS = `DELETE FROM deferred_jobs WHERE ended_at < ?
  AND (batch IS NULL OR batch NOT IN (SELECT id FROM deferred_batches WHERE state <> 'ended'))`

const COLUMNS = 'state, outcome, batch, sender, tries, ended_at, told_at, detail'

function select(where: string, values: Statement['values']): Statement {
  return { text: `SELECT ${COLUMNS} FROM deferred_jobs WHERE ${where}`, values }
}

const INSERT_JOB = `INSERT INTO deferred_jobs
    (id, account, state, outcome, batch, sender, tries, created_at, ended_at, told_at, is_told, detail, request)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING id`

function insertJob(job: DeferredJob, request: string): Statement {
  const { id, account, state, outcome, batch, sender, tries, createdAt, endedAt, toldAt, webhook } = job
  const place = [state, outcome, batch, sender, tries, createdAt, endedAt, toldAt, Number(webhook === null)]
  return { text: INSERT_JOB, values: [cleanText(id), account, ...place, JSON.stringify(job), request] }
}

function selectRequests(dialect: Dialect, ids: readonly string[]): Statement {
  const where = `${dialect.isOneOf('id')} AND request IS NOT NULL`
  return { text: `SELECT id, request FROM deferred_jobs WHERE ${where}`, values: [encodeIds(ids)] }
}

function moveJobs(
  dialect: Dialect,
  { ids, from, ofBatch, to, batch, sender, hasTried = false }: DeferredMove,
): Statement {
  const text = `UPDATE deferred_jobs SET state = ?, sender = ?, tries = tries + ?,
      batch = ${batch === undefined ? 'batch' : '?'}
    WHERE ${dialect.isOneOf('id')} AND ${dialect.isOneOf('state')} ${ofBatch === undefined ? '' : 'AND batch = ?'}
    RETURNING id`
  const values = [
    to,
    sender,
    Number(hasTried),
    ...(batch === undefined ? [] : [batch]),
    encodeIds(ids),
    encodeIds(from),
  ]
  return { text, values: ofBatch === undefined ? values : [...values, ofBatch] }
}

const END_JOB = `UPDATE deferred_jobs
  SET state = 'ended', outcome = ?, answer = ?, ended_at = ?, request = NULL, sender = NULL
  WHERE id = ? AND (state <> 'ended' OR outcome = 'interrupted')`

function endJob(dialect: Dialect, { id, outcome, answer, at, from }: DeferredEnd): Statement {
  const where = from === undefined ? '' : `AND ${dialect.isOneOf('state')}`
  const values = [outcome, answer, at, cleanText(id), ...(from === undefined ? [] : [encodeIds(from)])]
  return { text: `${END_JOB} ${where} RETURNING id`, values }
}

function encodeIds(ids: readonly string[]): string {
  return encodeRows(ids.map((id) => [cleanText(id)]))
}

/** What never changes is in `detail`. */
function readJob(row: SqlRow): DeferredJob {
  const job = JSON.parse(String(row.detail)) as DeferredJob
  return {
    ...job,
    state: String(row.state) as DeferredJob['state'],
    outcome: textOf(row.outcome) as DeferredJob['outcome'],
    batch: textOf(row.batch),
    sender: textOf(row.sender),
    tries: Number(row.tries),
    endedAt: row.ended_at === null ? null : Number(row.ended_at),
    toldAt: row.told_at === null ? null : Number(row.told_at),
  }
}

function textOf(value: unknown): string | null {
  return value === null ? null : String(value)
}
