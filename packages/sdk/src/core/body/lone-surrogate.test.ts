import { expect, it } from 'vitest'
import { hasLoneSurrogate } from './lone-surrogate.js'

it.each([
  [String.raw`{"a":"\ud83d\ude00"}`, false],
  ['{"a":"😀"}', false],
  [String.raw`{"a":"\\ud800"}`, false],
  [String.raw`{"a":"\\\\\\ud800"}`, false],
  [String.raw`{"a":"\ud800"}`, true],
  [String.raw`{"a":"\uDE00\uD83D"}`, true],
  [String.raw`{"a":["\\\ud800"]}`, true],
  [String.raw`{"\ud800":1}`, true],
  [String.raw`"\ud800"`, true],
])('half a character is told from a whole one, and from a text about escapes: %s', (text, isHalf) => {
  expect(hasLoneSurrogate(text, JSON.parse(text))).toBe(isHalf)
})
