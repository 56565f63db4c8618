import { configJsonSchema, readConfig } from '@runguard/sdk/core'
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

/** Of each setting something else than the default, as a file says it. */
const unusual: Readonly<Record<string, unknown>> = {
  mode: 'observe',
  unknownModel: 'refuse',
  onStoreFailure: 'pass',
  waitForMoney: '1s',
  loops: { mode: 'off' },
  breaker: { mode: 'off' },
  caching: { mode: 'off' },
  routing: { mode: 'route' },
}

/** What a gateway takes from the file itself: `test/configuration.test.ts` shows each of them in force. */
const ofTheFile = ['budgets', 'store', 'defer', 'access', 'alerts', 'telemetry']

test('every key that a file may have is in force: a new one has to say here where', () => {
  const { properties } = configJsonSchema() as { readonly properties: object }
  expect([...ofTheFile, ...Object.keys(unusual)].sort()).toEqual(Object.keys(properties).sort())
  for (const [key, value] of Object.entries(unusual)) {
    const reading = readConfig({ [key]: value })
    if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
    const said = { path: 'runguard.yaml', config: reading.config }
    expect({ key, settings: chooseSettings({}, said) }).not.toEqual({ key, settings: engineDefaults })
    expect(settingsFromFile({}, said)).toEqual([expect.stringContaining(key)])
  }
})

test('what the file decided is told in its own words, and nothing that a flag decided', () => {
  expect(settingsFromFile({}, file)).toEqual(['mode observe', 'onStoreFailure pass', 'waitForMoney 2.5 s'])
  expect(settingsFromFile({ mode: 'observe', onStoreFailure: 'refuse' }, file)).toEqual(['waitForMoney 2.5 s'])
  expect(settingsFromFile({}, null)).toEqual([])
})
