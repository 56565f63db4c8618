import { describe, expect, it } from 'vitest'
import { compileBudgets } from '../core/budget/budget.js'
import { type Balance, findRoom } from '../core/budget/budget-room.js'
import { nanoUsd, zeroUsd } from '../core/cost/money.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { openWaitingLine } from './waiting-line.js'

const soon = () => new Promise<void>((resolve) => setImmediate(resolve))
const balance = (key: string): Balance => ({
  key,
  budget: key,
  scope: key,
  windowStart: 0,
  windowEnd: null,
  limit: nanoUsd(100),
  isEnforced: true,
  spent: zeroUsd,
  held: nanoUsd(10),
})
const [everything, session] = [balance('everything'), balance('session')]
const balances = [everything, session]
const of1000 = (held: number): Balance => ({ ...session, limit: nanoUsd(1_000_000), held: nanoUsd(held * 1_000) })
const budgets = compileBudgets([])
const heldOf = (list: readonly Balance[]): number[] => list.map(({ held }) => held)

describe('the line of calls that wait for money', () => {
  it('leaves to those who came first what they wait for, where they wait for it', () => {
    const line = openWaitingLine(manualRuntime())
    const [first, second, third] = [line.join(), line.join(), line.join()]
    first.ask([session], nanoUsd(20))
    second.ask([session, everything], nanoUsd(10))
    expect(heldOf(line.behind(first, balances))).toEqual([10, 10])
    expect(heldOf(line.behind(second, balances))).toEqual([10, 30])
    expect(heldOf(line.behind(third, balances))).toEqual([20, 40])
    first.leave()
    expect(heldOf(line.behind(third, balances))).toEqual([20, 20])
  })

  it('takes nothing from a call that waits for nothing yet', () => {
    const line = openWaitingLine(manualRuntime())
    line.join()
    expect(line.behind(line.join(), balances)).toBe(balances)
  })

  it('lets calls pass that need less than an eighth of what is free, until they hold that much together', () => {
    const line = openWaitingLine(manualRuntime())
    const free = (held: number): number => {
      const [left] = line.behind(small, [of1000(held)])
      return findRoom(budgets, left === undefined ? [] : [left]).room.shared ?? 0
    }
    const [large, larger, small] = [line.join(), line.join(), line.join()]
    for (const place of [large, larger]) place.ask([of1000(100)], nanoUsd(900_000))
    // Free is what is not held, less a headroom of half as much as is held.
    expect(free(100)).toBeCloseTo((1_000_000 - 150_000) / 8, -1)
    expect(free(150)).toBeCloseTo((1_000_000 - 150_000) / 8 - 75_000, -1)
    expect(free(180)).toBeLessThan(0)
    // Of money that comes back an eighth is for those that pass, too.
    for (const place of [large, larger]) place.ask([of1000(40)], nanoUsd(900_000))
    expect(free(40)).toBeCloseTo((1_000_000 - 60_000) / 8, -1)
  })

  it('wakes those behind a place that leaves: what was left for it is free', async () => {
    const line = openWaitingLine(manualRuntime())
    const awake: string[] = []
    const [before, leaving, after] = [line.join(), line.join(), line.join()]
    for (const [name, place] of Object.entries({ before, after })) void place.wait(250).then(() => awake.push(name))
    leaving.ask([session], nanoUsd(30))
    leaving.leave()
    await soon()
    expect(awake).toEqual(['after'])
    line.join().leave()
    await soon()
    expect(awake).toEqual(['after'])
  })

  it('wakes the first when money comes back, and everybody after a while', async () => {
    const runtime = manualRuntime()
    const line = openWaitingLine(runtime)
    const awake: number[] = []
    const places = Array.from({ length: 100 }, () => line.join())
    for (const [n, place] of places.entries()) void place.wait(250).then(() => awake.push(n))
    line.wake()
    await soon()
    expect(awake).toHaveLength(32)
    expect(awake[0]).toBe(0)
    expect(awake.at(-1)).toBe(31)
    runtime.advance(250)
    await soon()
    expect(awake).toHaveLength(100)
  })
})
