import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashWord, mixHash } from '../body/byte-hash.js'
import type { BlockPart, CacheTtl } from '../body/call.js'
import { planCache, withMarks } from './cache-plan.js'
import { noteReturns, type PlannedPrompt } from './cache-spots.js'
import { defaultMode } from './caching.js'
import { PrefixIndex } from './prefix-index.js'
import { type Presence, ReturnBook } from './return-forecast.js'

const MINUTE = 60_000
const rates = { input: 100, read: 10, write5m: 125, write1h: 200 }

/** A capital is a tool, a digit a system text, a small letter a message, a dot thinking; 1,000 tokens each. */
function prompt(text: string, markers: Record<number, CacheTtl> = {}): PlannedPrompt {
  let key = 0
  const blocks = [...text].map((letter, at) => {
    key = mixHash(key, hashWord(letter))
    return { key, position: at, part: partOf(letter), canMark: letter !== '.' }
  })
  const endTokens = blocks.map((_, at) => (at + 1) * 1_000)
  const breakpoints = blocks.flatMap((_, block) => {
    const ttl = markers[block]
    return ttl === undefined ? [] : [{ block, ttl }]
  })
  return { space: 'w', blocks, endTokens, breakpoints, minimumTokens: 1_024 }
}

function partOf(letter: string): BlockPart {
  if (/[A-Z]/.test(letter)) return 'tools'
  return /\d/.test(letter) ? 'system' : 'messages'
}

/** A world with a clock: plans each prompt and sends it as planned. */
class World {
  readonly index = new PrefixIndex()
  readonly returns = new ReturnBook()
  nowMs = 0

  plan(sent: PlannedPrompt, presence: Presence | null = null, price = rates) {
    const facts = {
      prompt: sent,
      markerCount: sent.breakpoints.length,
      rates: price,
      index: this.index,
      returns: this.returns,
      presence,
      nowMs: this.nowMs,
    }
    return { facts, plan: planCache(facts) }
  }

  send(text: string, markers: Record<number, CacheTtl> = {}, presence: Presence | null = null) {
    const { facts, plan } = this.plan(prompt(text, markers), presence)
    noteReturns(facts, plan.story)
    this.index.publish(this.index.begin(withMarks(facts.prompt, plan.marks), this.nowMs))
    return plan
  }

  after(ms: number): this {
    this.nowMs += ms
    return this
  }
}

const marksOf = (plan: { marks: readonly { block: number; ttl: CacheTtl; reason: string }[] }) =>
  plan.marks.map(({ block, ttl, reason }) => `${block} ${ttl} ${reason}`)

describe('without any history', () => {
  it('an agent’s shared front is written for an hour, the end of its conversation for five minutes', () => {
    expect(marksOf(new World().send('AB12cd'))).toEqual(['1 1h front', '3 1h front', '5 5m tail'])
  })

  it('the tools are marked by themselves, for agents that have no more than them in common', () => {
    const world = new World()
    world.send('AB12cd')
    expect(world.after(MINUTE).send('AB3efg').planned.read).toBe(2_000)
  })

  it('a prompt without tools is taken for a one-off, and not written', () => {
    const plan = new World().send('1c')
    expect(plan.marks).toEqual([])
    expect(plan.gainPico).toBe(0)
  })

  it('a prompt without tools is written at once where its conversation is sure to go on', () => {
    const { marks, gainPico } = new World().send('1234c', {}, 'busy')
    expect(marks.at(-1)).toMatchObject({ block: 4, reason: 'tail' })
    expect(gainPico).toBeGreaterThan(0)
  })

  it('a conversation is written from its second turn on', () => {
    const world = new World()
    world.send('1c')
    expect(marksOf(world.after(MINUTE).send('1cde'))).toContain('3 5m tail')
  })

  it('nothing is written below the minimum of the model', () => {
    const world = new World()
    const short = { ...prompt('ABc'), minimumTokens: 4_096 }
    expect(world.plan(short).plan.marks).toEqual([])
  })
})

describe('with history', () => {
  it('a front that another prompt shares is marked where they part, also inside of the messages', () => {
    const world = new World()
    for (const end of 'xyz') world.after(MINUTE).send(`1ab${end}`)
    const plan = world.after(MINUTE).send('1abw')
    expect(marksOf(plan)).toContain('2 5m junction')
    expect(plan.planned.read).toBe(3_000)
  })

  it('prompts that never come back are not written any more, not even an agent’s', () => {
    const world = new World()
    for (const one of 'abcdefghijklmnopqrstuvwxyz') world.after(10 * MINUTE).send(`A1${one}${one}${one}`)
    const plan = world.after(10 * MINUTE).send('A1qwe')
    expect(marksOf(plan).filter((mark) => mark.includes('tail'))).toEqual([])
  })

  it('long pauses make an hour worth its price, once the old entries are dead', () => {
    const world = new World()
    let text = 'A1'
    for (const more of 'abcdefghijkl') {
      text += more
      world.after(20 * MINUTE).send(text)
    }
    expect(marksOf(world.after(20 * MINUTE).send(`${text}z`)).at(-1)).toBe('14 1h tail')
  })

  it('long pauses are left to pings where they keep the end of a conversation warm', () => {
    const world = new World()
    let text = 'A1'
    for (const more of 'abcdefghijkl') {
      text += more
      world.after(20 * MINUTE).send(text)
    }
    const { facts, plan } = world.after(61 * MINUTE).plan(prompt(`${text}z`))
    expect(marksOf(plan).at(-1)).toBe('14 1h tail')
    expect(marksOf(planCache({ ...facts, keepsWarm: true })).at(-1)).toBe('14 5m tail')
  })

  it('an entry that lives keeps its lifetime', () => {
    const world = new World()
    world.send('A1a')
    expect(marksOf(world.after(MINUTE).send('A1abc', {}, 'idle')).at(-1)).toBe('4 5m tail')
  })

  it('what stands before an end that changes with every turn is found all the same', () => {
    const world = new World()
    world.send('A1az')
    world.after(MINUTE).send('A1aby')
    expect(world.after(MINUTE).send('A1abcx').planned.read).toBe(3_000)
    expect(world.after(MINUTE).send('A1abcdw').planned.read).toBe(4_000)
  })

  it('an end that nobody goes on from is read, and not written', () => {
    const world = new World()
    world.send('A1ab')
    const plan = world.after(MINUTE).send('A1abcd', {}, 'closed')
    expect(plan.planned).toMatchObject({ read: 4_000, write5m: 0, write1h: 0, input: 2_000 })
  })

  it('a turn of many blocks still finds what was written before it', () => {
    const world = new World()
    world.send('A1ab')
    const plan = world.after(MINUTE).send('A1abcdefghijklmnopqrstuvwxyz')
    expect(marksOf(plan)).toContain('3 5m anchor')
    expect(plan.planned.read).toBe(4_000)
  })
})

describe('the caller’s own markers', () => {
  it('stay, and free slots are filled around them in the order that the API wants', () => {
    expect(marksOf(new World().send('A1ab', { 1: '5m' }))).toEqual(['3 5m tail'])
    expect(marksOf(new World().send('A1ab', { 2: '1h' }))).toEqual(['1 1h front', '3 5m tail'])
  })

  it('leave no room when there are four', () => {
    expect(new World().send('A1abcd', { 0: '1h', 1: '5m', 2: '5m', 3: '5m' }).marks).toEqual([])
  })

  it('decide what is done unasked', () => {
    expect([defaultMode(0), defaultMode(1)]).toEqual(['fill', 'explain'])
  })
})

it('a read price that is lower makes more prompts worth writing', () => {
  const world = new World()
  const cheap = { ...rates, write5m: 101, read: 1 }
  expect(world.plan(prompt('1ab')).plan.marks).toEqual([])
  expect(world.plan(prompt('1ab'), null, cheap).plan.marks).not.toEqual([])
})

it('every plan is one that the API takes, and reads no less than the request as it was sent', () => {
  const letters = fc.constantFrom('a', 'b', '.')
  const front = fc.constantFrom('', 'A', '1', 'AB', 'A12')
  const call = fc.record({
    text: fc.tuple(front, fc.string({ unit: letters, maxLength: 45 })).map((parts) => parts.join('')),
    hours: fc.uniqueArray(fc.nat(44), { maxLength: 4 }),
    longCount: fc.nat(4),
    gapMs: fc.nat(90 * MINUTE),
    presence: fc.constantFrom(null, 'busy', 'idle', 'closed'),
  })
  fc.assert(
    fc.property(fc.array(call, { maxLength: 12 }), (calls) => {
      const world = new World()
      for (const { text, hours, longCount, gapMs, presence } of calls) {
        const places = hours.filter((at) => at < text.length && text[at] !== '.').sort((a, b) => a - b)
        const own = Object.fromEntries(places.map((at, rank) => [at, rank < longCount ? '1h' : '5m'] as const))
        const plan = world.after(gapMs).send(text, own, presence)
        const all = { ...own, ...Object.fromEntries(plan.marks.map(({ block, ttl }) => [block, ttl])) }
        expect(Object.keys(all)).toHaveLength(places.length + plan.marks.length)
        expect(Object.keys(all).length).toBeLessThanOrEqual(4)
        const order = Object.keys(all).map((at) => all[Number(at)])
        expect(order.join(' ')).toMatch(/^(?:1h ?)*(?:5m ?)*$/)
        expect(plan.marks.every(({ block }) => text[block] !== '.')).toBe(true)
        expect(plan.planned.read).toBeGreaterThanOrEqual(plan.asSent.read)
        expect(plan.gainPico > 0).toBe(plan.marks.length > 0)
      }
    }),
  )
})
