/** The SQL of batches. One statement does one change, so that it needs no lock. */

import { type BatchRow, type BatchStore, untoldMark } from './batch-store.js'
import { compareBatches } from './memory-batches.js'
import type { RunStatement } from './sessions-sql.js'
import type { SqlRow, Statement } from './sql.js'
import { cleanText } from './summary.js'

/**
 * Batches over a database.
 *
 * @param change the same for a statement that changes something; a database may ask to try it again
 */
export function sqlBatches(fetchRows: RunStatement, change: RunStatement): BatchStore {
  return {
    async putBatch(row) {
      await change(writeBatch(row))
    },
    async findBatch(id) {
      const text = 'SELECT detail FROM batches WHERE id = ?'
      return (await fetchRows({ text, values: [cleanText(id)] })).map(readBatch)[0] ?? null
    },
    async listBatches(limit) {
      const text = `SELECT detail FROM batches WHERE id NOT LIKE '${untoldMark}%' ORDER BY created_at DESC, id LIMIT ?`
      return (await fetchRows({ text, values: [limit] })).map(readBatch).sort(compareBatches)
    },
    async listUnsettledBatches(limit) {
      const text = 'SELECT detail FROM batches WHERE settled_at IS NULL ORDER BY created_at, id LIMIT ?'
      return (await fetchRows({ text, values: [limit] })).map(readBatch).sort((a, b) => compareBatches(b, a))
    },
    async forgetBatches(before) {
      await change({ text: 'DELETE FROM batches WHERE created_at < ?', values: [before] })
    },
  }
}

const PUT_BATCH = `INSERT INTO batches (id, created_at, settled_at, detail) VALUES (?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET created_at = excluded.created_at, settled_at = excluded.settled_at,
    detail = excluded.detail
  RETURNING id`

function writeBatch(row: BatchRow): Statement {
  const values = [cleanText(row.id), row.createdAt, row.settledAt, JSON.stringify(row)]
  return { text: PUT_BATCH, values }
}

function readBatch({ detail }: SqlRow): BatchRow {
  return JSON.parse(String(detail)) as BatchRow
}
