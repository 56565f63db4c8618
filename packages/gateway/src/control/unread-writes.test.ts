import { loadPriceBook, priceList } from '@runguard/sdk/core'
import { noNumbers, type TrafficFacts } from '@runguard/sdk/store'
import { describe, expect, it } from 'vitest'
import { readUnread } from './unread-writes.js'

const book = loadPriceBook(priceList)
const MINUTE = 60_000
const since = Date.UTC(2026, 10, 27)
const until = since + 120 * MINUTE

function use(minute: number, session: string, used: { read?: number; write5m?: number; write1h?: number }) {
  const names = { model: 'claude-opus-5-5', team: '', key: '', user: '', session, project: '', task: '' }
  const facts: TrafficFacts = {
    id: `${session}${minute}`,
    startedAt: since + minute * MINUTE,
    names,
    tags: [],
    agent: '',
    parentAgent: '',
    ending: 'exact',
    isLooping: false,
    missKind: '',
    missLostNano: 0,
    numbers: { ...noNumbers, calls: 1, exactCalls: 1, ...used },
  }
  return facts
}

async function readOf(facts: readonly TrafficFacts[], steps = [{ at: since, calls: facts.length }]) {
  const asked: { since: number; limit: number }[] = []
  const store = {
    listFacts: async (query: { readonly since: number; readonly limit: number }) => {
      asked.push(query)
      return facts.filter(({ startedAt }) => startedAt >= query.since).slice(0, query.limit)
    },
  }
  return { unread: await readUnread({ store, book, since, until, filter: {}, steps }), asked }
}

describe('what was written and never read', () => {
  it('costs what writing costs more than plain input, and is told by session, the dearest first', async () => {
    const { unread } = await readOf([
      use(0, 'a', { write5m: 1_000_000 }),
      use(1, 'b', { write1h: 1_000_000 }),
      use(2, 'read', { write5m: 500 }),
      use(3, 'read', { read: 500 }),
    ])
    // $4 a million tokens of plain input: $5 to write for five minutes, $8 for an hour.
    expect(unread).toMatchObject({ since, until, calls: 4, tokens: 2_000_000, lostNano: 5_000_000_000 })
    expect(unread.sessions).toEqual([
      { session: 'b', tokens: 1_000_000, lostNano: 4_000_000_000 },
      { session: 'a', tokens: 1_000_000, lostNano: 1_000_000_000 },
    ])
  })

  it('does not count what is still alive at the end, and calls whose bill nobody knows', async () => {
    const broken = use(3, 'a', { write5m: 70 })
    const { unread } = await readOf([
      { ...broken, numbers: { ...broken.numbers, exactCalls: 0 } },
      use(118, '', { write5m: 900 }),
    ])
    expect(unread).toMatchObject({ calls: 1, tokens: 0, lostNano: 0, sessions: [] })
  })

  it('looks at the newest calls where there are very many', async () => {
    const steps = [
      { at: since, calls: 90_000 },
      { at: since + 60 * MINUTE, calls: 4_000 },
      { at: since + 90 * MINUTE, calls: 999 },
    ]
    const { unread, asked } = await readOf([use(0, 'old', { write5m: 10 }), use(61, 'new', { write5m: 5 })], steps)
    expect(asked.map((query) => query.since)).toEqual([since + 60 * MINUTE])
    expect(unread).toMatchObject({ since: since + 60 * MINUTE, calls: 1, tokens: 5 })
    expect(unread.sessions.map(({ session }) => session)).toEqual(['new'])
  })

  it('says where it ended if even the last step holds more than can be looked at', async () => {
    const many = Array.from({ length: 5_001 }, (_, index) => ({ ...use(0, 's', {}), id: String(index) }))
    const { unread } = await readOf(many, [{ at: since, calls: 90_000 }])
    expect(unread).toMatchObject({ since, until: since, calls: 5_000 })
  })
})
