import { readFileSync } from 'node:fs'
import { compileBudgets, loadPriceBook, priceList } from '@runguard/sdk/core'
import { expect, it } from 'vitest'
import { CallSums } from '../src/telemetry/call-sums.js'
import { openMetrics } from '../src/telemetry/metrics.js'

const example = (name: string): string =>
  readFileSync(new URL(`../../../examples/grafana/${name}`, import.meta.url), 'utf8')

/** Every metric that is exported, with its labels, taken from what describes them. */
async function exported(): Promise<ReadonlySet<string>> {
  const metrics = openMetrics({
    sums: new CallSums(loadPriceBook(priceList)),
    version: 'test',
    balances: async () => [],
    budgets: () => compileBudgets([]),
    running: () => 0,
  })
  const types = (await metrics.text()).matchAll(/^# TYPE (\S+) (\S+)$/gm)
  return new Set(
    [...types].flatMap(([, name = '', type]) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name],
    ),
  )
}

/** Every expression of the board. */
function expressions(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    (key === 'expr' || key === 'definition') && typeof inner === 'string' ? [inner] : expressions(inner),
  )
}

const metricNames = (text: string): string[] => text.match(/\b(?:runguard|gen_ai)_[a-z_]+\b(?=[{[)\s,;]|$)/g) ?? []

it('the board shows nothing that is not exported', async () => {
  const known = await exported()
  const asked = expressions(JSON.parse(example('runguard.json')))
  expect(asked.length).toBeGreaterThan(20)
  const unknown = asked.flatMap(metricNames).filter((name) => !known.has(name))
  expect(unknown).toEqual([])
  expect(new Set(asked.flatMap(metricNames)).size).toBeGreaterThan(14)
})

it('its page names every metric, and no other', async () => {
  const known = new Set([...(await exported())].map((name) => name.replace(/_(?:bucket|sum|count)$/, '')))
  const page = example('README.md')
  const whole = [...page.matchAll(/`((?:runguard|gen_ai)_[a-z_]+)`/g)].map(([, name]) => name ?? '')
  const ends = [...page.matchAll(/`…(_[a-z_]+)`/g)].map(([, end]) => end ?? '')
  const named = (metric: string): boolean => whole.includes(metric) || ends.some((end) => metric.endsWith(end))
  expect([...known].filter((metric) => !named(metric))).toEqual([])
  const labels = ['gen_ai_request_model', 'gen_ai_token_type']
  expect(whole.filter((name) => !known.has(name) && !labels.includes(name))).toEqual([])
})

it('its configuration of Prometheus asks where the metrics are', () => {
  expect(example('prometheus.yml')).toContain('metrics_path: /runguard/metrics')
})
