import { expect, test } from 'vitest'
import { LoopWatch, loopDenial, loopMessage } from './agent-loops.js'

const ls = { name: 'Bash', input: { command: 'ls', description: 'look' } }
const pwd = { name: 'Bash', input: { command: 'pwd' } }

test('calls of one round are compared as a whole, in any order, and each once', () => {
  const watch = new LoopWatch()
  const rounds = [
    [ls, pwd],
    [pwd, ls],
    [ls, pwd, ls],
    [pwd, pwd, ls],
  ]
  expect(rounds.map((calls) => watch.recordCalls(calls))).toEqual([null, null, null, null])
  expect(watch.recordCalls([ls, pwd])).toMatchObject({ repeats: 5, cycleLength: 1 })
})

test('how a call describes itself makes no difference', () => {
  const watch = new LoopWatch({ repeats: 2 })
  const described = ['first', 'second', 'third', 'fourth'].map((description) => ({
    ...ls,
    input: { ...ls.input, description },
  }))
  expect(described.map((call) => watch.recordCalls([call])?.repeats ?? 0)).toEqual([0, 0, 0, 4])
})

test('results that differ only in numbers are the same', () => {
  const watch = new LoopWatch()
  const told = [1, 2, 3, 4].map((ms) => watch.recordRound([ls], [`failed after ${ms} ms`])?.repeats ?? 0)
  expect(told).toEqual([0, 0, 3, 0])
})

test('results that tell something new are no loop', () => {
  const watch = new LoopWatch()
  const findings = ['one', 'two', 'three', 'four', 'five'].map((words) => watch.recordRound([ls], [words]))
  expect(findings).toEqual([null, null, null, null, null])
})

test('an agent that was told is stopped at the next repeat, one that changed its ways is not', () => {
  const watch = new LoopWatch()
  const round = (call: typeof pwd): number => {
    const match = watch.recordCalls([call])
    watch.recordRound([call], ['same'])
    return match?.repeats ?? 0
  }
  expect([ls, ls, ls, pwd, ls, ls, ls, ls].map(round)).toEqual([0, 0, 0, 0, 0, 0, 0, 4])
})

test('a watch that was put aside goes on where it was', () => {
  const watch = new LoopWatch()
  for (let round = 1; round <= 4; round++) watch.recordCalls([ls])
  const later = new LoopWatch()
  later.resume(JSON.parse(JSON.stringify(watch)))
  expect(later.recordCalls([ls])).toMatchObject({ repeats: 5 })
  later.forgetRounds()
  expect(later.recordCalls([ls])).toBeNull()
})

test('turns are compared by their whole words, of which the first are shown', () => {
  const watch = new LoopWatch()
  const long = 'word '.repeat(100)
  expect([1, 2, 3].map((turn) => watch.recordTurn('m', `${long}${turn}`))).toEqual([null, null, null])
  watch.recordTurn('m', long)
  watch.recordTurn('m', long)
  const match = watch.recordTurn('m', long)
  expect(match?.cycle[0]).toMatch(/^m:(?:word ){16}…[0-9a-f]{16}$/)
})

test('messages name what repeats itself, without hashes', () => {
  const match = {
    repeats: 4,
    cycle: ['Bash#0123456789abcdef + Read#0123456789abcdef → 0123456789abcdef', 'Edit#0123456789abcdef'],
    cycleLength: 2,
  }
  expect(loopMessage(match)).toMatch(/^The agent repeats itself: Bash \+ Read, then Edit, 4 times in a row\./)
  expect(loopDenial(match)).toContain('(Bash + Read, then Edit)')
})
