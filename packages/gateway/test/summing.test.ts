import type { Runtime } from '@runguard/sdk/engine'
import { manualRuntime } from '@runguard/sdk/testing'
import { describe, expect, it } from 'vitest'
import { startSumming } from '../src/control/summing.js'

/** Calls that wait, of a store that takes so long for each of them. */
function backlog(runtime: ReturnType<typeof manualRuntime>, waiting: number, msPerCall = 0) {
  const chunks: number[] = []
  const state = { waiting, isAway: false }
  const sumUp = async (limit: number): Promise<number> => {
    if (state.isAway) throw new Error('the store is away')
    const found = Math.min(limit, state.waiting)
    state.waiting -= found
    chunks.push(found)
    if (msPerCall > 0) runtime.advance(found * msPerCall)
    return found
  }
  return { state, chunks, sumUp }
}

describe('sums that follow the calls', () => {
  it('are up to date when somebody has waited for them', async () => {
    const runtime = manualRuntime()
    const store = backlog(runtime, 0)
    const summing = startSumming(store, runtime)
    store.state.waiting = 450
    expect([await summing.catchUp(), store.state.waiting]).toEqual([true, 0])
    summing.stop()
  })

  it('say that they are behind where there is too much to wait for, and catch up by themselves', async () => {
    const runtime = manualRuntime()
    const store = backlog(runtime, 5_000, 1)
    const summing = startSumming(store, runtime)
    expect(await summing.catchUp()).toBe(false)
    for (let second = 0; second < 400 && store.state.waiting > 0; second++) {
      runtime.advance(1_000)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(store.state.waiting).toBe(0)
    expect(await summing.catchUp()).toBe(true)
    summing.stop()
  })

  it('do not keep anybody from reading while the store cannot be written', async () => {
    const warnings: string[] = []
    const manual = manualRuntime()
    const log = { ...manual.log, warn: (event: string) => void warnings.push(event) }
    const runtime: Runtime = { ...manual, log }
    const store = backlog(manual, 100)
    store.state.isAway = true
    const summing = startSumming(store, runtime)
    expect(await summing.catchUp()).toBe(false)
    store.state.isAway = false
    manual.advance(1_000)
    expect([await summing.catchUp(), store.state.waiting, warnings]).toEqual([true, 0, ['sums-behind']])
    summing.stop()
  })
})
