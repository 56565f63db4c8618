import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LoopDetector, type LoopMatch } from './loop.js'

function feed(detector: LoopDetector, signatures: string): LoopMatch | null {
  let match: LoopMatch | null = null
  for (const signature of signatures) match = detector.record(signature)
  return match
}

test('three equal acts in a row are a loop, two are not', () => {
  const detector = new LoopDetector()
  expect(detector.record('a')).toBeNull()
  expect(detector.record('a')).toBeNull()
  expect(detector.record('a')).toEqual({ repeats: 3, cycle: ['a'], cycleLength: 1 })
  expect(detector.record('a')).toEqual({ repeats: 4, cycle: ['a'], cycleLength: 1 })
  expect(detector.record('b')).toBeNull()
})

test('a cycle of three acts is found with its third lap, and told in its order', () => {
  const detector = new LoopDetector({ repeats: 3, maxCycleLen: 3 })
  expect(feed(detector, 'xabcabcab')).toBeNull()
  expect(detector.record('c')).toEqual({ repeats: 3, cycle: ['a', 'b', 'c'], cycleLength: 3 })
})

test('a cycle longer than asked for is none', () => {
  expect(feed(new LoopDetector({ maxCycleLen: 3 }), 'abcd'.repeat(9))).toBeNull()
  expect(feed(new LoopDetector({ maxCycleLen: 4 }), 'abcd'.repeat(3))?.cycleLength).toBe(4)
})

test('a block of equal acts is told as one act, not as a cycle of several', () => {
  expect(feed(new LoopDetector({ repeats: 3, maxCycleLen: 3 }), 'aaaaaaaaa')).toEqual({
    repeats: 9,
    cycle: ['a'],
    cycleLength: 1,
  })
})

test('options that no sequence could meet, or every one, are refused', () => {
  for (const repeats of [1, 0, -3, 2.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => new LoopDetector({ repeats })).toThrow(RangeError)
  }
  for (const maxCycleLen of [0, 1_001, 1.5, Number.NaN])
    expect(() => new LoopDetector({ maxCycleLen })).toThrow(RangeError)
  expect(() => new LoopDetector({ repeats: 1 })).toThrow('repeats must be a whole number, 2 or more: 1 is not')
})

test('a signature that is no text is refused and changes nothing', () => {
  const detector = new LoopDetector()
  feed(detector, 'aa')
  expect(() => detector.record({ tool: 'a' } as unknown as string)).toThrow('a signature is a string, not an object')
  expect(detector.record('a')?.repeats).toBe(3)
})

test('after a reset everything counts anew', () => {
  const detector = new LoopDetector()
  feed(detector, 'aaa')
  detector.reset()
  expect(feed(detector, 'aa')).toBeNull()
})

test('what is not the state of a detector is refused', () => {
  const state = new LoopDetector().toJSON()
  for (const damaged of [null, {}, { ...state, runs: [1] }, { ...state, recent: [1] }, { ...state, repeats: '' }]) {
    expect(() => LoopDetector.from(damaged as never)).toThrow(/state of a loop detector|whole number/)
  }
})

const sequences = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 60 })
const options = fc.record({ repeats: fc.integer({ min: 2, max: 5 }), maxCycleLen: fc.integer({ min: 1, max: 6 }) })

/** The rule as it reads: the shortest block that stands often enough at the end. */
function matchOf(sequence: readonly string[], repeats: number, maxCycleLen: number): LoopMatch | null {
  for (let cycleLength = 1; cycleLength <= maxCycleLen; cycleLength++) {
    const cycle = sequence.slice(-cycleLength)
    const isAt = (lap: number): boolean => {
      const from = sequence.length - lap * cycleLength
      return from >= 0 && cycle.every((signature, index) => sequence[from + index] === signature)
    }
    let laps = 0
    while (isAt(laps + 1)) laps += 1
    if (laps >= repeats) return { repeats: laps, cycle, cycleLength }
  }
  return null
}

test('for every sequence it says what counting by hand says', () => {
  fc.assert(
    fc.property(sequences, options, (sequence, { repeats, maxCycleLen }) => {
      const detector = new LoopDetector({ repeats, maxCycleLen })
      sequence.forEach((signature, index) => {
        expect(detector.record(signature)).toEqual(matchOf(sequence.slice(0, index + 1), repeats, maxCycleLen))
      })
    }),
  )
})

test('kept as JSON and taken up again anywhere, it goes on as if nothing had happened', () => {
  fc.assert(
    fc.property(sequences, fc.nat(60), (sequence, cut) => {
      const whole = new LoopDetector()
      let parted = new LoopDetector()
      sequence.forEach((signature, index) => {
        if (index === cut) parted = LoopDetector.from(JSON.parse(JSON.stringify(parted)))
        expect(parted.record(signature)).toEqual(whole.record(signature))
      })
    }),
  )
})
