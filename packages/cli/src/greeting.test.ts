import { readConfig } from '@runguard/sdk/core'
import { expect, test } from 'vitest'
import { warnOfUnmatched } from './greeting.js'
import { openTerminal } from './terminal.js'

test('a store that goes away while the gateway greets does not end it', async () => {
  const reading = readConfig({ budgets: [{ scope: 'team:*', limit: '$1', window: 'day' }] })
  const budgets = reading.kind === 'config' ? reading.config.budgets : []
  const terminal = openTerminal(process.stdout, process.stderr, false)
  let asked = 0
  const listKeys = () => {
    asked += 1
    return Promise.reject(new Error('connection refused'))
  }
  const sourced = budgets.map((budget) => ({ budget, source: 'config' as const }))
  await expect(warnOfUnmatched(terminal, sourced, { listKeys })).resolves.toBeUndefined()
  expect(asked).toBe(1)
})
