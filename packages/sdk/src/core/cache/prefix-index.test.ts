import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashWord, mixHash } from '../body/byte-hash.js'
import type { CacheTtl } from '../body/call.js'
import { PrefixIndex, type PrefixSpot } from './prefix-index.js'
import { type IndexedPrompt, isShortened, putInOrder } from './prefix-reading.js'

const MINUTE = 60_000

/** One block per letter, 1,000 tokens each; markers by index. */
function prompt(text: string, markers: Record<number, CacheTtl> = {}, space = 'w'): IndexedPrompt {
  let key = 0
  const blocks = [...text].map((letter, at) => {
    key = mixHash(key, hashWord(letter))
    return { key, position: at, canMark: true }
  })
  const endTokens = blocks.map((_, at) => (at + 1) * 1_000)
  const breakpoints = blocks.flatMap((_, block) => {
    const ttl = markers[block]
    return ttl === undefined ? [] : [{ block, ttl }]
  })
  return { space, blocks, endTokens, breakpoints, minimumTokens: 1_024 }
}

const knownOf = ({ block, entry, branches, isEnd, seenAtMs, gaps }: PrefixSpot) => {
  return { block, entry, branches, isEnd, seenAtMs, gaps }
}

function send(index: PrefixIndex, sent: IndexedPrompt, atMs: number) {
  const call = index.begin(sent, atMs)
  index.publish(call)
  return call.reading
}

describe('what a prompt finds', () => {
  it('is what an earlier one wrote at a breakpoint, and nothing else', () => {
    const index = new PrefixIndex()
    expect(send(index, prompt('abc', { 2: '5m' }), 0)).toMatchObject({ read: 0, write5m: 3_000, input: 0 })
    expect(index.look(prompt('abcd', { 3: '5m' }), 1)).toMatchObject({ read: 3_000, write5m: 1_000, readBlock: 2 })
    expect(index.look(prompt('abx', { 2: '5m' }), 1)).toMatchObject({ read: 0, write5m: 3_000 })
    expect(index.look(prompt('abcd'), 1)).toMatchObject({ read: 0, input: 4_000 })
  })

  it('is also what automatic caching wrote at a block that would not have been marked here', () => {
    const index = new PrefixIndex()
    const sent = prompt('abc', { 2: '5m' })
    const blocks = sent.blocks.map((block, at) => ({ ...block, canMark: at < 2 }))
    send(index, { ...sent, blocks }, 0)
    expect(index.look(prompt('abcd', { 3: '5m' }), 1).read).toBe(3_000)
  })

  it('is nothing before the first byte of the answer', () => {
    const index = new PrefixIndex()
    const call = index.begin(prompt('abc', { 2: '5m' }), 0)
    expect(index.look(prompt('abc', { 2: '5m' }), 10).read).toBe(0)
    expect(index.trace(prompt('abc')).at(-1)?.isPending).toBe(true)
    index.publish(call)
    expect(index.look(prompt('abc', { 2: '5m' }), 20).read).toBe(3_000)
  })

  it('is nothing after a request that failed', () => {
    const index = new PrefixIndex()
    index.abandon(index.begin(prompt('abc', { 2: '5m' }), 0))
    expect(index.look(prompt('abc', { 2: '5m' }), 10).read).toBe(0)
    expect(index.trace(prompt('abc')).at(-1)).toMatchObject({ isPending: false, entry: null })
  })

  it.each(['5m', '1h'] as const)('lives %s from the last request that read it', (ttl) => {
    const life = ttl === '5m' ? 5 * MINUTE : 60 * MINUTE
    const index = new PrefixIndex()
    const ask = prompt('abc', { 2: ttl })
    send(index, ask, 0)
    expect(send(index, ask, life).read).toBe(3_000)
    expect(index.look(ask, 2 * life).read).toBe(3_000)
    expect(index.look(ask, 2 * life + 1).read).toBe(0)
  })

  it('is looked for at 20 positions behind a breakpoint, itself included', () => {
    const index = new PrefixIndex()
    send(index, prompt('ab', { 1: '5m' }), 0)
    const more = 'abcdefghijklmnopqrstuvwxyz'
    expect(index.look(prompt(more, { 20: '5m' }), 1).read).toBe(2_000)
    expect(index.look(prompt(more, { 21: '5m' }), 1).read).toBe(0)
  })

  it('is no prefix below the minimum, and none of another space', () => {
    const index = new PrefixIndex()
    expect(send(index, prompt('a', { 0: '5m' }), 0)).toMatchObject({ write5m: 0, input: 1_000 })
    send(index, prompt('abc', { 2: '5m' }), 0)
    expect(index.look(prompt('abc', { 2: '5m' }, 'other'), 1).read).toBe(0)
  })

  it('is written for an hour up to the last such breakpoint, and for five minutes behind it', () => {
    const index = new PrefixIndex()
    const reading = send(index, prompt('abcde', { 1: '1h', 3: '5m' }), 0)
    expect(reading).toMatchObject({ read: 0, write1h: 2_000, write5m: 2_000, input: 1_000 })
    expect(index.look(prompt('abcde', { 1: '1h', 3: '5m' }), 6 * MINUTE)).toMatchObject({ read: 2_000, write5m: 2_000 })
  })

  it('is nothing for an hour where the front was too short by the count of the API, which is no broken word', () => {
    const index = new PrefixIndex()
    const sent = { ...prompt('abcdef', { 0: '1h', 5: '5m' }), minimumTokens: 950 }
    const call = index.begin(sent, 0)
    expect(call.reading).toMatchObject({ write1h: 1_000, write5m: 5_000 })
    const billed = { read: 0, write1h: 0, write5m: 5_600, input: 0 }
    expect(isShortened(sent, call.reading, billed)).toBe(false)
    expect(isShortened({ ...sent, minimumTokens: 500 }, call.reading, billed)).toBe(true)
    index.publish(call, billed)
    expect(index.trace(sent).map(({ entry }) => entry?.ttl ?? null)).toEqual([null, null, null, null, null, '5m'])
  })

  it('lives five minutes if the API says that it wrote for no longer, whatever was asked', () => {
    const index = new PrefixIndex()
    index.publish(index.begin(prompt('abc', { 2: '1h' }), 0), {
      read: 0,
      write5m: 3_000,
      write1h: 0,
      input: 0,
    })
    expect(index.look(prompt('abc', { 2: '1h' }), 5 * MINUTE + 1).read).toBe(0)
  })

  it('is also what somebody else wrote, once the API has read it', () => {
    const index = new PrefixIndex()
    // Counted by the API, a block has a tenth more tokens.
    const reported = { read: 2_200, write5m: 1_100, write1h: 0, input: 0 }
    index.publish(index.begin(prompt('abc', { 1: '1h', 2: '5m' }), 0), reported)
    const other = prompt('abx', { 2: '5m' })
    expect(index.look(other, 5 * MINUTE).read).toBe(2_000)
    expect(index.look(other, 5 * MINUTE + 1).read).toBe(0)
  })

  it('is forgotten where the API says that it was not there', () => {
    const index = new PrefixIndex()
    send(index, prompt('abcde', { 1: '1h', 3: '5m' }), 0)
    index.forget(prompt('abcde'), 2)
    expect(index.look(prompt('abcde', { 3: '5m' }), 1).read).toBe(2_000)
  })
})

describe('what is known of a prompt', () => {
  it('ends where it parts from all others, and shows where others part', () => {
    const index = new PrefixIndex()
    send(index, prompt('abcd'), 0)
    send(index, prompt('abxy'), MINUTE)
    const spots = index.trace(prompt('abcz'))
    expect(spots.map(({ branches }) => branches)).toEqual([1, 2, 1])
    expect(spots[0]).toMatchObject({ seenAtMs: MINUTE, gaps: { soon: 1, hour: 0, gone: 0 } })
    expect(index.trace(prompt('abxy')).at(-1)?.isEnd).toBe(true)
  })

  it('stays within its bounds, and loses first what was used least lately', () => {
    const index = new PrefixIndex(6)
    send(index, prompt('abcd'), 0)
    send(index, prompt('abxy'), 1)
    send(index, prompt('abcd'), 2)
    send(index, prompt('qr'), 3)
    expect(index.size).toBe(6)
    expect(index.trace(prompt('abcd'))).toHaveLength(4)
    expect(index.trace(prompt('abxy'))).toHaveLength(2)
  })

  it('is never more than its bounds, and never a prompt without its beginning', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(fc.array(text, { maxLength: 40 }), fc.integer({ min: 1, max: 15 }), (texts, max) => {
        const index = new PrefixIndex(max)
        texts.forEach((each, at) => {
          send(index, prompt(each, { [each.length - 1]: '5m' }), at)
          expect(index.size).toBeLessThanOrEqual(max)
          const spots = index.trace(prompt(each))
          expect(spots.map(({ block }) => block)).toEqual(spots.map((_, place) => place))
        })
      }),
    )
  })

  it('is the same whether or not it was asked for before the request, as planning does', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 12 })
    const call = fc.record({ text, asked: fc.array(text, { maxLength: 2 }), isAsked: fc.boolean() })
    fc.assert(
      fc.property(fc.array(call, { maxLength: 30 }), fc.integer({ min: 4, max: 40 }), (calls, max) => {
        const [asked, unasked] = [new PrefixIndex(max), new PrefixIndex(max)]
        for (const [at, { text: own, asked: others, isAsked }] of calls.entries()) {
          const sent = prompt(own, { [own.length - 1]: '5m' })
          if (isAsked) for (const other of [own, ...others]) asked.trace(other === own ? sent : prompt(other))
          expect(send(asked, sent, at)).toEqual(send(unasked, prompt(own, { [own.length - 1]: '5m' }), at))
          expect(asked.trace(sent).map(knownOf)).toEqual(unasked.trace(prompt(own)).map(knownOf))
        }
      }),
    )
  })

  it('bills every token once', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 30 })
    const ttls = fc.dictionary(fc.integer({ min: 0, max: 29 }).map(String), fc.constantFrom('5m', '1h'), { maxKeys: 4 })
    fc.assert(
      fc.property(fc.array(fc.tuple(text, ttls, fc.nat(400_000)), { maxLength: 20 }), (calls) => {
        const index = new PrefixIndex()
        let nowMs = 0
        for (const [each, markers, gap] of calls) {
          nowMs += gap
          const { read, write1h, write5m, input } = send(
            index,
            prompt(each, markers as Record<number, CacheTtl>),
            nowMs,
          )
          expect(read + write1h + write5m + input).toBe(each.length * 1_000)
          expect(Math.min(read, write1h, write5m, input)).toBeGreaterThanOrEqual(0)
        }
      }),
    )
  })
})

it('a list in prefix order has the last item of each block', () => {
  const item = fc.record({ block: fc.nat(6), name: fc.nat() })
  fc.assert(
    fc.property(fc.array(item, { maxLength: 12 }), (items) => {
      const list: { block: number; name: number }[] = []
      for (const each of items) putInOrder(list, each)
      const byBlock = new Map(items.map((each) => [each.block, each]))
      expect(list).toEqual([...byBlock.values()].sort((left, right) => left.block - right.block))
    }),
  )
})
