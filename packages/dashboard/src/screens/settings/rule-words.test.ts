import { expect, it } from 'vitest'
import { partsOf, ruleName, ruleValue } from './rule-words.js'

it('says rules in words', () => {
  const rules = [
    { key: 'unknownModel', value: 'dearest' },
    { key: 'loops.limits.repeat', value: 'notice 3, stop 5' },
    { key: 'loops.limits.spend', value: 'notice 5, stop never' },
    { key: 'loops.limits.growthTokens', value: '20000' },
    { key: 'loops.nudge', value: 'false' },
    { key: 'routing.tasks.code.review', value: 'medium' },
    { key: 'waitForMoney', value: '30s' },
    { key: 'defer.keepAnswers', value: '168h' },
    { key: 'routing.floor', value: '0.7' },
    { key: 'breaker.spendPerMinute.key', value: 'none' },
  ]
  expect(rules.map((rule) => [ruleName(rule), ruleValue(rule)])).toEqual([
    ['Model without a price', 'priced as the dearest of its line'],
    ['The same steps again, nothing new', 'told of at 3, stopped at 5'],
    ['Dollars a minute, over five', 'told of at 5, never stopped'],
    ['Tokens that count as growth', '20,000'],
    ['The model is told that it repeats itself', 'no'],
    ['Task code.review', 'medium'],
    ['Longest wait for money that is held', '30.0 s'],
    ['Answers are kept for', '7 d'],
    ['Least share of good answers', '70%'],
    ['Most a minute for a key', 'no limit'],
  ])
})

it('leaves those alone that it does not know, in a part of their own', () => {
  const rule = { key: 'new-part.rule', value: 'on-top' }
  expect([ruleName(rule), ruleValue(rule)]).toEqual(['new-part.rule', 'on-top'])
  expect(partsOf([{ key: 'mode', value: 'enforce' }, rule, { key: 'loops.mode', value: 'off' }, rule])).toEqual([
    { title: 'Every call', rules: [{ key: 'mode', value: 'enforce' }] },
    { title: 'new part', rules: [rule, rule] },
    { title: 'Loops', rules: [{ key: 'loops.mode', value: 'off' }] },
  ])
})
