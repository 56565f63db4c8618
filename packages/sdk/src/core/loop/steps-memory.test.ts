import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { nanoUsd } from '../cost/money.js'
import { MAX_ROUNDS, type RoundsOpening, type SeenRound } from './steps.js'
import {
  type AgentMemory,
  costSince,
  findNews,
  forgetRounds,
  lastKnown,
  rememberCost,
  rememberRounds,
  unknownAgent,
} from './steps-memory.js'

const round = (id: string): SeenRound => ({ id, calls: [], text: null, news: null })
const rounds = (...names: readonly string[]) => names.map(round)

/** What an agent is remembered by after it has done these rounds. */
function after(...names: readonly string[]): AgentMemory {
  return rememberRounds(unknownAgent({ session: 's', agent: '' }), rounds(...names), 1)
}

/** Takes in what a request shows, as a gateway does. */
function takeIn(
  memory: AgentMemory,
  opening: RoundsOpening,
  names: readonly string[],
  hasUnseenPrompt = false,
  isSpokenTo = false,
): AgentMemory {
  const news = findNews(memory, { opening, rounds: rounds(...names) }, { hasUnseenPrompt, isSpokenTo })
  return rememberRounds(news.memory, news.fresh, 2)
}

const known = (memory: AgentMemory): string[] => memory.rounds.map(({ id }) => id)

describe('the rounds of an agent go on counting', () => {
  it('where the body shows those that came after the known ones', () => {
    expect(known(takeIn(after('a', 'b'), 'known', ['c']))).toEqual(['a', 'b', 'c'])
  })

  it('where the API keeps the conversation and the body shows only what is new', () => {
    expect(known(takeIn(after('a', 'b'), 'start', ['c'], true))).toEqual(['a', 'b', 'c'])
  })

  it('where a summary has taken their place, with or without the last of them behind it', () => {
    expect(known(takeIn(after('a', 'b', 'c'), 'start', ['d']))).toEqual(['a', 'b', 'c', 'd'])
    expect(known(takeIn(after('a', 'b', 'c', 'd'), 'start', ['b', 'c', 'e']))).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('where the same request comes again', () => {
    const memory = after('a')
    expect(takeIn(memory, 'known', [])).toEqual({ ...memory, seenAt: 2 })
  })

  it('where the client asks something on the side', () => {
    const memory = after('a')
    expect(known(takeIn(memory, 'person', []))).toEqual(['a'])
    const facts = { hasUnseenPrompt: false, isSpokenTo: false }
    expect(findNews(memory, { opening: 'person', rounds: [] }, facts).memory).toBe(memory)
  })
})

describe('the rounds of an agent begin anew', () => {
  it('with the first one after a person wrote', () => {
    const memory = takeIn({ ...after('a', 'b'), detector: { seen: 2 } }, 'person', ['c'])
    expect(known(memory)).toEqual(['c'])
    expect(memory.detector).toBeNull()
    expect(memory.count).toBe(3)
  })

  it('when a person writes and the API keeps the conversation', () => {
    expect(known(takeIn(after('a', 'b'), 'person', [], true))).toEqual([])
  })

  it('after a person wrote whose words a summary has swallowed, and those that it left standing are no news', () => {
    expect(known(takeIn(after('a', 'b'), 'start', ['c'], false, true))).toEqual(['c'])
    expect(known(takeIn(after('a', 'b'), 'start', ['b', 'c'], false, true))).toEqual(['c'])
    expect(known(takeIn(after('a', 'b'), 'start', ['b'], false, true))).toEqual(['a', 'b'])
  })

  it('where so many are new that those known are out of sight', () => {
    expect(known(takeIn(after('a'), 'limit', ['x', 'y']))).toEqual(['x', 'y'])
  })
})

test('what a call costs is found with the round that the model asked for in it', () => {
  let memory = rememberRounds(rememberCost(unknownAgent({ session: 's', agent: '' }), nanoUsd(7)), rounds('a'), 1)
  for (const name of ['b', 'c']) memory = rememberRounds(rememberCost(memory, nanoUsd(10)), rounds(name), 1)
  expect([0, 1, 2].map((since) => costSince(memory, since))).toEqual([27, 20, 10])
  expect([costSince(memory, 3), costSince(memory, null)]).toEqual([0, 0])
  expect(costSince(forgetRounds(memory), 0)).toBe(0)
})

test('costs of rounds that are forgotten do not count for those that are left', () => {
  const memory = rememberRounds(rememberCost(after('a'), nanoUsd(5)), rounds('b'), 1)
  expect(costSince(rememberRounds(forgetRounds(memory), rounds('c'), 2), 0)).toBe(0)
})

test('however a conversation is shown, every round is taken in once, in order, and the memory stays small', () => {
  const steps = fc.array(fc.record({ grows: fc.integer({ min: 1, max: 30 }), isWhole: fc.boolean() }), {
    maxLength: 20,
  })
  fc.assert(
    fc.property(steps, (moves) => {
      let memory = unknownAgent({ session: 's', agent: '' })
      let last = 0
      for (const { grows, isWhole } of moves) {
        const names = Array.from({ length: grows }, (_, index) => `r${last + index}`)
        last += grows
        memory =
          isWhole && lastKnown(memory) !== null ? takeIn(memory, 'known', names) : takeIn(memory, 'start', names, true)
      }
      const all = Array.from({ length: last }, (_, index) => `r${index}`)
      expect(memory.count).toBe(last)
      expect(known(memory)).toEqual(all.slice(-MAX_ROUNDS))
    }),
  )
})
