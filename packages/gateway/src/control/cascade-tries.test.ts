import type { CallRecord } from '@runguard/sdk/core'
import { memoryStore } from '@runguard/sdk/store'
import { sampleRecord } from '@runguard/sdk/testing'
import { expect, it } from 'vitest'
import { readTries } from './cascade-tries.js'

const NOON = Date.UTC(2026, 10, 27, 12)
const WHO: CallRecord['scope'] = { ...sampleRecord().scope, session: 'busy' }

const callAt = (second: number, id: string, attempt: number | null, scope = WHO): CallRecord => {
  const cascade = attempt === null ? null : { id: 'c1', attempt, tier: 'small', asked: 'claude-opus-5-5' }
  return sampleRecord({ id, startedAt: NOON + second * 1_000, scope, ...(cascade && { cascade }) })
}

async function triesOf(records: readonly CallRecord[], record: CallRecord): Promise<readonly string[]> {
  const store = memoryStore()
  await store.addRecords(records)
  return (await readTries(store, record)).map(({ id }) => id)
}

it('tries are found in the middle of a session that calls hundreds of times', async () => {
  const noise = (from: number) =>
    Array.from({ length: 600 }, (_, index) => callAt(from + index / 10, `${from} ${index}`, null))
  const [first, second] = [callAt(100, 'first', 1), callAt(102, 'second', 2)]
  const records = [...noise(0), first, callAt(101, 'between', null), second, ...noise(103)]
  expect(await triesOf(records, second)).toEqual(['first', 'second'])
  expect(await triesOf(records, first)).toEqual(['first', 'second'])
})

it('tries outside of a session are found by their key and task, and a call that is no try has none', async () => {
  const scope = { ...WHO, session: null, key: null, task: 'extract' }
  const [first, second] = [callAt(1, 'first', 1, scope), callAt(1, 'second', 2, scope)]
  const other = callAt(1, 'other', null, scope)
  expect(await triesOf([first, other, second], first)).toEqual(['first', 'second'])
  expect(await triesOf([first, other, second], other)).toEqual([])
})
