/** Which batch goes with which hold: known at once in this process, and kept in the store as soon as that takes it. */

import type { BatchRow, BatchStore } from '../store/batch-store.js'
import type { Runtime } from './runtime.js'

/** The batches that were created through doors on one store. */
export interface BatchBooks {
  /** Null if no door has created it, or the store cannot be read. */
  find(id: string): Promise<BatchRow | null>
  /** Keeps the row. Never given up: what the store does not take now it is given again. */
  put(row: BatchRow): void
  /** Resolves when every row so far is in the store; rejects if one is not. */
  flush(): Promise<void>
}

const RETRY_DELAY_MS = 1_000

/** The books over a store. */
export function openBatchBooks(store: BatchStore, runtime: Runtime): BatchBooks {
  const unsaved = new Map<string, BatchRow>()
  let saving: Promise<void> = Promise.resolve()

  const saveAll = async (): Promise<void> => {
    for (const [id, row] of unsaved) {
      await store.putBatch(row)
      // Another row may have come for the same batch meanwhile.
      if (unsaved.get(id) === row) unsaved.delete(id)
    }
  }
  const save = (): Promise<void> => {
    saving = saving.catch(() => {}).then(saveAll)
    return saving
  }
  const saveSoon = (): void => {
    save().catch((error: unknown) => {
      runtime.log.error('batch-write-failed', { batches: unsaved.size, error: String(error) })
      runtime.schedule(RETRY_DELAY_MS, saveSoon)
    })
  }
  return {
    find: async (id) => unsaved.get(id) ?? (await readRow(store, runtime, id)),
    put: (row) => {
      unsaved.set(row.id, row)
      saveSoon()
    },
    flush: save,
  }
}

async function readRow(store: BatchStore, runtime: Runtime, id: string): Promise<BatchRow | null> {
  try {
    return await store.findBatch(id)
  } catch (error) {
    runtime.log.error('batch-read-failed', { batch: id, error: String(error) })
    return null
  }
}
