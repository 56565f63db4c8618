import { describe, expect, it } from 'vitest'
import { scanCall } from '../body/scan.js'
import { type NanoUsd, nanoFromPico, nanoUsd, parseUsd } from '../cost/money.js'
import { loadPriceBook } from '../cost/price.js'
import { priceList } from '../cost/price-list.js'
import { openQuantileBook } from '../tokens/quantile-book.js'
import { type Fit, fitLastReserve, fitReserve, planReserve, type Reserve } from './reserve.js'
import { mustCut, nextExtension } from './reserve-stream.js'

const book = loadPriceBook(priceList)
const MODEL = 'claude-opus-5-5'
const SCOPE = { scope: null, model: MODEL }
const FACTS = {
  book,
  unknownModel: 'dearest',
  atMs: Date.UTC(2026, 10, 26),
  maxOutput: 128_000,
  usualGeo: null,
} as const
/** Tokens that arrive at once, and that an upstream generates before it notices an abort. */
const STEP = 32

interface Asked {
  readonly input: number
  readonly wanted: number
  readonly isCuttable: boolean
}

interface Running extends Asked {
  readonly reserve: Reserve
  readonly length: number
  output: number
  held: NanoUsd
  isTight: boolean
}

interface Play {
  readonly limit: NanoUsd
  readonly atOnce: number
  readonly calls: number
  /** Which calls can be cut. */
  readonly isCuttable: (n: number) => boolean
}

/** Chance with a memory: the same calls on every run. */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** What a call really costs: Opus 5.5, $4 in and $20 out per million. */
const costOf = (input: number, output: number): NanoUsd =>
  nanoFromPico(4_000_000n * BigInt(input) + 20_000_000n * BigInt(output))

/** Plans a call with `max_tokens: 128000` whose prompt may be three times as long as it is. */
function plan({ input, isCuttable }: Asked, expectedOutput: number, shortOutput: number): Reserve {
  const body = JSON.stringify({ model: MODEL, max_tokens: 128_000, stream: isCuttable, messages: [] })
  const view = scanCall(new TextEncoder().encode(body))
  return planReserve({ ...FACTS, view, inputBound: input * 3, expectedOutput, shortOutput, isCuttable })
}

/**
 * Plays calls against one budget, many at a time. A call that finds the money held by others waits for it; it is refused
 * once the money has been spent.
 */
function rehearse({ limit, atOnce, calls, isCuttable }: Play) {
  const random = chance(7)
  const learned = openQuantileBook()
  const tally = { spent: 0, held: 0, refused: 0, cut: 0, falselyCut: 0, clamped: 0, extensions: 0, done: 0 }
  const running: Running[] = []
  const over = { held: 0, spent: 0, spentAtRefusal: limit as number }

  /** Half of what running calls hold is kept for them; once no more than that can come back, all else will do. */
  const fitInto = (reserve: Reserve): Fit => {
    const room = { shared: nanoUsd(limit - tally.spent - Math.ceil(tally.held * 1.5)), own: null }
    return tally.spent + reserve.least > limit ? fitLastReserve(reserve, room) : fitReserve(reserve, room)
  }

  const begin = (asked: Asked): 'begun' | 'waits' | 'refused' => {
    const reserve = plan(asked, learned.expect(SCOPE), learned.expectShort(SCOPE))
    const fit = fitInto(reserve)
    if (fit.kind === 'hold') {
      if (fit.maxTokens !== null && fit.maxTokens < asked.wanted) tally.clamped += 1
      tally.held += fit.amount
      const length = Math.min(asked.wanted, fit.maxTokens ?? 128_000)
      const bounded = fit.maxTokens === null ? reserve : { ...reserve, worst: fit.amount, maxTokens: fit.maxTokens }
      running.push({ ...asked, reserve: bounded, length, output: 0, held: fit.amount, isTight: false })
      return 'begun'
    }
    if (tally.spent + reserve.last <= limit) return 'waits'
    over.spentAtRefusal = Math.min(over.spentAtRefusal, tally.spent)
    tally.refused += 1
    return 'refused'
  }

  const end = (call: Running, billed: number, isShort: boolean): void => {
    running.splice(running.indexOf(call), 1)
    tally.held -= call.held
    tally.spent += costOf(call.input, billed)
    tally.done += 1
    learned.learn(SCOPE, call.output, isShort)
  }

  const advance = (call: Running): void => {
    call.output = Math.min(call.length, call.output + STEP)
    if (call.output === call.length) {
      end(call, call.output, call.length < call.wanted)
      return
    }
    const metered = { cost: costOf(call.input, call.output), output: call.output, burst: 0 }
    const amount = call.isCuttable ? nextExtension(metered, call, call.isTight) : null
    if (amount === null) return
    if (tally.spent + tally.held + amount <= limit) {
      tally.held += amount
      tally.extensions += 1
      call.held = nanoUsd(call.held + amount)
    } else if (!mustCut(metered, call)) call.isTight = true
    else {
      tally.cut += 1
      if (tally.spent + costOf(call.input, call.wanted) <= limit) tally.falselyCut += 1
      end(call, Math.min(call.length, call.output + STEP), true)
    }
  }

  let next: Asked | null = null
  for (let begun = 0; begun < calls || running.length > 0; ) {
    while (running.length < atOnce && begun < calls) {
      // Most answers are short, some are long.
      next ??= {
        input: 200 + Math.floor(random() * 2_000),
        wanted: Math.ceil(80 * Math.exp(random() * 4)),
        isCuttable: isCuttable(begun),
      }
      if (begin(next) === 'waits') break
      next = null
      begun += 1
    }
    const call = running[Math.floor(random() * running.length)]
    if (call !== undefined) advance(call)
    expect(tally.spent + tally.held).toBeLessThanOrEqual(limit)
    over.held += tally.held
    over.spent += running.reduce((sum, { input, output }) => sum + costOf(input, output), 0)
  }
  return { ...tally, usedAtRefusal: over.spentAtRefusal / limit, heldPerDollar: over.held / over.spent }
}

describe('many calls at once against one budget', () => {
  it.each([
    ['0.05', 20, 'streams', 0.75, () => true],
    ['1', 200, 'streams', 0.97, () => true],
    ['20', 200, 'streams', 0.99, () => true],
    ['1', 200, 'some of them plain', 0.95, (n: number) => n % 3 > 0],
    ['20', 200, 'some of them plain', 0.99, (n: number) => n % 3 > 0],
    ['20', 200, 'all plain', 0.99, () => false],
  ] as const)(
    'use up $%s, %i at a time, %s, before the first is refused, and never more',
    (limit, atOnce, _, least, isCuttable) => {
      const outcome = rehearse({ limit: parseUsd(limit), atOnce, calls: 3_000, isCuttable })
      expect(outcome.usedAtRefusal).toBeGreaterThan(least)
      expect(outcome.refused).toBeGreaterThan(0)
      expect(outcome.held).toBe(0)
      // Cut although the money was there, only held by others.
      expect(outcome.falselyCut).toBeLessThanOrEqual(outcome.done / 100)
      expect(outcome.heldPerDollar).toBeLessThan(8)
    },
  )
})
