import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as one from '../src/client/index.js'

const folder = fileURLToPath(new URL('..', import.meta.url))
let copy: string
let two: typeof one

beforeAll(async () => {
  copy = mkdtempSync(join(tmpdir(), 'runguard-copy-'))
  cpSync(join(folder, 'dist'), join(copy, 'dist'), { recursive: true })
  cpSync(join(folder, 'package.json'), join(copy, 'package.json'))
  symlinkSync(join(folder, '../../node_modules'), join(copy, 'node_modules'), 'junction')
  two = (await import(pathToFileURL(join(copy, 'dist/client/index.js')).href)) as typeof one
})

afterAll(() => {
  rmSync(copy, { recursive: true, force: true })
})

describe('two copies of the package in one program', () => {
  it('know the errors of each other', () => {
    const theirs = new two.BudgetExceededError('no', { details: { scope: 'everything' } })
    expect(theirs).not.toBeInstanceOf(one.RunGuardError)
    expect(one.isRunGuardError(theirs)).toBe(true)
    expect(one.errorFromApiError(theirs)).toBe(theirs)
    expect(one.errorFromApiError(new Error('wrapped', { cause: theirs }))).toBe(theirs)
    expect(one.errorFromRefusal(theirs.toRefusal())).toBeInstanceOf(one.BudgetExceededError)
  })
})
