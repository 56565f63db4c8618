import { expect, it } from 'vitest'
import { ruleWords } from './rule-words.js'

it('says rules in words, and leaves those alone that it does not know', () => {
  expect(ruleWords(['waitForMoney', '30000 ms'])).toEqual(['Wait for money', '30.0 s'])
  expect(ruleWords(['unknownModel', 'dearest'])).toEqual(['Model without a price', 'priced as the dearest of its line'])
  expect(ruleWords(['newRule', 'on-top'])).toEqual(['newRule', 'on top'])
})
