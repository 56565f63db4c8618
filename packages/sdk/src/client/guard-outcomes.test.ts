import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asking, type ClientStage, openStage } from '../../test/client-stage.js'
import { sqliteStore } from '../store/sqlite.js'
import { memoryStore } from './index.js'

let stage: ClientStage

beforeEach(async () => {
  stage = await openStage()
})

afterEach(() => stage.close())

const [haiku, sonnet] = ['claude-haiku-5-5', 'claude-sonnet-5-5']
const ROUTING = { mode: 'route', tasks: { triage: 'small' } } as const

/** A program on a store; its calls are of one task. */
function openProgram(store = memoryStore(), routing: object = ROUTING) {
  const guard = stage.guard({ routing, store })
  const claude = guard.session({ task: 'triage' }).wrap(stage.client())
  const ask = async (headers: Record<string, string> = {}) => {
    const { response, data } = await claude.messages.create(asking('A case.'), { headers }).withResponse()
    const told = (name: string): string => response.headers.get(name) ?? ''
    return { model: data.model, id: told('x-runguard-request-id'), upstreamId: told('request-id') }
  }
  return { guard, ask }
}

describe('what is said of answers', () => {
  it('adds up over all programs on a store, and each hears of it', async () => {
    const store = memoryStore()
    const programs = [openProgram(store), openProgram(store)]
    for (let n = 0; n < 6; n++) {
      const program = programs[n % 2]
      const answer = await program?.ask()
      expect(await program?.guard.feedback(answer?.id ?? '', false)).toBe(true)
    }
    const third = openProgram(store)
    expect((await third.ask()).model).toBe(sonnet)
    expect(await third.guard.learned()).toMatchObject([
      { task: 'triage', tier: 'small', evidence: 6, costNano: expect.any(Number) },
    ])
  })

  it('outlives the process that heard it, and may come from another one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'runguard-outcomes-'))
    const open = () => sqliteStore(new Database(join(folder, 'runguard.db')))
    const first = open()
    const program = openProgram(first)
    const ids: string[] = []
    for (let n = 0; n < 5; n++) ids.push((await program.ask()).id)
    await program.guard.close()
    await first.close()
    const second = open()
    const other = openProgram(second)
    for (const id of ids) expect(await other.guard.feedback(id, false)).toBe(true)
    expect(await other.guard.feedback(ids[0] ?? '', true)).toBe(false)
    await other.guard.close()
    await second.close()
    const third = open()
    const again = openProgram(third)
    expect((await again.ask()).model).toBe(sonnet)
    await again.guard.close()
    await third.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('may be said in the head of the next call, by either id', async () => {
    const { guard, ask } = openProgram()
    const [first, second] = [await ask(), await ask()]
    await ask({ 'x-runguard-feedback': `${first.id}=bad, ${second.upstreamId}=ok, rg_nobody=bad` })
    await guard.flush()
    expect(await guard.learned()).toMatchObject([{ evidence: 2, mean: expect.closeTo(5 / 7, 6) }])
  })

  it('is kept where nothing is routed as well: the table is there before it is used', async () => {
    const { guard, ask } = openProgram(memoryStore(), { mode: 'off' })
    const { id, model } = await ask()
    expect(model).not.toBe(haiku)
    expect(await guard.feedback(id, true)).toBe(true)
    expect(await guard.learned()).toMatchObject([{ task: 'triage', tier: 'large', evidence: 1 }])
  })

  it('that cannot be written is told to whoever said it, and fails no call', async () => {
    const store = memoryStore()
    const broken = { ...store, addOutcome: () => Promise.reject(new Error('away')) }
    const { guard, ask } = openProgram(broken)
    const { id } = await ask()
    await expect(guard.feedback(id, true)).rejects.toThrow('away')
    expect((await ask({ 'x-runguard-feedback': `${id}=ok` })).model).toBe(haiku)
    await guard.flush()
  })

  it('that cannot be read stops no call', async () => {
    const broken = { ...memoryStore(), listOutcomes: () => Promise.reject(new Error('away')) }
    expect((await openProgram(broken).ask()).model).toBe(haiku)
  })
})
