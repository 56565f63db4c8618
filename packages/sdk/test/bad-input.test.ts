import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as sdk from '../src/client/index.js'
import * as postgres from '../src/client/postgres.js'
import * as sqlite from '../src/client/sqlite.js'
import { faultOf, misspell, nothingMeant, outcomeOf, spoil } from './bad-input.js'
import type { PublicCall } from './bad-input-calls.js'
import { type CallsOnStage, openPublicCalls } from './public-calls.js'

let opened: CallsOnStage
let calls: CallsOnStage['calls']

beforeAll(async () => {
  opened = await openPublicCalls()
  calls = opened.calls
})
afterAll(() => opened.close())

/** Nobody calls them: tables, and errors that RunGuard alone makes. */
const notCalled = [
  ...['TASK_MODEL_MAP', 'taskModelMap', 'tierModels'],
  ...[
    'AgentStoppedError',
    'BatchInputError',
    'BatchResultsError',
    'BatchSubmitError',
    'ConfigError',
    'DeferredCallError',
  ],
]
/** `findDriver` is there for its own test, and no entry of the package. */
const notPublic = ['findDriver', 'postgresStore']

test('every public name is tried here', () => {
  const names = [sdk, sqlite].flatMap((entry) => Object.keys(entry))
  const untried = names.filter((name) => ![...Object.keys(calls), ...notCalled, ...notPublic].includes(name))
  expect(untried).toEqual([])
})

function unseenFault(value: unknown, isFree: boolean): string | null {
  return value === nothingMeant && !isFree ? 'was not looked at' : null
}

/** What is wrong with the answers to all ways in which a call can be spoiled. */
async function findFaults(name: string, { working, free = [] }: PublicCall): Promise<readonly string[]> {
  const faults: string[] = []
  for (const { place, value, run } of spoil(working)) {
    const outcome = await outcomeOf(run)
    const isPassed = outcome.kind === 'accepted'
    const fault = isPassed ? unseenFault(value, free.includes(place)) : faultOf(outcome.error)
    if (fault !== null) faults.push(`${name} ${place} = ${typeof value}: ${fault}`)
  }
  return faults
}

describe('what is called as it should not be', () => {
  test('works as it should', async () => {
    const failed: unknown[] = []
    for (const [name, { working }] of Object.entries(calls)) {
      const outcome = await outcomeOf(() => {
        const [call, ...args] = working()
        return call(...(args as never[]))
      })
      if (outcome.kind !== 'accepted') failed.push([name, outcome.error])
    }
    expect(failed).toEqual([])
  })

  test('is answered by an error that says what was wrong', async () => {
    const faults: string[] = []
    for (const [name, call] of Object.entries(calls)) faults.push(...(await findFaults(name, call)))
    expect(faults).toEqual([])
  })

  test('is told the option that was meant', async () => {
    const faults: string[] = []
    for (const [name, { working, options }] of Object.entries(calls)) {
      for (const { place, meant, run } of options === undefined ? [] : misspell(working, options)) {
        const outcome = await outcomeOf(run)
        const told = outcome.kind === 'accepted' ? 'nothing' : String((outcome.error as Error).message)
        if (!told.includes(`did you mean "${meant}"?`)) faults.push(`${name} ${place}: ${told}`)
      }
    }
    expect(faults).toEqual([])
  })
})

test('a pool that is none is no store', async () => {
  for (const pool of [undefined, null, {}, 'postgres://localhost']) {
    await expect(postgres.postgresStore(pool as never)).rejects.toThrow('the pool is a pool of the package pg')
  }
})
