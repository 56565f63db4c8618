import { expect, it } from 'vitest'
import { listenToText } from './streamed-text.js'
import { estimateHeardTokens } from './tokens.js'

const PROSE = 'The old lighthouse stood at the edge of the cliff, where the wind never slept. '
const DIGITS = '8305912746193058274610'

/** Streams such texts one after the other, in deltas of so many characters, as the API sends them. */
function stream(deltaChars: number, ...blocks: readonly (readonly [key: string, text: string])[]) {
  const ear = listenToText()
  let bytes = 0
  for (const [key, text] of blocks) {
    ear.restart(bytes)
    for (let at = 0; at < text.length; at += deltaChars) {
      const piece = text.slice(at, at + deltaChars)
      const isDue = ear.isDue(bytes)
      bytes += piece.length
      const data = JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'x', [key]: piece } })
      if (isDue) ear.hear(data, bytes)
    }
  }
  const shareOf = (kind: keyof typeof ear.tally) => ear.tally[kind] / bytes
  return { shareOf, tokens: (learned: number) => estimateHeardTokens(ear.tally, bytes, learned), bytes }
}

it.each([3, 12, 200])('prose and digits are told apart in deltas of %i characters', (deltaChars) => {
  expect(stream(deltaChars, ['text', PROSE.repeat(50)]).shareOf('prose')).toBeGreaterThan(0.95)
  expect(stream(deltaChars, ['text', DIGITS.repeat(200)]).shareOf('ids')).toBeGreaterThan(0.95)
})

it('digits that follow prose in the middle of a block are heard soon', () => {
  const { shareOf, bytes } = stream(12, ['text', PROSE.repeat(50) + DIGITS.repeat(200)])
  expect(shareOf('ids') * bytes).toBeGreaterThan(200 * DIGITS.length - 500)
})

it('of the input of tools only the worst is believed, and of thinking nothing', () => {
  expect(stream(12, ['partial_json', PROSE.repeat(50)]).tokens(3)).toBe(Math.ceil((50 * PROSE.length) / 2))
  expect(stream(12, ['partial_json', DIGITS.repeat(200)]).shareOf('ids')).toBeGreaterThan(0.95)
  expect(stream(12, ['signature', DIGITS.repeat(200)]).shareOf('ids')).toBe(0)
  expect(stream(12, ['text', PROSE], ['thinking', PROSE.repeat(50)]).shareOf('prose')).toBeLessThan(0.1)
})

it('what was learned counts for prose, and never for digits', () => {
  expect(stream(12, ['text', PROSE.repeat(50)]).tokens(2.7)).toBeLessThan((50 * PROSE.length) / 2.6)
  expect(stream(12, ['text', DIGITS.repeat(200)]).tokens(2.7)).toBeGreaterThan((200 * DIGITS.length) / 1.35)
  expect(stream(12, ['text', PROSE.repeat(50)]).tokens(1.2)).toBeGreaterThan((50 * PROSE.length) / 1.25)
})
