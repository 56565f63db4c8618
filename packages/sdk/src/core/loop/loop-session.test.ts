import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nanoUsd } from '../cost/money.js'
import { LoopDetector } from './loop.js'
import { describeFinding } from './loop-finding.js'
import type { LoopLimits } from './loop-limits.js'
import { SessionLoopDetector } from './loop-session.js'
import type { LoopStep } from './loop-step.js'

type StepFacts = Partial<LoopStep> & { readonly answer?: string | null }

/** A step of a shell whose result is new unless an answer is given. */
function step(round: number, key: string, { answer, ...facts }: StepFacts = {}): LoopStep {
  const norm = answer === undefined ? `new ${round}` : answer
  const known = { tool: 'Bash', key, looseKey: null, result: norm, norm, isError: false, isEmpty: norm === '' }
  return { ...known, round, toolClass: null, hasRun: true, ...facts }
}

/** Plays a round of one step per letter; a space is the next one. Upper case fails. Answers depend on the letter alone. */
function play(detector: SessionLoopDetector, rounds: string): SessionLoopDetector {
  rounds.split(' ').forEach((letters, round) => {
    detector.recordRound(
      [...letters].map((letter) => step(round, letter, { answer: letter, isError: letter !== letter.toLowerCase() })),
    )
  })
  return detector
}

function tierAfter(count: number, makeStep: (round: number) => LoopStep, limits: Partial<LoopLimits> = {}) {
  const detector = new SessionLoopDetector(limits)
  for (let round = 0; round < count; round++) detector.recordRound([makeStep(round)])
  return detector.find()?.tier ?? null
}

describe('the same again', () => {
  test('with the same result: a notice at the third time, a stop at the fourth', () => {
    const same = (round: number) => step(round, 'a', { answer: 'x' })
    expect([2, 3, 4].map((count) => tierAfter(count, same))).toEqual([null, 'notice', 'stop'])
  })

  test('with two results in turn: the new one does not count, so it takes one time more', () => {
    const flaky = (round: number) => step(round, 'a', { answer: `x${round % 2}` })
    expect([3, 4, 5, 6].map((count) => tierAfter(count, flaky))).toEqual([null, 'notice', 'notice', 'stop'])
  })

  test('after many new results a few old ones are no loop yet', () => {
    const debug = (round: number) => step(round, 'next', { answer: `line ${round % 20}`, toolClass: 'cursor' })
    expect([20, 21, 22, 24].map((count) => tierAfter(count, debug))).toEqual([null, null, 'notice', 'stop'])
  })

  test('with a new result every time it is work for longer, unless it writes', () => {
    const paging = (round: number) => step(round, 'next')
    const writing = (round: number) => step(round, 'insert', { toolClass: 'write' })
    expect([5, 6, 39, 40].map((count) => tierAfter(count, paging))).toEqual([null, 'notice', 'notice', 'stop'])
    expect([3, 5].map((count) => tierAfter(count, writing))).toEqual(['notice', 'stop'])
  })

  test('with a result that differs in numbers alone it is counted, but takes longer, unless it fails', () => {
    const counting = (facts: StepFacts) => (round: number) =>
      step(round, 'a', { norm: 'n', result: `n${round}`, ...facts })
    expect([4, 5, 11, 12].map((count) => tierAfter(count, counting({})))).toEqual([null, 'notice', 'notice', 'stop'])
    expect([3, 4].map((count) => tierAfter(count, counting({ isError: true })))).toEqual(['notice', 'stop'])
    expect(tierAfter(39, counting({ toolClass: 'cursor' }))).toBeNull()
  })

  test('results that are not known do not count as the same', () => {
    const blind = (round: number) => step(round, 'a', { answer: null })
    expect([4, 5].map((count) => tierAfter(count, blind))).toEqual(['notice', 'stop'])
  })

  test('cycles of up to twelve rounds are told with their tools, rounds and beginning', () => {
    const detector = play(new SessionLoopDetector(), `x y ${'a b c '.repeat(4)}`.trim())
    expect(detector.find()).toEqual({
      tier: 'stop',
      rule: 'repeat',
      repeats: 4,
      cycle: ['Bash', 'Bash', 'Bash'],
      cycleLength: 3,
      rounds: 12,
      sinceRound: 2,
    })
    const long = 'a b c d e f g h i j k l '
    expect(play(new SessionLoopDetector(), long.repeat(4).trim()).find()?.cycleLength).toBe(12)
    expect(play(new SessionLoopDetector(), `${long}m `.repeat(6).trim()).find()).toBeNull()
  })
})

describe('rounds', () => {
  test('equal parallel calls count once, in whatever order they come', () => {
    expect(play(new SessionLoopDetector(), 'aaaaaaaa bbbbbb').find()).toBeNull()
    expect(play(new SessionLoopDetector(), 'ab ba aba ab').find()).toMatchObject({ tier: 'stop', repeats: 4 })
  })

  test('calls that never ran and exempt tools are as if they were not there', () => {
    const detector = new SessionLoopDetector()
    for (let round = 0; round < 8; round += 2) {
      detector.recordRound([step(round, 'a', { answer: 'x' }), step(round, `c${round}`, { hasRun: false })])
      detector.recordRound([step(round + 1, `plan ${round}`, { toolClass: 'exempt' })])
    }
    expect(detector.find()).toMatchObject({ tier: 'stop', repeats: 4 })
    const turnedDown = (round: number) => step(round, 'a', { answer: 'x', hasRun: false })
    expect(tierAfter(20, turnedDown)).toBeNull()
  })
})

describe('what leads nowhere', () => {
  test('nearly the same call with nothing in its result', () => {
    const near = (round: number) => step(round, `form ${round}`, { looseKey: 'list', answer: '' })
    expect([4, 5, 20].map((count) => tierAfter(count, near))).toEqual([null, 'notice', 'stop'])
  })

  test('any call of a tool with the same failure takes longer to be sure', () => {
    const failing = (round: number) => step(round, `${round}`, { isError: true, answer: 'not found' })
    expect([7, 8, 24].map((count) => tierAfter(count, failing))).toEqual([null, 'notice', 'stop'])
  })

  test('silent commands are never stopped', () => {
    expect(tierAfter(100, (round) => step(round, `${round}`, { answer: '' }))).toBe('notice')
  })

  test('a check that fails the same way after every edit', () => {
    const laps = (count: number) => Array.from({ length: count }, (_, n) => `T ${String.fromCharCode(0x100 + n)}`)
    const find = (count: number) => play(new SessionLoopDetector(), laps(count).join(' ')).find()
    expect(find(8)).toBeNull()
    const detector = new SessionLoopDetector()
    const tiers = Array.from({ length: 20 }, (_, n) => {
      detector.recordRound([step(2 * n, `edit ${n}`)])
      return detector.recordRound([step(2 * n + 1, 'test', { isError: true, answer: 'boom' })])?.tier ?? null
    })
    expect([2, 3, 18, 19].map((n) => tiers[n])).toEqual([null, 'notice', 'notice', 'stop'])
    expect(detector.find()).toMatchObject({ rule: 'stalled-check', repeats: 20, sinceRound: 1, rounds: 39 })
    detector.recordRound([step(40, 'test')])
    expect(detector.find()).toBeNull()
  })

  test('a prompt that grows while nothing new comes in', () => {
    const detector = new SessionLoopDetector({ repeat: off, sameResult: off, newResult: off })
    const grow = (round: number, by: number) => {
      detector.recordRound([step(round, `${round % 14}`, { answer: `${round % 14}` })])
      return detector.recordTurn(turn({ promptTokens: 10_000 + round * by }))
    }
    for (let round = 0; round < 14; round++) expect(grow(round, 3_000)).toBeNull()
    const tiers = Array.from({ length: 32 }, (_, n) => grow(14 + n, 3_000)?.tier ?? null)
    expect(tiers.slice(6)).toEqual([null, ...new Array(24).fill('notice'), 'stop'])
    expect(detector.find()?.rule).toBe('growth')
  })
})

const off = { notice: null, stop: null }

function turn(facts: { atMs?: number; usd?: number; promptTokens?: number; request?: string | null; answer?: string }) {
  const { atMs = 0, usd = 0, promptTokens = 0, request = null, answer = null } = facts
  return { atMs, cost: nanoUsd(usd * 1e9), promptTokens, request, answer }
}

describe('requests, words and money', () => {
  test('the same request with the same answer is a loop, with other answers it is a sample', () => {
    const [same, sample] = [new SessionLoopDetector(), new SessionLoopDetector()]
    for (let n = 0; n < 10; n++) {
      same.recordTurn(turn({ request: 'r', answer: 'x' }))
      sample.recordTurn(turn({ request: 'r', answer: `x${n}` }))
    }
    expect(same.find()).toMatchObject({ tier: 'notice', rule: 'same-request', repeats: 10, sinceRound: null })
    expect(sample.find()).toBeNull()
  })

  test('refusals count on, so a refused request sent again and again is stopped too where that is asked for', () => {
    const detector = new SessionLoopDetector({ sameRequest: { notice: 5, stop: 10 } })
    for (let n = 0; n < 4; n++) detector.recordTurn(turn({ request: 'r', answer: 'x' }))
    const tiers = Array.from({ length: 6 }, () => detector.recordRefusal('r')?.tier)
    expect(tiers).toEqual(['notice', 'notice', 'notice', 'notice', 'notice', 'stop'])
  })

  test('the same words in a row are stopped at the fifth time, an act in between ends it', () => {
    const detector = new SessionLoopDetector()
    const tiers = Array.from({ length: 5 }, () => detector.recordText('let me write it')?.tier ?? null)
    expect(tiers).toEqual([null, null, 'notice', 'notice', 'stop'])
    expect(detector.recordRound([step(1, 'write')])).toBeNull()
  })

  test('dollars a minute are averaged over five minutes, and a person does not make them undone', () => {
    const detector = new SessionLoopDetector({ spend: { notice: 1, stop: 2 } })
    const spend = (minute: number, usd: number) =>
      detector.recordTurn(turn({ atMs: minute * 60_000, usd }))?.tier ?? null
    expect([spend(0, 4), spend(1, 1), spend(2, 5), spend(9, 0)]).toEqual([null, 'notice', 'stop', null])
    expect(spend(10, 10)).toBe('stop')
    detector.reset()
    expect(detector.find()?.tier).toBe('stop')
    detector.reset('operator')
    expect(detector.find()).toBeNull()
  })
})

describe('a detector in its session', () => {
  test('what was found holds until a person speaks', () => {
    const detector = play(new SessionLoopDetector(), 'a a a a')
    expect(detector.find()?.tier).toBe('stop')
    expect(detector.recordRound([])?.tier).toBe('stop')
    detector.reset()
    expect(detector.find()).toBeNull()
    expect(play(detector, 'a a').find()).toBeNull()
  })

  test('limits can be moved and switched off; what cannot be a limit is named', () => {
    expect(
      tierAfter(99, (round) => step(round, 'a', { answer: 'x' }), {
        repeat: off,
        sameResult: off,
        otherNumbers: off,
        newResult: off,
      }),
    ).toBeNull()
    expect(() => new SessionLoopDetector({ repeat: { notice: 5, stop: 3 } })).toThrow('the loop limit repeat must be')
    expect(() => new SessionLoopDetector({ repaet: off } as never)).toThrow('there is no loop limit "repaet"')
  })

  test('what is not its state is refused', () => {
    const state = new SessionLoopDetector().toJSON()
    for (const damaged of [null, {}, { ...state, version: 3 }, { ...state, spend: [1] }, { ...state, extra: 1 }]) {
      expect(() => SessionLoopDetector.from(damaged)).toThrow('this is not the state of a loop detector')
    }
  })

  test('describes what it found without any content', () => {
    const finding = play(new SessionLoopDetector(), 'a b a b a b a b').find()
    expect(finding && describeFinding(finding)).toBe('the same 2 steps came 4 times in a row: Bash → Bash')
  })
})

test('with results that depend on the call alone, it stops exactly at four repeats of up to twelve rounds', () => {
  const laps = fc.tuple(
    fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 13 }),
    fc.integer({ min: 1, max: 6 }),
  )
  fc.assert(
    fc.property(fc.array(laps, { maxLength: 4 }), (parts) => {
      const [session, simple] = [new SessionLoopDetector(), new LoopDetector({ repeats: 4, maxCycleLen: 12 })]
      const keys = parts.flatMap(([lap, count]) => Array.from({ length: count }, () => lap).flat())
      keys.forEach((key, round) => {
        const tier = session.recordRound([step(round, key, { answer: key })])?.tier
        expect(tier === 'stop').toBe(simple.record(key) !== null)
      })
    }),
  )
})

const letters = fc.constantFrom('a', 'b', 'C', 'ab', 'Cd')

test('kept as JSON and taken up again anywhere, it goes on as if nothing had happened', () => {
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 80 }), fc.nat(80), (rounds, cut) => {
      const whole = new SessionLoopDetector()
      let parted = new SessionLoopDetector()
      rounds.forEach((names, round) => {
        const steps = [...names].map((name) => step(round, name, { answer: name, isError: name === 'C' }))
        if (round === cut) parted = SessionLoopDetector.from(JSON.parse(JSON.stringify(parted)))
        expect(parted.recordRound(steps)).toEqual(whole.recordRound(steps))
        expect(parted.recordTurn(turn({ promptTokens: 100 * round }))).toEqual(
          whole.recordTurn(turn({ promptTokens: 100 * round })),
        )
      })
    }),
  )
})

test('however long a session is, what is kept of it stays small', () => {
  const detector = new SessionLoopDetector()
  for (let round = 0; round < 5_000; round++) {
    detector.recordRound([step(round, `key ${round}`, { isError: round % 2 === 0, answer: `norm ${round}` })])
    detector.recordTurn(turn({ atMs: round * 7_000, usd: 0.01, promptTokens: round, request: `r${round}` }))
  }
  expect(JSON.stringify(detector).length).toBeLessThan(20_000)
})
