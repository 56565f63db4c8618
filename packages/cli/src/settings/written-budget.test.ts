import { expect, it } from 'vitest'
import { changeBudget, dropOverride, overrideBudget } from './written-budget.js'

const stored = {
  id: 'team-day',
  written: {
    id: 'team-day',
    scope: 'user:*',
    window: 'day',
    limit: '$5',
    overrides: [{ scope: 'bo', limit: '$9' }],
    degrade: [{ at: 0.8, step: 'cheaper-tier', to: 'night' }],
  },
}

it('a kept budget whose ladder leads to a tier of the gateway alone can be changed where that tier is not known', () => {
  expect(changeBudget(stored, { limit: '$7' }).stored.written).toMatchObject({
    limit: '$7',
    degrade: [{ to: 'night' }],
  })
  expect(overrideBudget(stored, { scopeName: 'al', limit: '$1' }, 0).budget.overrides).toHaveLength(2)
  expect(dropOverride(stored, 'bo')?.budget.overrides).toHaveLength(0)
})

it('what else is wrong with a change is still said', () => {
  expect(() => changeBudget(stored, { limit: 'much' })).toThrow(/limit/)
})
