import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CacheablePrompt,
  type CacheBlock,
  type CacheReading,
  type Level,
  PromptCache,
  type Ttl,
} from './prompt-cache.js'

const minute = 60_000

/** `a b* c!` : a block per word; `*` marks it for 5 minutes, `!` for an hour; `(` and `)` put it in a run. */
function prompt(text: string, extra: Partial<CacheablePrompt> = {}): CacheablePrompt {
  const blocks = text.split(' ').map((word): CacheBlock => {
    const run = word.startsWith('(') ? 'call' : null
    return {
      level: 'messages',
      digest: word.replace(/[*!(]/g, ''),
      tokens: 100,
      run: word.startsWith(')') ? 'result' : run,
      ttl: ttlOf(word),
    }
  })
  return { namespace: 'n', seeds: { tools: '', system: '', messages: '' }, blocks, minimumTokens: 100, ...extra }
}

function ttlOf(word: string): Ttl | null {
  if (word.endsWith('!')) return '1h'
  return word.endsWith('*') ? '5m' : null
}

function send(cache: PromptCache, given: CacheablePrompt, atMs = 0): string {
  const reading = cache.look(given, atMs)
  cache.publish(reading)
  return show(reading)
}

function show(reading: CacheReading): string {
  return `read ${reading.readTokens} 1h ${reading.write1hTokens} 5m ${reading.write5mTokens} in ${reading.inputTokens}`
}

describe('the prompt cache', () => {
  it('writes up to the last breakpoint and reads it back', () => {
    const cache = new PromptCache()
    expect(send(cache, prompt('a b* c'))).toBe('read 0 1h 0 5m 200 in 100')
    expect(send(cache, prompt('a b* d'))).toBe('read 200 1h 0 5m 0 in 100')
  })

  it('has entries only where a breakpoint was', () => {
    const cache = new PromptCache()
    send(cache, prompt('a b c*'))
    expect(send(cache, prompt('a b* d'))).toBe('read 0 1h 0 5m 200 in 100')
  })

  it('reads an earlier turn by walking back from a new breakpoint', () => {
    const cache = new PromptCache()
    send(cache, prompt('a b*'))
    expect(send(cache, prompt('a b c d*'))).toBe('read 200 1h 0 5m 200 in 0')
  })

  it('misses everything after a block that changed', () => {
    const cache = new PromptCache()
    send(cache, prompt('a b c*'))
    expect(send(cache, prompt('a x c*'))).toBe('read 0 1h 0 5m 300 in 0')
  })

  it.each([
    [18, 'read 100'],
    [19, 'read 0'],
  ])('looks back over 20 positions, the breakpoint among them: %i blocks between', (between, expected) => {
    const cache = new PromptCache()
    send(cache, prompt('a*'))
    const filler = Array.from({ length: between }, (_, index) => `f${index}`)
    expect(send(cache, prompt(['a', ...filler, 'z*'].join(' ')))).toContain(expected)
  })

  it('counts a run of parallel calls as one position, and the run of their results as another', () => {
    const cache = new PromptCache()
    send(cache, prompt('a*'))
    const calls = Array.from({ length: 30 }, (_, index) => `(c${index}`)
    const results = Array.from({ length: 30 }, (_, index) => `)r${index}`)
    expect(send(cache, prompt(['a', ...calls, ...results, 'z*'].join(' ')))).toContain('read 100')
  })

  it('keeps nothing below the minimum, and says so with zeros', () => {
    const cache = new PromptCache()
    const short = prompt('a b*', { minimumTokens: 201 })
    expect(send(cache, short)).toBe('read 0 1h 0 5m 0 in 200')
    expect(cache.size).toBe(0)
    expect(send(cache, prompt('a b*', { minimumTokens: 200 }))).toBe('read 0 1h 0 5m 200 in 0')
  })

  it.each([
    ['a*', 5],
    ['a!', 60],
  ])('forgets %s after %i minutes, counted from the start of the request', (text, minutes) => {
    const cache = new PromptCache()
    send(cache, prompt(text), 0)
    expect(cache.look(prompt(text), minutes * minute).readTokens).toBe(100)
    const other = new PromptCache()
    send(other, prompt(text), 0)
    expect(other.look(prompt(text), minutes * minute + 1).readTokens).toBe(0)
  })

  it('renews what it reads, for free', () => {
    const cache = new PromptCache()
    for (let round = 0; round < 10; round += 1) {
      expect(send(cache, prompt('a*'), round * 4 * minute)).toContain(round === 0 ? 'read 0' : 'read 100')
    }
  })

  it('shows an entry only once the response that writes it has begun', () => {
    const cache = new PromptCache()
    const first = cache.look(prompt('a*'), 0)
    const second = cache.look(prompt('a*'), 1)
    expect([show(first), show(second)]).toEqual(['read 0 1h 0 5m 100 in 0', 'read 0 1h 0 5m 100 in 0'])
    cache.publish(first)
    expect(cache.look(prompt('a*'), 2).readTokens).toBe(100)
  })

  it('counts the life of an entry from the start of its request even when the response was slow', () => {
    const cache = new PromptCache()
    const slow = cache.look(prompt('a*'), 0)
    cache.publish(slow)
    expect(cache.look(prompt('a*'), 5 * minute + 1).readTokens).toBe(0)
  })

  it('writes five minutes anew where an expired hour was', () => {
    const cache = new PromptCache()
    send(cache, prompt('a!'), 0)
    send(cache, prompt('a*'), 61 * minute)
    expect(cache.look(prompt('a*'), 67 * minute).readTokens).toBe(0)
  })

  it('bills A, B and C: read, then an hour, then five minutes, then input', () => {
    const cache = new PromptCache()
    send(cache, prompt('a b!'))
    expect(send(cache, prompt('a b! c! d e* f'))).toBe('read 200 1h 100 5m 200 in 100')
  })

  it('bills no write for breakpoints inside what was read', () => {
    const cache = new PromptCache()
    send(cache, prompt('a b c*'))
    expect(send(cache, prompt('a! b c*'))).toBe('read 300 1h 0 5m 0 in 0')
  })

  it('shares nothing between namespaces', () => {
    const cache = new PromptCache()
    send(cache, prompt('a*'))
    expect(send(cache, prompt('a*', { namespace: 'other' }))).toContain('read 0')
  })

  it('loses a level and those after it when what the level depends on changes', () => {
    const levels = (system: string, messages: string): CacheablePrompt => ({
      ...prompt('t* s* m*'),
      seeds: { tools: '', system, messages },
      blocks: (['tools', 'system', 'messages'] as const).map((level) => ({
        level,
        digest: level,
        tokens: 100,
        run: null,
        ttl: '5m',
      })),
    })
    const cache = new PromptCache()
    send(cache, levels('1', '1'))
    expect(cache.look(levels('1', '1'), 0).readTokens).toBe(300)
    expect(cache.look(levels('1', '2'), 0).readTokens).toBe(200)
    expect(cache.look(levels('2', '1'), 0).readTokens).toBe(100)
  })
})

/* The same rules once more, written as slowly and plainly as possible. */

interface PlainEntry {
  readonly prefix: string
  ttl: Ttl
  renewedAtMs: number
}

const lifeMs = { '5m': 5 * minute, '1h': 60 * minute }
const levelOrder: readonly Level[] = ['tools', 'system', 'messages']

class PlainCache {
  entries: PlainEntry[] = []

  prefixAt(given: CacheablePrompt, index: number): string {
    const blocks = given.blocks.slice(0, index + 1)
    const reached = levelOrder.indexOf(blocks.at(-1)?.level ?? 'tools')
    const seeds = levelOrder.slice(0, reached + 1).map((level) => given.seeds[level])
    return JSON.stringify([given.namespace, seeds, blocks.map((block) => [block.level, block.digest])])
  }

  positionsBetween(given: CacheablePrompt, from: number, to: number): number {
    let positions = 1
    for (let index = to; index > from; index -= 1) {
      const [block, before] = [given.blocks[index], given.blocks[index - 1]]
      if (block?.run === null || block?.run !== before?.run) positions += 1
    }
    return positions
  }

  tokensAt(given: CacheablePrompt, index: number): number {
    return given.blocks.slice(0, index + 1).reduce((sum, { tokens }) => sum + tokens, 0)
  }

  look(given: CacheablePrompt, nowMs: number) {
    const marked = given.blocks.flatMap(({ ttl }, index) => (ttl === null ? [] : [index]))
    const active = marked.filter((index) => this.tokensAt(given, index) >= given.minimumTokens)
    let a = -1
    for (const breakpoint of active) {
      for (let index = breakpoint; index >= 0; index -= 1) {
        if (this.positionsBetween(given, index, breakpoint) > 20) break
        const entry = this.entries.find(({ prefix }) => prefix === this.prefixAt(given, index))
        if (entry === undefined || nowMs - entry.renewedAtMs > lifeMs[entry.ttl]) continue
        entry.renewedAtMs = Math.max(entry.renewedAtMs, nowMs)
        a = Math.max(a, index)
        break
      }
    }
    const later = active.filter((index) => index > a)
    const b = later.filter((index) => given.blocks[index]?.ttl === '1h').at(-1) ?? a
    const c = later.at(-1) ?? a
    const [atA, atB, atC] = [a, b, c].map((index) => this.tokensAt(given, index)) as [number, number, number]
    const total = this.tokensAt(given, given.blocks.length - 1)
    return { text: `read ${atA} 1h ${atB - atA} 5m ${atC - atB} in ${total - atC}`, given, later, nowMs }
  }

  publish({ given, later, nowMs }: ReturnType<PlainCache['look']>): void {
    for (const index of later) {
      const ttl = given.blocks[index]?.ttl ?? '5m'
      const prefix = this.prefixAt(given, index)
      const alive = this.entries.find(
        (entry) => entry.prefix === prefix && nowMs - entry.renewedAtMs <= lifeMs[entry.ttl],
      )
      this.entries = this.entries.filter((entry) => entry.prefix !== prefix)
      const longer = alive?.ttl === '1h' ? '1h' : ttl
      this.entries.push({ prefix, ttl: longer, renewedAtMs: Math.max(nowMs, alive?.renewedAtMs ?? 0) })
    }
  }
}

const block = fc.record({
  digest: fc.constantFrom('a', 'b'),
  tokens: fc.constantFrom(50, 100),
  run: fc.constantFrom('call', 'result', null, null),
  ttl: fc.constantFrom('5m', '1h', null, null, null),
  level: fc.constantFrom(0, 0, 0, 0, 1),
})

/** Prompts over a tiny alphabet, so that prefixes meet often; some long enough to outrun the lookback. */
const anyPrompt: fc.Arbitrary<CacheablePrompt> = fc
  .record({
    blocks: fc.oneof(
      fc.array(block, { minLength: 1, maxLength: 6 }),
      fc.array(block, { minLength: 18, maxLength: 26 }),
    ),
    system: fc.constantFrom('1', '2'),
    messages: fc.constantFrom('1', '2'),
    namespace: fc.constantFrom('n', 'n', 'n', 'm'),
  })
  .map(({ blocks, system, messages, namespace }) => {
    let depth = 0
    const placed = blocks.map((given): CacheBlock => {
      depth = Math.min(2, depth + given.level)
      const { digest, run, ttl } = given
      // Equal blocks weigh the same, as they do in any prompt.
      return { level: levelOrder[depth] ?? 'messages', digest, tokens: digest === 'a' ? 50 : 100, run, ttl }
    })
    return { namespace, seeds: { tools: '', system, messages }, blocks: placed, minimumTokens: 150 }
  })

const anyTraffic = fc.array(
  fc.record({
    given: anyPrompt,
    pauseMs: fc.constantFrom(0, minute, 5 * minute, 6 * minute, 60 * minute),
    delay: fc.nat(2),
  }),
  { minLength: 1, maxLength: 12 },
)

describe('the prompt cache, for any traffic', () => {
  it('bills exactly as the plain rules do, with overlapping requests too', () => {
    fc.assert(
      fc.property(anyTraffic, (traffic) => {
        const [fast, plain] = [new PromptCache(), new PlainCache()]
        const waiting: { due: number; publish: () => void }[] = []
        let nowMs = 0
        traffic.forEach(({ given, pauseMs, delay }, turn) => {
          nowMs += pauseMs
          for (const { due, publish } of waiting) if (due === turn) publish()
          const [reading, expected] = [fast.look(given, nowMs), plain.look(given, nowMs)]
          expect(show(reading)).toBe(expected.text)
          const publish = () => {
            fast.publish(reading)
            plain.publish(expected)
          }
          if (delay === 0) publish()
          else waiting.push({ due: turn + delay, publish })
        })
      }),
      { numRuns: 150 },
    )
  })

  it('bills every token once', () => {
    fc.assert(
      fc.property(anyTraffic, (traffic) => {
        const cache = new PromptCache()
        for (const { given } of traffic) {
          const reading = cache.look(given, 0)
          cache.publish(reading)
          const { readTokens, write1hTokens, write5mTokens, inputTokens } = reading
          const total = given.blocks.reduce((sum, { tokens }) => sum + tokens, 0)
          expect(readTokens + write1hTokens + write5mTokens + inputTokens).toBe(total)
          for (const part of [readTokens, write1hTokens, write5mTokens, inputTokens])
            expect(part).toBeGreaterThanOrEqual(0)
        }
      }),
    )
  })
})
