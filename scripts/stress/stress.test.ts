import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type Admitted, judgeCut, judgeRefusal, settledAt, truthAt } from './judgement.js'
import { planLoad, requestOf, trueCost } from './load.js'
import { readOptions } from './options.js'
import { quantile } from './report.js'

const call = (openedAt: number, resolvedAt: number, posted: number, needed: number): Admitted => ({
  openedAt,
  resolvedAt,
  posted,
  needed,
})

describe('the judgement of a refusal', () => {
  const account = { limit: 100, admitted: [call(0, 10, 30, 50), call(5, Number.POSITIVE_INFINITY, 0, 40)] }

  it('counts what was settled, and what those that run truly need', () => {
    expect([truthAt(account, 4), truthAt(account, 7), truthAt(account, 11)]).toEqual([50, 90, 70])
    expect([settledAt(account, 10), settledAt(account, 11)]).toEqual([0, 30])
  })

  it.each([
    ['needed, because it would have passed the limit', 31, 31, 'needed'],
    ['a matter of the least a call is begun with', 30, 31, 'floor'],
    ['false, because the money was there', 30, 30, 'false'],
  ] as const)('is %s', (_, needed, least, judgement) => {
    expect(judgeRefusal([account], { at: 11, needed, least })).toBe(judgement)
  })

  it('looks for the tightest of several accounts', () => {
    const tight = { limit: 10, admitted: [] }
    expect(judgeRefusal([account, tight], { at: 11, needed: 20, least: 20 })).toBe('needed')
  })

  it('finds a cut needless where all that runs fits', () => {
    expect(judgeCut([account], 7, 5)).toBe('false')
    expect(judgeCut([{ ...account, limit: 94 }], 7, 5)).toBe('floor')
    expect(judgeCut([{ ...account, limit: 89 }], 7, 5)).toBe('needed')
  })
})

describe('a load', () => {
  const shape = { seed: 7, calls: 300, wantedNano: 1_000_000_000, isPaced: true }

  it('comes at the pace of a model, unless it is not to', () => {
    const scripts = (isPaced: boolean) =>
      planLoad({ ...shape, isPaced }).map((call) => requestOf(call).headers['x-sim-script'])
    expect(scripts(true).every((script) => script?.includes('first-byte'))).toBe(true)
    expect(scripts(false).some((script) => script?.includes('first-byte'))).toBe(false)
  })

  it('is the same for the same seed, and another for another', () => {
    expect(planLoad(shape)).toEqual(planLoad(shape))
    expect(planLoad({ ...shape, seed: 8 })).not.toEqual(planLoad(shape))
  })

  it('wants more than its cap, and has calls of every sort', () => {
    const plan = planLoad(shape)
    const demand = plan.reduce((sum, each) => sum + Number(trueCost(each)), 0)
    expect(demand / shape.wantedNano).toBeGreaterThan(1.5)
    expect(new Set(plan.map(({ isStream }) => isStream)).size).toBe(2)
    expect(plan.some(({ fault }) => fault !== null)).toBe(true)
    expect(plan.some(({ leavesAfterMs }) => leavesAfterMs !== null)).toBe(true)
  })

  it('sends prompts of exactly the planned size', () => {
    const [first] = planLoad(shape)
    if (first === undefined) throw new Error('an empty load')
    const { messages } = JSON.parse(requestOf(first).body) as { messages: [{ content: string }] }
    expect(Buffer.byteLength(messages[0].content)).toBe(first.promptBytes)
  })
})

describe('the options', () => {
  it('are three caps in memory unless said otherwise', () => {
    expect(readOptions([])).toMatchObject({
      store: 'memory',
      processes: 1,
      kills: 0,
      caps: [0.05, 1, 20],
      isPaced: true,
    })
    expect(readOptions(['--unpaced'])).toMatchObject({ isPaced: false })
  })

  it.each([
    [['--store', 'redis'], /--store is one of memory, sqlite, postgres/],
    [['--processes', '4'], /belongs to one process/],
    [['--kills', '1.5', '--store', 'sqlite'], /--kills is a whole number/],
    [['--cap', 'much'], /--cap is an amount in dollars/],
  ])('%j are refused with what to write instead', (args, message) => {
    expect(() => readOptions(args)).toThrow(message)
  })
})

it('takes quantiles of times', () => {
  expect([0, 0.5, 1].map((share) => quantile([3, 1, 2], share))).toEqual([1, 2, 3])
})

describe('npm run stress:budgets', () => {
  const program = fileURLToPath(new URL('../dist/stress-budgets.js', import.meta.url))
  const run = async (...args: string[]): Promise<{ runs: Record<string, unknown>[] }> => {
    const { stdout } = await promisify(execFile)(process.execPath, [program, '--json', ...args])
    return JSON.parse(stdout) as { runs: Record<string, unknown>[] }
  }
  const rightLedger = { findings: [], openHolds: 0, unheld: 0, doubled: 0, underposted: 0, misjudged: 0 }

  it('spends no more than its cap', async () => {
    const { runs } = await run('--cap', '0.05', '--calls', '60')
    expect(runs).toMatchObject([{ capUsd: 0.05, openAtEnd: 0, troubles: rightLedger }])
    expect(runs[0]?.accounts).toContainEqual(expect.objectContaining({ scope: 'everything', overspent: 0 }))
  }, 60_000)

  it('keeps a ledger right whose gateway is killed', async () => {
    const { runs } = await run('--store', 'sqlite', '--kills', '2')
    expect(runs).toMatchObject([{ kills: 2, troubles: rightLedger }])
  }, 60_000)
})
