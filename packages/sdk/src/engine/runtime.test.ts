import { expect, it } from 'vitest'
import { manualRuntime } from '../testing/manual-runtime.js'
import { systemRuntime } from './runtime.js'

const HOUR_MS = 3_600_000

/** What keeps this process alive. */
function heldTimers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
}

it('a program lives for as long as somebody sleeps, and no longer once they are woken', async () => {
  const controller = new AbortController()
  const before = heldTimers()
  const sleeping = systemRuntime().sleep(HOUR_MS, controller.signal)
  expect(heldTimers()).toBe(before + 1)
  controller.abort()
  await sleeping
  expect(heldTimers()).toBe(before)
})

it('a program does not live for what is only scheduled, which can be taken back', async () => {
  const before = heldTimers()
  let runs = 0
  const count = (): void => {
    runs += 1
  }
  const { schedule, sleep } = systemRuntime()
  const cancel = schedule(1, count)
  expect(heldTimers()).toBe(before)
  cancel()
  await sleep(5)
  expect(runs).toBe(0)
})

it.each([systemRuntime(), manualRuntime()])('nobody falls asleep who is woken already (%#)', async ({ sleep }) => {
  await sleep(HOUR_MS, AbortSignal.abort())
})

it('more time than a timer can count does not end at once', async () => {
  const controller = new AbortController()
  let isAwake = false
  const { sleep } = systemRuntime()
  const sleeping = sleep(1e12, controller.signal).then(() => {
    isAwake = true
  })
  await sleep(5)
  expect(isAwake).toBe(false)
  controller.abort()
  await sleeping
})
