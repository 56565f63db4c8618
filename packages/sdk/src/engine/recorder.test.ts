import { describe, expect, it } from 'vitest'
import { memoryStore } from '../store/memory.js'
import type { Store } from '../store/store.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { sampleRecord } from '../testing/sample-record.js'
import { createRecorder } from './recorder.js'

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

function countingStore(): Store & { groups: number[]; isDown: boolean } {
  const store = memoryStore()
  const counting = {
    ...store,
    groups: [] as number[],
    isDown: false,
    async addRecords(records: Parameters<Store['addRecords']>[0]) {
      if (counting.isDown) throw new Error('disk full')
      counting.groups.push(records.length)
      await store.addRecords(records)
    },
  }
  return counting
}

describe('recording', () => {
  it('writes what came together in one group', async () => {
    const runtime = manualRuntime()
    const store = countingStore()
    const recorder = createRecorder(store, runtime)
    for (const id of ['a', 'b', 'c']) recorder.add(sampleRecord({ id }))
    expect(store.groups).toEqual([])
    runtime.advance(20)
    await settled()
    expect(store.groups).toEqual([3])
  })

  it('loses nothing while the store is away, and says so', async () => {
    const runtime = manualRuntime()
    const store = countingStore()
    const recorder = createRecorder(store, runtime)
    store.isDown = true
    recorder.add(sampleRecord({ id: 'a' }))
    await expect(recorder.flush()).rejects.toThrow('disk full')
    recorder.add(sampleRecord({ id: 'b' }))
    expect(runtime.lines).toMatchObject([{ level: 'error', event: 'store-write-failed', fields: { records: 1 } }])
    store.isDown = false
    runtime.advance(2_000)
    await settled()
    expect((await store.listRecords(10)).map(({ id }) => id).sort()).toEqual(['a', 'b'])
  })

  it('has everything in the store once flush resolves', async () => {
    const store = countingStore()
    const recorder = createRecorder(store, manualRuntime())
    for (let n = 0; n < 5; n++) {
      recorder.add(sampleRecord({ id: `r${n}` }))
      await recorder.flush()
      expect(await store.findRecord(`r${n}`)).not.toBeNull()
    }
  })
})
