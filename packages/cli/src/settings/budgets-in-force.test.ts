import { readConfig } from '@runguard/sdk/core'
import { expect, it } from 'vitest'
import { mergeBudgets } from './budgets-in-force.js'

const written = {
  id: 'low',
  scope: 'everything',
  limit: '$1',
  window: 'day',
  degrade: [{ at: '80%', step: 'cheaper-tier', to: 'tiny' }],
}

it('a kept budget leads to a tier that the file names; where none does, it says so', () => {
  const reading = readConfig({ routing: { tiers: { tiny: 'claude-haiku-4-5' } } })
  if (reading.kind !== 'config') throw new Error(JSON.stringify(reading.problems))
  const kept = [{ id: 'low', written }]
  expect(mergeBudgets({ path: 'runguard.yaml', config: reading.config }, kept)).toMatchObject({
    budgets: [{ source: 'registry', budget: { id: 'low' } }],
    problems: [],
  })
  expect(mergeBudgets(null, kept)).toMatchObject({ budgets: [], problems: [expect.stringContaining('tiny')] })
})
