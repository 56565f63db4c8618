import { createHmac } from 'node:crypto'
import {
  type Alert,
  alertKinds,
  type ChannelConfig,
  type Delivery,
  openAlert,
  openDelivery,
  pagerDutyEvent,
  severities,
  slackMessage,
} from '@runguard/sdk/core'
import { systemRuntime } from '@runguard/sdk/engine'
import type { KnownBlock } from '@slack/types'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { type Received, startMailServer, startReceiver } from '../../test/receivers.js'
import { openChannel } from './channel.js'
import { httpSend, readRetryAfter } from './http-send.js'

const AT = Date.UTC(2026, 10, 27, 8)

const alert = openAlert(
  {
    key: 'budget|team:web/day|1|80|20000000000',
    kind: 'budget',
    severity: 'warning',
    about: 'team:web',
    title: '80% of the budget team:web/day is used',
    detail: '$16.02 of $20.00 are spent.',
    facts: [{ name: 'spent', value: 16_020_000_000, unit: 'nano-dollars' }],
    openedAt: AT,
    resolvesAt: AT + 1,
  },
  { id: 'rg_1', links: [{ text: 'Alerts', url: 'http://127.0.0.1:4141/runguard/alerts' }], auditHead: 'abc123' },
)

/** What Slack documents for an incoming webhook and its blocks. */
const plainText = (most: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: z.string().min(1).max(most), emoji: z.boolean().optional() })
const slackBlock = z.union([
  z.strictObject({ type: z.literal('header'), text: plainText(150) }),
  z.strictObject({
    type: z.literal('section'),
    text: z.union([
      plainText(3_000),
      z.strictObject({ type: z.literal('mrkdwn'), text: z.string().min(1).max(3_000) }),
    ]),
  }),
  z.strictObject({ type: z.literal('section'), fields: z.array(plainText(2_000)).min(1).max(10) }),
  z.strictObject({ type: z.literal('context'), elements: z.array(plainText(3_000)).min(1).max(10) }),
])
const slackPayload = z.strictObject({ text: z.string().min(1).max(40_000), blocks: z.array(slackBlock).min(1).max(50) })

/** What PagerDuty documents for an event of version 2. */
const pagerDutyTrigger = z.strictObject({
  routing_key: z.string().length(32),
  event_action: z.literal('trigger'),
  dedup_key: z.string().min(1).max(255),
  payload: z.strictObject({
    summary: z.string().min(1).max(1_024),
    source: z.string().min(1),
    severity: z.enum(['critical', 'error', 'warning', 'info']),
    timestamp: z.iso.datetime(),
    component: z.string(),
    class: z.string(),
    custom_details: z.record(z.string(), z.union([z.string(), z.number()])),
  }),
  links: z.array(z.strictObject({ href: z.url(), text: z.string() })),
  client: z.string(),
})
const pagerDutyOther = z.strictObject({
  routing_key: z.string().length(32),
  event_action: z.enum(['acknowledge', 'resolve']),
  dedup_key: z.string().min(1).max(255),
})
const pagerDutyPayload = z.union([pagerDutyTrigger, pagerDutyOther])

const ROUTING_KEY = 'r'.repeat(32)

/** Alerts with any names in them. */
const anyAlert: fc.Arbitrary<Alert> = fc
  .record({
    key: fc.string({ unit: 'binary', minLength: 1, maxLength: 1_500 }),
    kind: fc.constantFrom(...alertKinds),
    severity: fc.constantFrom(...severities),
    about: fc.string({ unit: 'binary', minLength: 1, maxLength: 500 }),
    title: fc.string({ unit: 'binary', minLength: 1, maxLength: 500 }),
    detail: fc.string({ unit: 'binary', maxLength: 4_000 }),
    facts: fc.array(
      fc.record({
        name: fc.string({ minLength: 1, maxLength: 40 }),
        value: fc.integer({ min: 0, max: 8_000_000_000_000 }),
        unit: fc.constantFrom('nano-dollars', 'percent', 'count', 'milliseconds', 'tokens', 'time'),
      }),
      { maxLength: 30 },
    ),
    openedAt: fc.nat(4_000_000_000_000),
    resolvesAt: fc.constant(null),
  })
  .map((draft) => openAlert(draft, { id: 'rg_1', links: [...alert.links], auditHead: 'abc' }))

const actions = fc.constantFrom('trigger', 'acknowledge', 'resolve')

describe('a message to Slack', () => {
  it('is one that Slack takes, whatever names are in it', () => {
    fc.assert(
      fc.property(anyAlert, actions, (any, action) => {
        const message = slackMessage(any, action)
        const blocks: readonly KnownBlock[] = message.blocks.map((block) => ({ ...block }) as KnownBlock)
        expect(blocks.length).toBeLessThanOrEqual(50)
        expect(slackPayload.safeParse(message).error).toBeUndefined()
      }),
    )
  })

  it('mentions and formats nothing that a name asks for', () => {
    const hostile = '<!channel> <https://evil.example|click> *bold* &amp;'
    const { text, blocks } = slackMessage({ ...alert, title: hostile, detail: hostile }, 'trigger')
    expect(text).toBe('Warning: &lt;!channel&gt; &lt;https://evil.example|click&gt; *bold* &amp;amp;')
    const formatted = blocks.filter((block) => 'text' in block && block.text.type === 'mrkdwn')
    expect(JSON.stringify(formatted)).not.toContain('evil')
  })
})

it('an event to PagerDuty is one that it takes, whatever names are in it', () => {
  fc.assert(
    fc.property(anyAlert, actions, (any, action) => {
      expect(pagerDutyPayload.safeParse(pagerDutyEvent(any, action, ROUTING_KEY)).error).toBeUndefined()
    }),
  )
})

const channelOf = (config: ChannelConfig) => {
  const runtime = systemRuntime()
  const send = httpSend(runtime)
  onTestFinished(() => send.close?.())
  return openChannel(config, { runtime, send })
}

const deliveryTo = (config: ChannelConfig, action: Delivery['action'] = 'trigger'): Delivery =>
  openDelivery('rg_d1', config, { alert, action, at: AT })

const json = ({ text }: Pick<Received, 'text'>): unknown => JSON.parse(text)

describe('a channel', () => {
  it('brings messages of all kinds to their receivers', async () => {
    const { url, received } = await startReceiver()
    const slack: ChannelConfig = { name: 'ops', kind: 'slack', url: `${url}/services/T/B/x` }
    const pager: ChannelConfig = { name: 'night', kind: 'pagerduty', url: `${url}/v2/enqueue`, routingKey: ROUTING_KEY }
    for (const config of [slack, pager]) {
      expect(await channelOf(config).deliver(deliveryTo(config))).toEqual({ kind: 'accepted', status: 200 })
    }
    expect(await channelOf(pager).deliver(deliveryTo(pager, 'resolve'))).toMatchObject({ kind: 'accepted' })
    expect(slackPayload.parse(json(received[0] ?? { text: '' })).text).toBe(
      'Warning: 80% of the budget team:web/day is used',
    )
    expect(pagerDutyTrigger.parse(json(received[1] ?? { text: '' })).payload.custom_details).toEqual({
      spent: '$16.02',
      'audit head': 'abc123',
    })
    expect(pagerDutyOther.parse(json(received[2] ?? { text: '' })).dedup_key).toBe(alert.key)
  })

  it('signs what it posts together with the time', async () => {
    const { url, received } = await startReceiver()
    const secret = 'a-secret-of-the-receiver'
    const config: ChannelConfig = { name: 'hook', kind: 'webhook', url: `${url}/in`, secret }
    await channelOf(config).deliver(deliveryTo(config))
    const [message] = received
    if (message === undefined) throw new Error('nothing came')
    const { headers, text } = message
    const timestamp = String(headers['x-runguard-timestamp'])
    const expected = createHmac('sha256', secret).update(`${timestamp}.${text}`).digest('hex')
    expect(headers['x-runguard-signature']).toBe(`v1=${expected}`)
    expect(Math.abs(Number(timestamp) - Date.now() / 1_000)).toBeLessThan(60)
    expect(headers['idempotency-key']).toBe('rg_d1')
    expect(json({ text })).toMatchObject({
      version: 1,
      delivery: 'rg_d1',
      action: 'trigger',
      alert: { id: 'rg_1', auditHead: 'abc123', openedAt: '2026-11-27T08:00:00.000Z', facts: [{ text: '$16.02' }] },
    })
  })

  it('tells what can be tried again from what cannot', async () => {
    const statuses: [number, string][] = [
      [500, 'failed'],
      [429, 'failed'],
      [401, 'failed'],
      [400, 'refused'],
      [410, 'refused'],
      [302, 'failed'],
    ]
    for (const [status, kind] of statuses) {
      const { url } = await startReceiver((_, response) => {
        response.writeHead(status, { 'retry-after': '7', location: 'http://evil.example/' }).end('invalid_payload')
      })
      const config: ChannelConfig = { name: 'hook', kind: 'webhook', url, secret: 's'.repeat(16) }
      const outcome = await channelOf(config).deliver(deliveryTo(config))
      expect([status, outcome.kind]).toEqual([status, kind])
      if (outcome.kind === 'failed') expect(outcome.retryAfterMs).toBe(7_000)
    }
    const gone = await startReceiver((_, response) => response.writeHead(404).end('no_service'))
    const slack: ChannelConfig = { name: 'ops', kind: 'slack', url: gone.url }
    expect(await channelOf(slack).deliver(deliveryTo(slack))).toMatchObject({
      kind: 'refused',
      error: 'HTTP 404: no_service',
    })
  })

  it('does not go where a receiver sends it', async () => {
    const elsewhere = await startReceiver()
    const { url } = await startReceiver((_, response) => response.writeHead(307, { location: elsewhere.url }).end())
    const config: ChannelConfig = { name: 'hook', kind: 'webhook', url, secret: 's'.repeat(16) }
    const outcome = await channelOf(config).deliver(deliveryTo(config))
    expect(outcome).toMatchObject({ kind: 'failed', error: 'HTTP 307, and redirects are not followed' })
    expect(elsewhere.received).toEqual([])
  })

  it('reads little of an answer without end', async () => {
    let written = 0
    const { url } = await startReceiver((_, response) => {
      response.writeHead(500)
      const more = (): void => {
        if (response.destroyed || written > 50_000_000) return
        written += 65_536
        if (response.write(Buffer.alloc(65_536, 97))) setImmediate(more)
        else response.once('drain', more)
      }
      more()
    })
    const config: ChannelConfig = { name: 'hook', kind: 'webhook', url, secret: 's'.repeat(16) }
    const outcome = await channelOf(config).deliver(deliveryTo(config))
    expect(outcome.kind === 'failed' && outcome.error.length).toBeLessThan(200)
    expect(written).toBeLessThan(50_000_000)
  })

  it('says nothing secret of what went wrong, whatever the receiver says', async () => {
    const { url } = await startReceiver(({ path, headers }, response) => {
      response.writeHead(500).end(`bad ${path} ${headers.host} ${headers['x-runguard-signature']} PLANTED-SECRET-KEY`)
    })
    const config: ChannelConfig = {
      name: 'hook',
      kind: 'webhook',
      url: `${url}/hook/PLANTED-TOKEN`,
      secret: 'PLANTED-SECRET-KEY',
    }
    const outcome = await channelOf(config).deliver(deliveryTo(config))
    expect(JSON.stringify(outcome)).not.toMatch(/PLANTED/)
    const closed = await startReceiver()
    await closed.close()
    const slack: ChannelConfig = { name: 'ops', kind: 'slack', url: `${closed.url}/PLANTED-TOKEN` }
    const failed = await channelOf(slack).deliver(deliveryTo(slack))
    expect(failed).toEqual({ kind: 'failed', status: null, error: 'ECONNREFUSED', retryAfterMs: null })
    expect(channelOf(slack).place).toMatch(/^127\.0\.0\.1:\d+$/)
  })

  it('reads both ways of saying when to come back', () => {
    expect(readRetryAfter('120', 0)).toBe(120_000)
    expect(readRetryAfter('Thu, 01 Jan 1970 00:01:00 GMT', 1_000)).toBe(59_000)
    for (const odd of [undefined, '', 'soon', '-1', '1e9']) expect(readRetryAfter(odd, 0)).toBeNull()
  })
})

describe('mail', () => {
  const mailConfig = (port: number): ChannelConfig => ({
    name: 'mail',
    kind: 'email',
    host: '127.0.0.1',
    port,
    security: 'none',
    login: { user: 'rg', password: 'PLANTED-PASSWORD' },
    from: 'rg@example.com',
    to: ['ops@example.com'],
  })

  it('is plain text with the numbers in it, and the same id in every attempt', async () => {
    const { port, mails, logins } = await startMailServer()
    const config = mailConfig(port)
    expect(await channelOf(config).deliver(deliveryTo(config))).toEqual({ kind: 'accepted', status: null })
    expect(logins).toEqual(['\0rg\0PLANTED-PASSWORD'])
    expect(mails[0]).toMatch(/^Subject: \[RunGuard\] Warning: 80% of the budget team:web\/day is used/m)
    expect(mails[0]).toMatch(/^Message-ID: <rg_d1@runguard>/im)
    expect(mails[0]).toContain('spent: $16.02')
    expect(mails[0]).not.toMatch(/text\/html/)
  })

  it('cannot be given other recipients or headers by a name', async () => {
    const { port, mails } = await startMailServer()
    const config = mailConfig(port)
    const title = 'x\r\nBcc: evil@example.com\r\n\r\nbody'
    await channelOf(config).deliver({ ...deliveryTo(config), alert: { ...alert, title } })
    const [head] = (mails[0] ?? '').split('\r\n\r\n')
    expect(head).not.toMatch(/^Bcc:/im)
  })

  it('says nothing secret of what went wrong, and does not try a wrong address again', async () => {
    const { port } = await startMailServer('550 no such PLANTED-PASSWORD')
    const config = mailConfig(port)
    const outcome = await channelOf(config).deliver(deliveryTo(config))
    expect(outcome).toEqual({ kind: 'refused', status: 550, error: 'SMTP 550 (EENVELOPE)' })
    expect(await channelOf(mailConfig(1)).deliver(deliveryTo(config))).toMatchObject({ kind: 'failed', status: null })
  })
})
