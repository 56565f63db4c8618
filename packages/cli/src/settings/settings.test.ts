import { engineDefaults } from '@runguard/sdk/engine'
import { expect, test } from 'vitest'
import { chooseSettings, settingsFromFile } from './settings.js'

const file = {
  path: 'runguard.yaml',
  config: { budgets: [], mode: 'observe', onStoreFailure: 'pass', waitForMoneyMs: 2_500 },
} as const

test('a flag comes before the file, the file before the defaults', () => {
  expect(chooseSettings({}, null)).toEqual(engineDefaults)
  expect(chooseSettings({ mode: 'enforce' }, file)).toEqual({
    ...engineDefaults,
    mode: 'enforce',
    onStoreFailure: 'pass',
    waitForMoneyMs: 2_500,
  })
})

test('what the file says of loops and breakers is in force', () => {
  const loops = { ...engineDefaults.loops, mode: 'observe' } as const
  const breaker = { ...engineDefaults.breaker, coolDownMs: 1_000 }
  const said = { path: 'runguard.yaml', config: { budgets: [], loops, breaker } }
  expect(chooseSettings({}, said)).toEqual({ ...engineDefaults, loops, breaker })
  expect(settingsFromFile({}, said)).toEqual(['loops observe', 'breaker enforce'])
})

test('what the file decided is told in its own words, and nothing that a flag decided', () => {
  expect(settingsFromFile({}, file)).toEqual(['mode observe', 'onStoreFailure pass', 'waitForMoney 2.5 s'])
  expect(settingsFromFile({ mode: 'observe', onStoreFailure: 'refuse' }, file)).toEqual(['waitForMoney 2.5 s'])
  expect(settingsFromFile({}, null)).toEqual([])
})
