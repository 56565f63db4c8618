/** The part `alerts` of the configuration. */

import { z } from 'zod'
import { address, secret } from '../config/secret-schema.js'
import { duration, strictObject, usd, word } from '../config/written-schema.js'
import { alertKinds, severities } from './alert.js'
import {
  type AlertPolicy,
  type AlertRule,
  type ChannelConfig,
  defaultAlertPolicy,
  defaultSpendLimits,
  defaultWatches,
} from './alert-policy.js'

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/
const NAME_HINT = 'has a name of up to 40 letters, digits, - and _'
const PAGERDUTY_URLS = {
  us: 'https://events.pagerduty.com/v2/enqueue',
  eu: 'https://events.eu.pagerduty.com/v2/enqueue',
} as const

const slack = strictObject({
  kind: z.literal('slack'),
  url: address.describe('Of an incoming webhook, by reference to the environment.'),
})

const pagerduty = strictObject({
  kind: z.literal('pagerduty'),
  routingKey: secret.describe('Of an Events API v2 integration, by reference to the environment.'),
  region: word(['us', 'eu']).default('us'),
  url: address.optional().describe('Another address that speaks the Events API v2.'),
})

const webhook = strictObject({
  kind: z.literal('webhook'),
  url: address.describe('Gets signed JSON.'),
  secret: secret
    .min(16, 'must have 16 characters at least')
    .describe('Signs messages; by reference to the environment.'),
})

const email = strictObject({
  kind: z.literal('email'),
  host: z.string().trim().min(1).max(253),
  port: z.int().min(1).max(65_535).default(587),
  security: word(['starttls', 'tls', 'none']).default('starttls').describe('none sends in the clear.'),
  user: z.string().min(1).max(320).optional(),
  password: secret.optional().describe('By reference to the environment.'),
  from: z.string().trim().min(3).max(320),
  to: z.array(z.string().trim().min(3).max(320)).min(1).max(20),
})

const channel = z.discriminatedUnion('kind', [slack, pagerduty, webhook, email], {
  error: 'must have a kind: slack, pagerduty, webhook or email',
})

function toChannel(name: string, written: z.output<typeof channel>): ChannelConfig {
  switch (written.kind) {
    case 'pagerduty': {
      const { routingKey, region, url = PAGERDUTY_URLS[region] } = written
      return { name, kind: 'pagerduty', routingKey, url }
    }
    case 'email': {
      const { user, password, ...server } = written
      return { name, ...server, login: user === undefined ? null : { user, password: password ?? '' } }
    }
    default:
      return { name, ...written }
  }
}

const kinds = z.array(word(alertKinds), { error: `must be a list of kinds: ${alertKinds.join(', ')}` }).min(1)

const rule = strictObject({
  send: z.array(z.string()).min(1).describe('Names of channels.'),
  kinds: kinds.optional().describe('Only alerts of these kinds.'),
  severity: word(severities).default('warning').describe('Only alerts that are at least so bad.'),
  about: z.string().trim().min(1).max(200).optional().describe("Only alerts about this: 'team:web', 'team:*'."),
}).transform(({ send, kinds: wanted, severity, about }): AlertRule => {
  return { send, kinds: wanted ?? null, least: severity, about: about ?? null }
})

const off = z.literal(false)

const spendVelocity = strictObject({
  factor: z.number().gt(1).max(1_000).default(4).describe('So many times what is usual here.'),
  least: usd.default(defaultSpendLimits.least).describe('And at least so much within five minutes.'),
})

const cacheDrop = strictObject({
  share: z.number().gt(0).lt(1).default(0.5).describe('Less than this share of the usual hit rate.'),
  leastTokens: z.int().min(1).default(200_000).describe('Prompt tokens without which ten minutes say nothing.'),
})

const watch = strictObject({
  spendVelocity: z.union([off, spendVelocity]).optional().describe('Spending that is faster than usual; false: not.'),
  cacheDrop: z.union([off, cacheDrop]).optional().describe('A prompt cache that is read less than usual; false: not.'),
  priceAgeDays: z
    .union([off, z.int().min(1).max(3_650)])
    .optional()
    .describe('When a price list is old; false: never.'),
}).transform((written): AlertPolicy['watch'] => {
  const { spendVelocity: velocity, cacheDrop: drop, priceAgeDays } = { ...defaultWatches, ...given(written) }
  return { spendVelocity: velocity || null, cacheDrop: drop || null, priceAgeDays: priceAgeDays || null }
})

function given<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}

const MONTH_MS = 31 * 86_400_000

/** Which alerts go where: {@link AlertPolicy}. */
export const alertsSchema = strictObject({
  channels: z
    .record(z.string().regex(NAME, NAME_HINT), channel)
    .default({})
    .describe('Places that alerts go to, by a name of yours.'),
  rules: z
    .array(rule)
    .optional()
    .describe('Which alerts go where; by default everything from warnings on, everywhere.'),
  watch: watch.default(defaultWatches),
  giveUpAfter: duration({ ms: MONTH_MS, words: 'a month' }).optional().describe('24h by default.'),
  keepFor: duration({ ms: 12 * MONTH_MS, words: 'a year' })
    .optional()
    .describe('How long what is over is remembered.'),
}).transform(({ channels, rules, watch: watches, giveUpAfter, keepFor }, context): AlertPolicy => {
  const names = Object.keys(channels)
  for (const [at, { send }] of (rules ?? []).entries()) {
    const unknown = send.find((name) => !names.includes(name))
    if (unknown === undefined) continue
    context.addIssue({
      code: 'custom',
      path: ['rules', at, 'send'],
      message: `no channel has the name ${JSON.stringify(unknown)}`,
    })
  }
  return {
    channels: Object.entries(channels).map(([name, written]) => toChannel(name, written)),
    rules: rules ?? [{ send: names, kinds: null, least: 'warning', about: null }],
    watch: watches,
    giveUpAfterMs: giveUpAfter ?? defaultAlertPolicy.giveUpAfterMs,
    keepMs: keepFor ?? defaultAlertPolicy.keepMs,
  }
})
