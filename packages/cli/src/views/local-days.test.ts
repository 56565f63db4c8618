import { memoryStore } from '@runguard/sdk/store'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { billedRecord } from '../../test/records.js'
import { berlin, offsetIn } from '../../test/time-zones.js'
import { offsetSpans, reportByLocalDay } from './local-days.js'

const october = Date.UTC(2026, 9, 1)
const december = Date.UTC(2026, 11, 1)

test('a period is cut where the clocks change, to the minute', () => {
  expect(offsetSpans(october, december, berlin)).toEqual([
    { since: october, until: Date.UTC(2026, 9, 25, 1), offsetMinutes: 120 },
    { since: Date.UTC(2026, 9, 25, 1), until: december, offsetMinutes: 60 },
  ])
})

test('a zone that never changes its clocks is one stretch', () => {
  expect(offsetSpans(october, december, () => 330)).toEqual([{ since: october, until: december, offsetMinutes: 330 }])
})

test('both parts of the day of the change are one row', async () => {
  const store = memoryStore()
  const calls = [Date.UTC(2026, 9, 24, 22, 30), Date.UTC(2026, 9, 25, 0, 30), Date.UTC(2026, 9, 25, 22, 30)]
  await store.addRecords(calls.map((at, index) => billedRecord({ input: 10 }, { id: `rg_${index}`, startedAt: at })))
  const rows = await reportByLocalDay(store, {}, berlin)
  expect(rows.map(({ group, calls }) => [group, calls])).toEqual([['2026-10-25', 3]])
})

test('every call is counted once, on the day its caller saw on the clock', async () => {
  const zones = ['Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC']
  const moment = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...zones),
      fc.array(moment, { maxLength: 12 }),
      moment,
      async (zone, times, since) => {
        const store = memoryStore()
        await store.addRecords(
          times.map((at, index) => billedRecord({ input: 1 }, { id: `rg_${index}`, startedAt: at })),
        )
        const rows = await reportByLocalDay(store, { since }, offsetIn(zone))
        expect(rows.map(({ group, calls }) => [group, calls])).toEqual(
          countByDay(
            times.filter((at) => at >= since),
            zone,
          ),
        )
      },
    ),
    { numRuns: 60 },
  )
})

/** The days as the platform names them. */
function countByDay(times: readonly number[], timeZone: string): [string, number][] {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' })
  const days = new Map<string, number>()
  for (const at of times) days.set(format.format(at), (days.get(format.format(at)) ?? 0) + 1)
  return [...days].sort(([left], [right]) => (left < right ? -1 : 1))
}
