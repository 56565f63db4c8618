import { describe, expect, it } from 'vitest'
import { readConfig } from '../config/config.js'
import { secretPlaces } from '../config/secret-places.js'

const problemsOf = (input: unknown): string[] => {
  const reading = readConfig(input)
  return reading.kind === 'problems' ? reading.problems.map(({ path, message }) => `${path}: ${message}`) : []
}
const read = (input: unknown) => {
  const reading = readConfig(input)
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  return reading.config
}

const channels = {
  ops: { kind: 'slack', url: 'https://hooks.example.com/services/T/B/x' },
  night: { kind: 'pagerduty', routingKey: 'r'.repeat(32), region: 'eu' },
  hook: { kind: 'webhook', url: 'http://127.0.0.1:9/in', secret: 's'.repeat(16) },
  mail: {
    kind: 'email',
    host: 'mail.example.com',
    from: 'rg@example.com',
    to: ['ops@example.com'],
    user: 'u',
    password: 'p',
  },
}

describe('alerts in a configuration', () => {
  it('go everywhere from warnings on if nothing is said of it', () => {
    const { alerts } = read({ alerts: { channels } })
    expect(alerts?.channels.map(({ name, kind }) => [name, kind])).toEqual([
      ['ops', 'slack'],
      ['night', 'pagerduty'],
      ['hook', 'webhook'],
      ['mail', 'email'],
    ])
    expect(alerts?.channels[1]).toMatchObject({ url: 'https://events.eu.pagerduty.com/v2/enqueue' })
    expect(alerts?.channels[3]).toMatchObject({ port: 587, security: 'starttls', login: { user: 'u', password: 'p' } })
    expect(alerts?.rules).toEqual([
      { send: ['ops', 'night', 'hook', 'mail'], kinds: null, least: 'warning', about: null },
    ])
    expect(alerts).toMatchObject({ giveUpAfterMs: 86_400_000, watch: { priceAgeDays: 60 } })
  })

  it('can be watched for less, or not at all', () => {
    const watch = { spendVelocity: { factor: 2, least: '$1' }, cacheDrop: false, priceAgeDays: false }
    expect(read({ alerts: { watch } }).alerts?.watch).toEqual({
      spendVelocity: { factor: 2, least: 1_000_000_000 },
      cacheDrop: null,
      priceAgeDays: null,
    })
    expect(read({ alerts: { watch: { cacheDrop: false } } }).alerts?.watch.spendVelocity?.factor).toBe(4)
  })

  it('name every mistake with its place', () => {
    const rules = [{ send: ['opps'] }, { send: ['ops'], kinds: ['budgets'], severity: 'bad' }]
    const problems = problemsOf({
      alerts: { channels: { ...channels, 'bad name!': channels.ops }, rules, chanels: {} },
    })
    expect(problems.join('\n')).toContain('alerts: unknown key "chanels", did you mean "channels"?')
    expect(problemsOf({ alerts: { channels, rules: [{ send: ['opps'] }] } })).toEqual([
      'alerts.rules[0].send: no channel has the name "opps"',
    ])
    expect(problemsOf({ alerts: { channels, rules: [{ send: ['ops'], kinds: ['budgets'] }] } })[0]).toContain(
      'did you mean "budget"?',
    )
  })

  it('are not sent in the clear to another machine, and no message shows what was written', () => {
    for (const url of ['http://hooks.example.com/SECRET', 'ftp://x/SECRET', 'SECRET', '']) {
      const problems = problemsOf({ alerts: { channels: { ops: { kind: 'slack', url } } } })
      expect(problems).toEqual([expect.stringMatching(/^alerts\.channels\.ops\.url: must be an https address/)])
      expect(problems.join()).not.toContain('SECRET')
    }
    const short = problemsOf({ alerts: { channels: { hook: { ...channels.hook, secret: 'SECRET' } } } })
    expect(short).toEqual(['alerts.channels.hook.secret: must have 16 characters at least'])
  })
})

describe('secrets of a configuration', () => {
  it('are found wherever they stand', () => {
    const otlp = { endpoint: 'https://otel.example.com', headers: { authorization: 'x' } }
    const access = { requireKeys: true, adminToken: 'x', oidc: { clientSecret: 'x' } }
    expect(secretPlaces({ alerts: { channels }, telemetry: { otlp }, access })).toEqual([
      ['alerts', 'channels', 'ops', 'url'],
      ['alerts', 'channels', 'night', 'routingKey'],
      ['alerts', 'channels', 'hook', 'secret'],
      ['alerts', 'channels', 'mail', 'password'],
      ['access', 'adminToken'],
      ['access', 'oidc', 'clientSecret'],
      ['telemetry', 'otlp', 'headers', 'authorization'],
    ])
    for (const odd of [null, 7, [], { alerts: 'x' }, { alerts: { channels: [null, 3] } }])
      expect(secretPlaces(odd)).toEqual([])
  })
})

it('telemetry is exported every half minute if nothing is said', () => {
  expect(read({ telemetry: { otlp: { endpoint: 'http://localhost:4318' } } }).telemetry).toEqual({
    serviceName: 'runguard',
    otlp: { endpoint: 'http://localhost:4318', headers: {}, traces: true, metrics: true, intervalMs: 30_000 },
  })
  expect(problemsOf({ telemetry: { otlp: { endpoint: 'http://otel.example.com' } } })).toHaveLength(1)
})
