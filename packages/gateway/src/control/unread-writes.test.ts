import { loadPriceBook, priceList } from '@runguard/sdk/core'
import type { CacheUseFacts } from '@runguard/sdk/store'
import { describe, expect, it } from 'vitest'
import { readUnread } from './unread-writes.js'

const book = loadPriceBook(priceList)
const MINUTE = 60_000
const since = Date.UTC(2026, 10, 27)
const until = since + 120 * MINUTE

function use(minute: number, session: string, used: Partial<CacheUseFacts>): CacheUseFacts {
  const nothing = { read: 0, write5m: 0, write1h: 0 }
  return { startedAt: since + minute * MINUTE, session, agent: '', model: 'claude-opus-5-5', ...nothing, ...used }
}

/** @param uses the oldest first */
async function readOf(uses: readonly CacheUseFacts[]) {
  const store = {
    listCacheUse: async ({ limit }: { readonly limit: number }) => uses.toReversed().slice(0, limit),
  }
  return await readUnread({ store, book, since, until, filter: {} })
}

describe('what was written and never read', () => {
  it('costs what writing costs more than plain input, and is told by session, the dearest first', async () => {
    const unread = await readOf([
      use(0, 'a', { write5m: 1_000_000 }),
      use(1, 'b', { write1h: 1_000_000 }),
      use(2, 'read', { write5m: 500 }),
      use(3, 'read', { read: 500 }),
      use(4, '', { write5m: 10, model: 'claude-never-heard' }),
    ])
    // $4 a million tokens of plain input: $5 to write for five minutes, $8 for an hour.
    expect(unread).toMatchObject({ since, calls: 5, tokens: 2_000_010, lostNano: 5_000_000_000 })
    expect(unread.sessions).toEqual([
      { session: 'b', tokens: 1_000_000, lostNano: 4_000_000_000 },
      { session: 'a', tokens: 1_000_000, lostNano: 1_000_000_000 },
      { session: null, tokens: 10, lostNano: 0 },
    ])
  })

  it('does not count what is still alive at the end, and not what another agent of the session wrote and read', async () => {
    const unread = await readOf([
      use(0, 's', { write5m: 70, agent: 'explore' }),
      use(1, 's', { write5m: 500 }),
      use(2, 's', { read: 70, agent: 'explore' }),
      use(118, 's', { write5m: 900 }),
    ])
    expect(unread).toMatchObject({ tokens: 500 })
  })

  it('looks at the newest calls where there are very many, and says since when', async () => {
    const many = Array.from({ length: 4_001 }, (_, index) => use(index / 100, 's', {}))
    expect(await readOf(many)).toMatchObject({ calls: 4_000, since: since + MINUTE / 100 })
    expect(await readOf([])).toEqual({ since, calls: 0, tokens: 0, lostNano: 0, sessions: [] })
  })
})
