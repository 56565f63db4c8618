import { describe, expect, it } from 'vitest'
import { nanoUsd } from '../core/cost/money.js'
import { memoryStore } from '../store/memory.js'
import type { Store, StoreBatch } from '../store/store.js'
import { accountRef } from '../testing/index.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { sampleRecord } from '../testing/sample-record.js'
import { openJournal } from './journal.js'
import type { Runtime } from './runtime.js'

const soon = () => new Promise<void>((resolve) => setImmediate(resolve))
const nobody = (): void => {}

/** A store that counts its commits, each of which costs as much as on a disk, and can be away. */
function openStore() {
  const store = memoryStore()
  const commits: StoreBatch[] = []
  const state = { isAway: false }
  const post: Store['post'] = async (batch) => {
    if (state.isAway) throw new Error('disk full')
    commits.push(batch)
    return store.post(batch)
  }
  return { store: { ...store, isInstant: false, post }, commits, state }
}

const at = Date.UTC(2026, 10, 26)
const hold = (id: string, amount = 10) =>
  ({
    kind: 'hold',
    hold: id,
    at,
    accounts: [accountRef('a', 1_000)],
    amount: nanoUsd(amount),
    owner: 'me',
    deadline: at + 60_000,
  }) as const
const settle = (id: string, amount = 7) =>
  ({ kind: 'settle', hold: id, at, amount: nanoUsd(amount), isEstimate: false }) as const

describe('what happens together', () => {
  it('is one commit: all that asks in one turn, and all that ended until then', async () => {
    const { store, commits } = openStore()
    const journal = openJournal(store, manualRuntime(), nobody)
    await Promise.all([journal.post(hold('1')), journal.post(hold('2'))])
    journal.close(sampleRecord({ id: '1' }), [settle('1')])
    await Promise.all([journal.post(hold('3')), journal.post(hold('4'))])
    expect(commits.map(({ events, records }) => [events.map(({ kind }) => kind), records.length])).toEqual([
      [['hold', 'hold'], 0],
      [['settle', 'hold', 'hold'], 1],
    ])
  })

  it('is asked at once where a commit costs nothing by itself: no call waits for a turn of the event loop', async () => {
    const turns: string[] = []
    const runtime: Runtime = { ...manualRuntime(), soon: () => turns.push('waited') }
    const journal = openJournal(memoryStore(), runtime, nobody)
    const [first, second] = await Promise.all([journal.post(hold('1')), journal.post(hold('2'))])
    expect([first.kind, second.kind, ...turns]).toEqual(['held', 'held'])
  })

  it('is written a few milliseconds after a call has ended, without anybody asking', async () => {
    const runtime = manualRuntime()
    const { store, commits } = openStore()
    const journal = openJournal(store, runtime, nobody)
    for (const id of ['a', 'b', 'c']) journal.close(sampleRecord({ id }), [])
    await soon()
    expect(commits).toHaveLength(0)
    runtime.advance(20)
    await soon()
    expect(commits.map(({ records }) => records.length)).toEqual([3])
  })

  it('is all in the store once flush resolves', async () => {
    const { store } = openStore()
    const journal = openJournal(store, manualRuntime(), nobody)
    for (let n = 0; n < 1_200; n++) journal.close(sampleRecord({ id: `r${n}` }), [])
    await journal.flush()
    expect(await store.listRecords(2_000)).toHaveLength(1_200)
  })
})

describe('a store that is away', () => {
  it('is told to whoever asks, and loses nothing of what has ended', async () => {
    const runtime = manualRuntime()
    const { store, state } = openStore()
    const results: string[] = []
    const journal = openJournal(store, runtime, (event, { kind }) => results.push(`${event.hold} ${kind}`))
    await journal.post(hold('1'))
    state.isAway = true
    journal.close(sampleRecord({ id: '1' }), [settle('1')])
    await expect(journal.post(hold('2'))).rejects.toThrow('disk full')
    await expect(journal.flush()).rejects.toThrow('disk full')
    expect(runtime.lines[0]).toMatchObject({ level: 'error', event: 'store-write-failed', fields: { records: 1 } })
    state.isAway = false
    runtime.advance(2_000)
    await soon()
    expect(results).toEqual(['1 held', '1 settled'])
    expect(await store.findRecord('1')).not.toBeNull()
    expect(await store.balances({})).toMatchObject([{ spent: 7, held: 0 }])
  })

  it('is not asked again by every call that ends meanwhile', async () => {
    const runtime = manualRuntime()
    const { store, state } = openStore()
    const journal = openJournal(store, runtime, nobody)
    state.isAway = true
    for (let n = 0; n < 50; n++) {
      journal.close(sampleRecord({ id: `r${n}` }), [])
      runtime.advance(15)
      await soon()
    }
    expect(runtime.lines.length).toBeLessThan(5)
  })

  it('that stays away costs records in the end, loudly, and never memory without end', async () => {
    const runtime = manualRuntime()
    const { store, state } = openStore()
    const journal = openJournal(store, runtime, nobody)
    state.isAway = true
    const record = sampleRecord()
    for (let n = 0; n < 100_600; n++) journal.close(record, [])
    await expect(journal.flush()).rejects.toThrow()
    expect(runtime.lines).toContainEqual({ level: 'error', event: 'records-lost', fields: { records: 600 } })
  })
})

it('refuses a broken event before it can spoil the group of others', async () => {
  const { store, commits } = openStore()
  const journal = openJournal(store, manualRuntime(), nobody)
  const broken = { ...hold('1'), amount: nanoUsd(-5) }
  const [first, second] = await Promise.allSettled([journal.post(broken), journal.post(hold('2'))])
  expect([first.status, second.status]).toEqual(['rejected', 'fulfilled'])
  expect(commits).toHaveLength(1)
})
