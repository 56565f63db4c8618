/** Batches without a disk: the reference for the other stores. */

import { type BatchRow, type BatchStore, untoldMark } from './batch-store.js'
import { compareText } from './summary.js'

/** No batches yet. Rows are kept as text, as everywhere: whoever changes one later changes nothing here. */
export function memoryBatches(): BatchStore {
  const batches = new Map<string, string>()
  const readAll = (): BatchRow[] => [...batches.values()].map((text) => JSON.parse(text) as BatchRow)
  return {
    async putBatch(row) {
      batches.set(row.id, JSON.stringify(row))
    },
    async findBatch(id) {
      const text = batches.get(id)
      return text === undefined ? null : (JSON.parse(text) as BatchRow)
    },
    async listBatches(limit) {
      const told = readAll().filter(({ id }) => !id.startsWith(untoldMark))
      return told.sort(compareBatches).slice(0, limit)
    },
    async listUnsettledBatches(limit) {
      const open = readAll().filter(({ settledAt }) => settledAt === null)
      return open.sort((a, b) => compareBatches(b, a)).slice(0, limit)
    },
    async forgetBatches(before) {
      for (const { id, createdAt } of readAll()) if (createdAt < before) batches.delete(id)
    },
  }
}

/** The newest first. */
export function compareBatches(a: BatchRow, b: BatchRow): number {
  return b.createdAt - a.createdAt || compareText(a.id, b.id)
}
