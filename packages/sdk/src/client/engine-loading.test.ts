import { describe, expect, it } from 'vitest'
import { rejection } from '../../test/client-stage.js'
import { loadEngine } from './engine-loading.js'

describe('an engine that is being loaded', () => {
  it('is told and asked, once it is there, in the order in which that came', async () => {
    let open = (_: string[]): void => {}
    const engine = loadEngine<string[]>(() => new Promise((resolve) => (open = resolve)))
    engine.tell((words) => words.push('first'))
    const waiting = engine.whenLoaded.then((words) => words.push('call'))
    engine.tell((words) => words.push('second'))
    expect(engine.loaded).toBeNull()
    open([])
    await waiting
    engine.tell((words) => words.push('third'))
    expect(engine.loaded).toEqual(['first', 'call', 'second', 'third'])
  })

  it('that cannot be loaded refuses whoever waits, says why, and hears nothing', async () => {
    const cause = new Error('the disk is gone')
    const engine = loadEngine<never>(() => Promise.reject(cause))
    const heard: string[] = []
    engine.tell(() => heard.push('early'))
    const error = await rejection(engine.whenLoaded)
    engine.tell(() => heard.push('late'))
    expect(error).toMatchObject({ code: 'runguard_not_loaded', message: expect.stringMatching(/disk is gone/), cause })
    expect(await rejection(engine.whenLoaded)).toBe(error)
    expect([engine.loaded, heard]).toEqual([null, []])
  })
})
