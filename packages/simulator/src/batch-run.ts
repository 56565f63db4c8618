import type { Batch, BatchClosing, BatchItem, ItemEnding, PlannedItem } from './batch.js'
import { durationOf, runItem } from './batch-item.js'
import type { BatchWork } from './batch-queue.js'
import { nextTurn } from './clock.js'
import { digest } from './ids.js'
import type { World } from './world.js'

/** So many items are handled before others have their turn. */
const itemsPerTurn = 256
/** Items that run side by side do not see each other's cache writes; a tenth of a batch does. */
const sideBySideShare = 10

/** What there is to do for a batch. */
export function workOn(batch: Batch, world: World): BatchWork {
  return {
    clock: world.options.clock,
    cancelMs: world.options.batchCancelMs,
    plan: () => planItems(batch, world),
    end: (plan, closing, isGone) => endBatch(batch, plan, closing, world, isGone),
  }
}

/** Finds out when each item ends, and puts them in the order in which they do, which is not the one they came in. */
async function planItems(batch: Batch, world: World): Promise<PlannedItem[]> {
  const planned: { item: BatchItem; endMs: number; rank: string }[] = []
  for (const [index, item] of batch.items.entries()) {
    if (index % itemsPerTurn === itemsPerTurn - 1) await nextTurn()
    const endMs = batch.createdAtMs + durationOf(item, batch, world)
    planned.push({ item, endMs, rank: digest(batch.id, item.customId) })
  }
  return planned.sort((a, b) => compare(a.endMs, b.endMs) || compare(a.rank, b.rank))
}

/**
 * Ends a batch: runs what ends until `endMs`, and gives up the rest as `leftover`.
 * Writes results, counts and log, unless `isGone` says that nobody wants them any more.
 */
async function endBatch(
  batch: Batch,
  plan: readonly PlannedItem[],
  { endMs, leftover }: BatchClosing,
  world: World,
  isGone: () => boolean,
): Promise<void> {
  const results: string[] = []
  const counts = { processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0 }
  const note = ({ item }: PlannedItem, ending: ItemEnding, result: object) => {
    counts[ending] += 1
    results.push(JSON.stringify({ custom_id: item.customId, result }))
  }
  for (const wave of wavesOf(plan.filter((planned) => planned.endMs <= endMs))) {
    await nextTurn()
    if (isGone()) return
    const ran = wave.map((planned) => ({ planned, ...runItem(planned.item, batch, planned.endMs, world) }))
    for (const { planned, ending, result, entry, publish } of ran) {
      publish()
      world.log.push(entry)
      note(planned, ending, result)
    }
  }
  for (const planned of plan) if (planned.endMs > endMs) note(planned, leftover, { type: leftover })
  Object.assign(batch, { results, counts, items: [], endedAtMs: endMs })
}

/** Splits items into groups that run side by side: of the same time, and no larger than a tenth of all. */
function wavesOf(plan: readonly PlannedItem[]): PlannedItem[][] {
  const most = Math.min(itemsPerTurn, Math.ceil(plan.length / sideBySideShare))
  const waves: PlannedItem[][] = []
  for (const planned of plan) {
    const wave = waves.at(-1)
    if (wave !== undefined && wave.length < most && wave[0]?.endMs === planned.endMs) wave.push(planned)
    else waves.push([planned])
  }
  return waves
}

function compare<Value extends number | string>(a: Value, b: Value): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
