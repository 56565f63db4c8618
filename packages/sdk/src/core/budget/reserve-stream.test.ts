import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addUsd, type NanoUsd, nanoFromPico, parseUsd } from '../cost/money.js'
import { costOfAnswer, type Reserve } from './reserve.js'
import { mustCut, nextExtension, unseenTokens } from './reserve-stream.js'

/** Opus 5.5: $20 per million tokens of output; a prompt of 10 cents. */
const reserve: Reserve = {
  wanted: parseUsd('0.12'),
  enough: parseUsd('0.10512'),
  least: parseUsd('0.10512'),
  last: parseUsd('0.10064'),
  worst: parseUsd('2.66'),
  isBounded: true,
  isCuttable: true,
  maxTokens: 128_000,
  hasExtraRuns: false,
  price: {
    inputPico: 100_000_000_000n,
    outputPico: 20_000_000n,
    tokenPico: 20_000_000n,
    fixedPico: 0n,
    fixedTokens: 0,
  },
}
const costOf = (output: number): NanoUsd => costOfAnswer(reserve.price, output)
const metered = (output: number, burst = 0) => ({ cost: costOf(output), output, burst })

/** Streams an answer in pieces; `grants` decides on each extension. */
function stream(sizes: readonly number[], grants: (amount: NanoUsd) => boolean, held = reserve.wanted) {
  const seen = { held, extensions: 0, output: 0, isCut: false }
  for (const size of sizes) {
    seen.output += size
    const amount = nextExtension(metered(seen.output), { reserve, held: seen.held })
    if (amount === null) continue
    expect(amount).toBeGreaterThan(0)
    if (grants(amount)) {
      seen.held = addUsd(seen.held, amount)
      seen.extensions += 1
    } else if (mustCut(metered(seen.output), { reserve, held: seen.held })) return { ...seen, isCut: true }
  }
  return seen
}
const pieces = (output: number, size: number): number[] => Array.from({ length: output / size }, () => size)

describe('the hold of a stream', () => {
  it('is not touched while the answer is as short as expected', () => {
    expect(nextExtension(metered(0), { reserve, held: reserve.wanted })).toBeNull()
    expect(stream(pieces(480, 4), () => false)).toMatchObject({ extensions: 0, isCut: false })
  })

  it('is extended a dozen times for the longest answer there is', () => {
    const { extensions, held } = stream(pieces(128_000, 32), () => true)
    expect(extensions).toBeLessThanOrEqual(12)
    expect(held).toBeLessThanOrEqual(reserve.worst)
  })

  it('is extended late and by little where more was refused before', () => {
    const left = (tokens: number) => nanoFromPico(reserve.price.outputPico * BigInt(tokens))
    const held = addUsd(costOf(1_000), left(300))
    expect(nextExtension(metered(1_000), { reserve, held })).toBeGreaterThan(left(1_000))
    expect(nextExtension(metered(1_000), { reserve, held }, true)).toBeNull()
    expect(nextExtension(metered(1_080), { reserve, held }, true)).toBeLessThan(left(256))
  })

  it('is not cut for lack of an extension once all it can cost is held', () => {
    expect(mustCut(metered(128_000), { reserve, held: reserve.worst })).toBe(false)
    expect(nextExtension(metered(127_990), { reserve, held: reserve.worst })).toBeNull()
  })

  it('that is refused more is used up before the cut, but for what an abort may still bill', () => {
    const { output, isCut, held } = stream(pieces(10_000, 8), () => false)
    expect(isCut).toBe(true)
    expect(costOf(output)).toBeLessThanOrEqual(held)
    // A thousand tokens were held; all but the 128 in hand were used.
    expect(output).toBeGreaterThanOrEqual(1_000 - 128 - 8)
    expect(output).toBeLessThanOrEqual(1_000 - 128 + 8)
  })

  it('that comes in bursts is cut while another one still fits', () => {
    const held = costOf(1_000)
    expect(mustCut(metered(500, 64), { reserve, held })).toBe(false)
    expect(mustCut(metered(500, 600), { reserve, held })).toBe(true)
    expect(nextExtension(metered(400, 600), { reserve, held }, true)).not.toBeNull()
  })

  it('goes on growing where the bill has no bound', () => {
    const unbounded = { ...reserve, isBounded: false }
    expect(nextExtension(metered(200_000), { reserve: unbounded, held: reserve.worst })).toBeGreaterThan(0)
    expect(mustCut(metered(200_000), { reserve: unbounded, held: reserve.worst })).toBe(true)
  })
})

describe('however an answer arrives', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 128 }), { minLength: 1, maxLength: 400 })

  it('what arrives is paid by what is held, and held in vain is at most half of the output and a little', () => {
    fc.assert(
      fc.property(sizes, fc.array(fc.boolean(), { minLength: 1 }), (answer, answers) => {
        let asked = 0
        const { output, held } = stream(answer, () => answers[asked++ % answers.length] === true)
        expect(costOf(output)).toBeLessThanOrEqual(held)
        const spare = held - Math.max(costOf(output), reserve.wanted)
        expect(spare).toBeLessThanOrEqual(20_000 * (Math.max(1_024, output / 2) + 512 + 1))
      }),
    )
  })
})

describe('thinking that is not shown', () => {
  it('is metered by the clock, faster at fast speed, and never below nothing', () => {
    expect(unseenTokens(2_000, 'standard')).toBe(500)
    expect(unseenTokens(2_000, 'fast')).toBeGreaterThan(unseenTokens(2_000, 'standard'))
    expect(unseenTokens(-5, 'standard')).toBe(0)
    expect(unseenTokens(0.1, 'standard')).toBe(1)
  })
})
