import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asking, openStage } from '../../test/client-stage.js'
import { sampleRecord } from '../testing/sample-record.js'
import { findDriver, sqliteStore } from './sqlite.js'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'runguard-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

function missing(name: string): never {
  throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' })
}

describe('a store in a file', () => {
  it('keeps calls and budgets from one program to the next, for its owner alone', async () => {
    const path = join(directory, 'calls.db')
    const budgets = [{ scope: 'everything', limit: '$0.0005', window: 'lifetime' }] as const
    const stage = await openStage()
    for (const program of [1, 2]) {
      const store = sqliteStore(path)
      const guard = stage.guard({ store, budgets })
      await guard.wrap(stage.client()).messages.create({ ...asking('hello'), max_tokens: 10 })
      await guard.close()
      expect(await guard.report({ groupBy: 'total' })).toMatchObject([{ calls: program }])
      expect(await store.verify()).toEqual([])
      await store.close()
    }
    expect(statSync(path).mode & 0o077).toBe(0)
    await stage.close()
  })

  it('can be in memory, for one program', async () => {
    const [store, other] = [sqliteStore(':memory:'), sqliteStore(':memory:')]
    await store.addRecords([sampleRecord({ id: 'a' })])
    expect(await store.findRecord('a')).toMatchObject({ id: 'a' })
    expect(await other.findRecord('a')).toBeNull()
    await Promise.all([store.close(), other.close()])
  })

  it('takes the SQLite of Node where libsql is not installed', async (context) => {
    const real = createRequire(import.meta.url)
    const open = findDriver((name) => {
      if (name === 'libsql') return missing(name)
      try {
        return real(name)
      } catch {
        return context.skip('this Node.js has no SQLite')
      }
    })
    expect(open(':memory:').prepare('SELECT 1 AS one').all()).toEqual([{ one: 1 }])
  })

  it('says what to install where there is no driver', () => {
    expect(() => findDriver(missing)).toThrow(/npm install libsql/)
  })

  it('does not hide that a driver is broken', () => {
    const broken = () => {
      throw new Error('built for another machine')
    }
    expect(() => findDriver(broken)).toThrow('built for another machine')
  })
})
