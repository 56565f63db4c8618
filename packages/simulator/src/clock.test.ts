import { describe, expect, it } from 'vitest'
import { systemClock, virtualClock } from './clock.js'

describe('a virtual clock', () => {
  it('wakes sleepers in the order in which they are due, at their time', async () => {
    const clock = virtualClock(1000)
    const woken: string[] = []
    const sleepThrough = async (name: string, ...naps: number[]) => {
      for (const ms of naps) {
        await clock.sleep(ms)
        woken.push(`${name}@${clock.now()}`)
      }
    }
    const all = Promise.all([sleepThrough('a', 30, 30), sleepThrough('b', 20, 20), sleepThrough('c', 100)])
    await clock.advance(70)
    expect(woken).toEqual(['b@1020', 'a@1030', 'b@1040', 'a@1060'])
    expect(clock.now()).toBe(1070)
    await clock.advance(30)
    await all
    expect(woken.at(-1)).toBe('c@1100')
  })

  it.each([
    ['virtual', virtualClock()],
    ['real', systemClock()],
  ])('lets nobody oversleep who is called (%s)', async (_kind, clock) => {
    const before = clock.now()
    const controller = new AbortController()
    const nap = clock.sleep(3_600_000, controller.signal)
    controller.abort()
    await nap
    await clock.sleep(3_600_000, controller.signal)
    expect(clock.now() - before).toBeLessThan(60_000)
  })
})
