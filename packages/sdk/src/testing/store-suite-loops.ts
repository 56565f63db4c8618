/** What every store of sessions must do. Run it against an implementation of your own, as {@link storeSuite} is run. */

import assert from 'node:assert/strict'
import { type Breaker, type BreakerEvent, closedBreaker, stepBreaker } from '../core/breaker/breaker.js'
import { nanoUsd } from '../core/cost/money.js'
import { type AgentMemory, rememberCost, unknownAgent } from '../core/loop/steps-memory.js'
import type { KeptSample, SessionMark, SessionStore } from '../store/session-store.js'

/** One check; it gets a fresh, empty store and throws an `AssertionError` if that is not as it must be. */
export interface SessionCheck {
  readonly name: string
  readonly check: (store: SessionStore) => Promise<void>
}

const NOON = Date.UTC(2026, 10, 26, 12)
const HOUR_MS = 3_600_000
const ODD = `o'clock "x"; DROP TABLE breakers; -- ü 漢 🙂`

function opened(key: string, at = NOON): Breaker {
  const cause = { kind: 'upstream-limit', code: ODD } as const
  return stepBreaker(closedBreaker(key), { kind: 'trip', cause, at, coolDownMs: 60_000 })
}

function agent(session: string, name = '', seenAt = NOON): AgentMemory {
  return { ...unknownAgent({ session, agent: name }), version: 1, seenAt }
}

function looping(memory: AgentMemory): AgentMemory {
  const seen = { rounds: 5, repeats: 5, cycle: ['Bash'], cycleLength: 1, sinceRound: 0 }
  const finding = { tier: 'stop', rule: 'repeat', ...seen } as const
  return { ...memory, episode: { finding, isNudged: false, downgradedAt: null } }
}

function mark(session: string, overrides: Partial<SessionMark> = {}): SessionMark {
  return { session, resumedAt: NOON, isExempt: false, by: 'cli', at: NOON, ...overrides }
}

function sample(key: string, later: number, counts: Partial<KeptSample['sample']> = {}): KeptSample {
  return { key, sample: { at: NOON + later, cost: nanoUsd(7), calls: 1, errors: 0, loopStops: 0, ...counts } }
}

/** Reads, steps and writes until it was kept: what every writer of breakers does. */
async function change(store: SessionStore, key: string, event: BreakerEvent): Promise<number> {
  for (let tries = 1; ; tries++) {
    const [current = closedBreaker(key)] = await store.readBreakers([key])
    const next = stepBreaker(current, event)
    if (next === current || (await store.changeBreaker(next))) return tries
  }
}

const breakerChecks: readonly SessionCheck[] = [
  {
    name: 'sessions: gives back breakers as they were, those that are asked for',
    check: async (store) => {
      assert.deepEqual(await store.readBreakers([]), [])
      assert.deepEqual(await store.readBreakers(['session:a']), [])
      const breakers = [opened('session:a'), opened(`key:${ODD}`), opened('session:A')]
      for (const breaker of breakers) assert.equal(await store.changeBreaker(breaker), true)
      assert.deepEqual(await store.readBreakers([`key:${ODD}`, 'session:nobody']), [breakers[1]])
      const found = await store.readBreakers(['session:A', 'session:a'])
      assert.deepEqual(new Set(found.map(({ key }) => key)), new Set(['session:a', 'session:A']))
    },
  },
  {
    name: 'sessions: keeps a breaker only over the version before it',
    check: async (store) => {
      const first = opened('model:m')
      const held = stepBreaker(first, { kind: 'hold', by: 'anna', note: null, at: NOON + 1 })
      const released = stepBreaker(first, { kind: 'release', at: NOON + 2 })
      assert.equal(await store.changeBreaker(held), false)
      assert.equal(await store.changeBreaker(first), true)
      assert.equal(await store.changeBreaker(first), false)
      assert.equal(await store.changeBreaker(held), true)
      assert.equal(await store.changeBreaker(released), false)
      assert.deepEqual(await store.readBreakers(['model:m']), [held])
    },
  },
  {
    name: 'sessions: lets one call alone be the probe, and loses no change of many at once',
    check: async (store) => {
      await change(store, 'team:t', { kind: 'trip', cause: { kind: 'loop', stops: 3 }, at: NOON, coolDownMs: 1_000 })
      const at = NOON + HOUR_MS
      const calls = Array.from({ length: 12 }, (_, index) => `c${index}`)
      await Promise.all(calls.map((call) => change(store, 'team:t', { kind: 'probe', call, at })))
      const [breaker] = await store.readBreakers(['team:t'])
      assert.equal(breaker?.state.kind, 'half-open')
      assert.equal(breaker?.version, 2)
      const holds = calls.map((by) => ({ kind: 'hold', by, note: null, at }) as const)
      await Promise.all(holds.map((event) => change(store, 'team:t', event)))
      assert.equal((await store.readBreakers(['team:t']))[0]?.version, 14)
    },
  },
  {
    name: 'sessions: lists breakers that are not closed, the last changed first, up to a limit',
    check: async (store) => {
      for (const [key, at] of [
        ['session:old', NOON],
        ['session:new', NOON + 2],
        ['session:b', NOON + 1],
      ] as const) {
        await store.changeBreaker(opened(key, at))
      }
      await change(store, 'session:b', { kind: 'release', at: NOON + 5 })
      const keys = async (limit: number) => (await store.listBreakers(limit)).map(({ key }) => key)
      assert.deepEqual(await keys(10), ['session:new', 'session:old'])
      assert.deepEqual(await keys(1), ['session:new'])
    },
  },
]

const sampleChecks: readonly SessionCheck[] = [
  {
    name: 'sessions: sums up what others counted by span, each in its newest word',
    check: async (store) => {
      await store.putSamples('a', [sample('key:k', 0), sample(ODD, 0, { errors: 1 })])
      await store.putSamples('b', [sample('key:k', 0, { calls: 5 }), sample('key:k', 1)])
      await store.putSamples('a', [sample('key:k', 0, { cost: nanoUsd(9), loopStops: 2 })])
      await store.putSamples('a', [])
      const keys = ['key:k', ODD]
      const all = await store.readSamples({ keys, since: NOON - 1, exceptOwner: 'c' })
      const sum = sample('key:k', 0, { cost: nanoUsd(16), calls: 6, loopStops: 2 })
      assert.deepEqual(new Set(all), new Set([sum, sample('key:k', 1), sample(ODD, 0, { errors: 1 })]))
      assert.deepEqual(await store.readSamples({ keys: ['key:k'], since: NOON, exceptOwner: 'a' }), [
        sample('key:k', 1),
      ])
      assert.deepEqual(await store.readSamples({ keys: ['key:k'], since: NOON - 1, exceptOwner: 'b' }), [
        sample('key:k', 0, { cost: nanoUsd(9), loopStops: 2 }),
      ])
      assert.deepEqual(await store.readSamples({ keys: [], since: 0, exceptOwner: '' }), [])
    },
  },
  {
    name: 'sessions: gives samples by the key that is asked for, whatever characters a database can keep',
    check: async (store) => {
      const key = 'model:half \ud83d, and \0'
      await store.putSamples('a', [sample(key, 0)])
      assert.deepEqual(await store.readSamples({ keys: [key], since: 0, exceptOwner: '' }), [sample(key, 0)])
    },
  },
  {
    name: 'sessions: forgets samples of spans that began before a moment',
    check: async (store) => {
      await store.putSamples('a', [sample('key:k', 0), sample('key:k', 1)])
      await store.forgetSamples(NOON + 1)
      assert.deepEqual(await store.readSamples({ keys: ['key:k'], since: 0, exceptOwner: '' }), [sample('key:k', 1)])
    },
  },
]

const agentChecks: readonly SessionCheck[] = [
  {
    name: 'sessions: finds the agent that the newest answer asked for calls',
    check: async (store) => {
      const asking = { ...agent('s', 'thread'), asked: { message: ODD, rounds: [] } }
      await store.changeAgent(agent('s'))
      await store.changeAgent(asking)
      assert.deepEqual(await store.findAsker(ODD), asking)
      assert.equal(await store.findAsker('msg_other'), null)
      const next = { ...asking, version: 2, asked: { message: 'msg_2', rounds: [] } }
      await store.changeAgent(next)
      assert.equal(await store.findAsker(ODD), null)
      assert.deepEqual(await store.findAsker('msg_2'), next)
    },
  },
  {
    name: 'sessions: remembers agents apart, each as it was',
    check: async (store) => {
      const main = looping({ ...agent('s'), nudges: [{ message: 3, anchor: 'call:x', text: ODD }] })
      const sub = {
        ...agent('s', 'sub'),
        rounds: [{ id: 'a', cost: nanoUsd(9_007_199_254_740_991) }],
        detector: { a: [1] },
      }
      assert.equal(await store.findAgent(main), null)
      assert.equal(await store.changeAgent(main), true)
      assert.equal(await store.changeAgent(sub), true)
      assert.deepEqual(await store.findAgent({ session: 's', agent: '' }), main)
      assert.deepEqual(await store.findAgent({ session: 's', agent: 'sub' }), sub)
      assert.equal(await store.findAgent({ session: '', agent: 's' }), null)
    },
  },
  {
    name: 'sessions: keeps the memory of an agent only over the version before it',
    check: async (store) => {
      const first = agent('s')
      const next = { ...rememberCost(first, nanoUsd(5)), version: 2 }
      assert.equal(await store.changeAgent(next), false)
      assert.equal(await store.changeAgent(first), true)
      const both = await Promise.all([store.changeAgent(next), store.changeAgent({ ...next, count: 7 })])
      assert.deepEqual(both.toSorted(), [false, true])
      assert.equal((await store.findAgent(first))?.unplaced, 5)
    },
  },
  {
    name: 'sessions: keeps names that no database could keep as they are',
    check: async (store) => {
      const odd = agent('a\0b\ud800', '🙂')
      assert.equal(await store.changeAgent(odd), true)
      assert.equal((await store.findAgent(odd))?.version, 1)
    },
  },
  {
    name: 'sessions: replaces what an operator said of a session',
    check: async (store) => {
      assert.equal(await store.findMark('s'), null)
      await store.putMark(mark('s'))
      const later = mark('s', { resumedAt: 0, isExempt: true, by: ODD, at: NOON + 1 })
      await store.putMark(later)
      assert.deepEqual(await store.findMark('s'), later)
    },
  },
  {
    name: 'sessions: lists sessions with what is known of them, the last seen first',
    check: async (store) => {
      await store.changeAgent(agent('quiet', '', NOON))
      await store.changeAgent(looping(agent('busy', '', NOON + 1)))
      await store.changeAgent(agent('busy', 'sub', NOON + 3))
      await store.putMark(mark('busy', { at: NOON + 9 }))
      await store.putMark(mark('marked', { isExempt: true, at: NOON + 2 }))
      const rows = await store.listSessions(10)
      assert.deepEqual(rows, [
        { session: 'busy', agents: 2, seenAt: NOON + 3, isLooping: true, mark: mark('busy', { at: NOON + 9 }) },
        { session: 'marked', agents: 0, seenAt: NOON + 2, isLooping: false, mark: rows[1]?.mark },
        { session: 'quiet', agents: 1, seenAt: NOON, isLooping: false, mark: null },
      ])
      assert.equal(rows[1]?.mark?.isExempt, true)
      assert.deepEqual(await store.listSessions(1), rows.slice(0, 1))
    },
  },
  {
    name: 'sessions: forgets what is old, and nothing that still matters',
    check: async (store) => {
      await store.changeAgent(agent('old', '', NOON))
      await store.changeAgent(agent('alive', '', NOON))
      await store.changeAgent(agent('alive', 'sub', NOON + HOUR_MS))
      await store.putMark(mark('old'))
      await store.putMark(mark('alive'))
      await store.changeBreaker(opened('session:open'))
      await store.changeBreaker(opened('session:closed'))
      await change(store, 'session:closed', { kind: 'release', at: NOON })
      await store.forgetSessions(NOON + 1)
      assert.deepEqual(
        (await store.listSessions(10)).map(({ session, agents }) => [session, agents]),
        [['alive', 1]],
      )
      assert.equal((await store.findMark('alive'))?.resumedAt, NOON)
      assert.equal(await store.findMark('old'), null)
      const left = await store.readBreakers(['session:open', 'session:closed'])
      assert.deepEqual(
        left.map(({ key }) => key),
        ['session:open'],
      )
    },
  },
]

/** The checks, each for a store of its own. */
export const sessionSuite: readonly SessionCheck[] = [...breakerChecks, ...sampleChecks, ...agentChecks]
