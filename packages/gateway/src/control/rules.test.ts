import { loadPriceBook, priceList, readConfig } from '@runguard/sdk/core'
import { engineDefaults } from '@runguard/sdk/engine'
import { expect, it } from 'vitest'
import { describeRules } from './rules.js'

const book = loadPriceBook(priceList)

/** The rules of a configuration as a map. */
function rulesOf(written: object): ReadonlyMap<string, string> {
  const reading = readConfig(written)
  if (reading.kind !== 'config') throw new Error(JSON.stringify(reading.problems))
  const { budgets, defer, ...config } = reading.config
  const rules = describeRules({ ...engineDefaults, ...config, book }, defer)
  expect(new Set(rules.map(({ key }) => key)).size).toBe(rules.length)
  return new Map(rules.map(({ key, value }) => [key, value]))
}

it('gives the defaults where nothing was said', () => {
  const rules = rulesOf({})
  expect(rules.get('mode')).toBe('enforce')
  expect(rules.get('waitForMoney')).toBe('30s')
  expect(rules.get('loops.limits.repeat')).toBe('notice 3, stop 5')
  expect(rules.get('breaker.spendPerMinute.key')).toBe('none')
  expect(rules.get('caching.mode')).toBe('default')
  expect(rules.get('routing.tasks.classify')).toBe('small')
  expect(rules.get('defer.flushAfter')).toBe('1m')
  expect(rules.get('defer.webhooks.hosts')).toBe('none')
})

it('gives what was said as it was written, and no secret', () => {
  const rules = rulesOf({
    mode: 'observe',
    waitForMoney: '1500ms',
    loops: { noticeLimit: '$2', limits: { repeat: { notice: 2, stop: null } }, tools: { Deploy: { class: 'write' } } },
    breaker: { spendPerMinute: { key: '$1.50' }, errors: { share: 0.25 } },
    caching: { mode: 'fill', keepWarm: { maxPerSession: '$0.10' } },
    routing: { mode: 'route', cascades: { classify: { tiers: ['small'], verify: { regex: '^(yes|no)$' } } } },
    defer: { webhooks: { hosts: ['hooks.example.com'], secret: 'a-secret-of-sixteen-letters' } },
  })
  expect(rules.get('mode')).toBe('observe')
  expect(rules.get('waitForMoney')).toBe('1500ms')
  expect(rules.get('loops.noticeLimit')).toBe('$2.00')
  expect(rules.get('loops.limits.repeat')).toBe('notice 2, stop never')
  expect(rules.get('loops.tools.Deploy.class')).toBe('write')
  expect(rules.get('breaker.spendPerMinute.key')).toBe('$1.50')
  expect(rules.get('breaker.errors')).toBe('share 0.25, calls 20')
  expect(rules.get('caching.keepWarm')).toBe('maxPerSession $0.10, maxPings 11')
  expect(rules.get('routing.cascades.classify')).toContain('verify regex ^(yes|no)$')
  expect(rules.get('defer.webhooks.hosts')).toBe('hooks.example.com')
  expect(JSON.stringify([...rules])).not.toContain('a-secret-of-sixteen')
})
