import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DeferPolicy, defaultDeferPolicy, type PlannedJob, planQueue } from './defer-plan.js'
import { readWithin } from './defer-within.js'

const policy = defaultDeferPolicy
const NOW = Date.UTC(2026, 10, 27)
const HOUR_MS = 3_600_000

function job(id: string, changes: Partial<PlannedJob> = {}): PlannedJob {
  return {
    id,
    state: 'waiting',
    model: 'claude-haiku-5-5',
    headers: {},
    bytes: 500,
    createdAt: NOW,
    deadline: NOW + 6 * HOUR_MS,
    batch: null,
    tries: 0,
    ...changes,
  }
}

const inBatch = (id: string, changes: Partial<PlannedJob> = {}) => job(id, { state: 'batched', batch: 'b', ...changes })
const running = { id: 'b', state: 'running' } as const

describe('a call that waits', () => {
  it('waits for others until the oldest has waited long enough, and then goes out with them', () => {
    const jobs = [job('a'), job('b', { createdAt: NOW + 30_000 })]
    const early = planQueue(jobs, [], NOW + policy.flushAfterMs - 1, policy)
    expect(early).toEqual({ direct: [], batches: [], cancel: [], wakeAt: NOW + policy.flushAfterMs })
    expect(planQueue(jobs, [], NOW + policy.flushAfterMs, policy).batches).toEqual([['a', 'b']])
  })

  it('goes out at once when its batch is full, and no batch is more than full', () => {
    const small: DeferPolicy = { ...policy, flush: { items: 2, bytes: 10_000 } }
    const jobs = ['a', 'b', 'c'].map((id) => job(id))
    expect(planQueue(jobs, [], NOW, small).batches).toEqual([['a', 'b'], ['c']])
    const large = ['a', 'b'].map((id) => job(id, { bytes: 9_000 }))
    expect(planQueue(large, [], NOW, small).batches).toEqual([['a'], ['b']])
  })

  it('shares a batch only with calls of its model, its versions and about its deadline', () => {
    const jobs = [
      job('a'),
      job('other model', { model: 'claude-opus-5-5' }),
      job('other beta', { headers: { 'anthropic-beta': 'x' } }),
      job('other deadline', { deadline: NOW + 40 * HOUR_MS }),
      job('same'),
    ]
    const { batches } = planQueue(jobs, [], NOW + policy.flushAfterMs, policy)
    expect(batches).toEqual([['a', 'same'], ['other model'], ['other beta'], ['other deadline']])
  })

  it('goes by itself where a batch has not enough time, or two have failed it', () => {
    const jobs = [job('hasty', { deadline: NOW + HOUR_MS / 2 }), job('unlucky', { tries: 2 })]
    expect(planQueue(jobs, [], NOW, policy).direct).toEqual(['hasty', 'unlucky'])
  })
})

describe('a batch that is late', () => {
  const { directLeadMs, cancelLeadMs } = policy
  const directAt = NOW + 6 * HOUR_MS - directLeadMs
  const jobs = [inBatch('a'), inBatch('b')]

  it('is left alone, then cancelled, then overtaken', () => {
    const cancelAt = directAt - cancelLeadMs
    expect(planQueue(jobs, [running], cancelAt - 1, policy)).toMatchObject({ cancel: [], wakeAt: cancelAt })
    expect(planQueue(jobs, [running], cancelAt, policy)).toMatchObject({ cancel: ['b'], direct: [], wakeAt: directAt })
    const canceling = { id: 'b', state: 'canceling' } as const
    expect(planQueue(jobs, [canceling], directAt, policy)).toMatchObject({ cancel: [], direct: ['a', 'b'] })
  })

  it('is overtaken as well if nobody knows whether it exists', () => {
    const creating = { id: 'b', state: 'creating' } as const
    expect(planQueue(jobs, [creating], directAt, policy)).toMatchObject({ cancel: [], direct: ['a', 'b'] })
  })

  it('is cancelled at any time when nobody waits for a call of it', () => {
    const overtaken = job('a', { state: 'direct', batch: 'b' })
    expect(planQueue([overtaken], [running], NOW, policy).cancel).toEqual(['b'])
    expect(planQueue([inBatch('a')], [running], NOW, policy).cancel).toEqual([])
  })
})

const someJob = fc.record({
  state: fc.constantFrom('waiting' as const, 'batched' as const, 'direct' as const),
  model: fc.constantFrom('m1', 'm2'),
  bytes: fc.integer({ min: 1, max: 20_000_000 }),
  createdAt: fc.integer({ min: NOW - HOUR_MS, max: NOW }),
  deadline: fc.integer({ min: NOW - HOUR_MS, max: NOW + 48 * HOUR_MS }),
  tries: fc.integer({ min: 0, max: 3 }),
})
const someJobs = fc
  .array(someJob, { maxLength: 40 })
  .map((drafts) =>
    drafts.map((draft, index) => inBatch(`j${index}`, { ...draft, ...(draft.state === 'waiting' && { batch: null }) })),
  )

describe('whatever waits', () => {
  it('is in at most one place of the plan, and never forgotten', () => {
    fc.assert(
      fc.property(someJobs, (jobs) => {
        const plan = planQueue(jobs, [running], NOW, policy)
        const placed = [...plan.direct, ...plan.batches.flat()]
        expect(new Set(placed).size).toBe(placed.length)
        for (const { id, state, deadline } of jobs) {
          if (state === 'direct') expect(placed).not.toContain(id)
          else if (deadline - policy.directLeadMs <= NOW) expect(plan.direct).toContain(id)
          else if (!placed.includes(id)) expect(plan.wakeAt).toBeLessThanOrEqual(deadline - policy.directLeadMs)
        }
      }),
    )
  })

  it('is in batches within the limits, of one model each, that have their time', () => {
    fc.assert(
      fc.property(someJobs, (jobs) => {
        const byId = new Map(jobs.map((each) => [each.id, each]))
        for (const batch of planQueue(jobs, [], NOW, policy).batches) {
          const members = batch.flatMap((id) => byId.get(id) ?? [])
          expect(members.length).toBe(batch.length)
          expect(new Set(members.map(({ model }) => model)).size).toBe(1)
          const bytes = members.reduce((sum, each) => sum + each.bytes, 0)
          expect(members.length === 1 || bytes <= policy.flush.bytes).toBe(true)
          const least = policy.leastBatchMs + policy.cancelLeadMs + policy.directLeadMs
          for (const { deadline } of members) expect(deadline - NOW).toBeGreaterThan(least)
        }
      }),
    )
  })
})

describe('how long a call may wait', () => {
  it.each([
    ['6h', 6 * HOUR_MS],
    ['90m', 1.5 * HOUR_MS],
    [' 1.5 d ', 36 * HOUR_MS],
    ['60s', 60_000],
    ['59s', null],
    ['8d', null],
    ['6', null],
    ['h', null],
    ['-6h', null],
    ['1e3h', null],
    ['999999999999h', null],
  ])('%s is read as %s ms', (written, ms) => {
    expect(readWithin(written)).toBe(ms)
  })
})
