import { describe, expect, it } from 'vitest'
import type { Balance } from '../core/budget-room.js'
import { nanoUsd, zeroUsd } from '../core/money.js'
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
const balances = [balance('everything'), balance('session')]
const heldOf = (list: readonly Balance[]): number[] => list.map(({ held }) => held)

describe('the line of calls that wait for money', () => {
  it('leaves to those who came first what they wait for, where they wait for it', () => {
    const line = openWaitingLine(manualRuntime())
    const [first, second, third] = [line.join(), line.join(), line.join()]
    first.ask(['session'], nanoUsd(30))
    second.ask(['session', 'everything'], nanoUsd(20))
    expect(heldOf(line.behind(first, balances))).toEqual([10, 10])
    expect(heldOf(line.behind(second, balances))).toEqual([10, 40])
    expect(heldOf(line.behind(third, balances))).toEqual([30, 60])
    first.leave()
    expect(heldOf(line.behind(third, balances))).toEqual([30, 30])
  })

  it('takes nothing from a call that waits for nothing yet', () => {
    const line = openWaitingLine(manualRuntime())
    line.join()
    expect(line.behind(line.join(), balances)).toBe(balances)
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
