/** Channel: a place that alerts go to, and how each kind of place is spoken to. */

import { createHmac } from 'node:crypto'
import {
  type ChannelConfig,
  type ChannelKind,
  type Delivery,
  type DeliveryOutcome,
  pagerDutyEvent,
  signedText,
  slackMessage,
  webhookBody,
} from '@runguard/sdk/core'
import type { Runtime } from '@runguard/sdk/engine'
import type { AlertAnswer, AlertRequest, AlertSend } from './http-send.js'
import { openMail } from './mail.js'

/** A place that alerts go to. */
export interface Channel {
  readonly name: string
  readonly kind: ChannelKind
  /** Where that is, without any secret. */
  readonly place: string
  /** One attempt. Never rejects. */
  deliver(delivery: Delivery): Promise<DeliveryOutcome>
}

/** What channels are made of. */
export interface ChannelParts {
  readonly runtime: Runtime
  readonly send: AlertSend
}

/** Opens a channel. */
export function openChannel(config: ChannelConfig, { runtime, send }: ChannelParts): Channel {
  const { name, kind } = config
  if (config.kind === 'email') return { name, kind, place: placeOf(config), deliver: openMail(config) }
  const build = requestsOf(config, runtime)
  const secrets = secretsOf(config)
  const deliver = async (delivery: Delivery): Promise<DeliveryOutcome> => {
    try {
      return outcomeOf(kind, await send(build(delivery)), secrets)
    } catch (error) {
      const text = error instanceof Error ? error.message : 'the connection failed'
      return { kind: 'failed', status: null, error: withoutSecrets(text, secrets), retryAfterMs: null }
    }
  }
  return { name, kind, place: placeOf(config), deliver }
}

/** Of an address no more than the host: what comes behind is the key to it. */
export function placeOf(config: ChannelConfig): string {
  if (config.kind !== 'email') return new URL(config.url).host
  return `${config.to.length === 1 ? '1 address' : `${config.to.length} addresses`} by ${config.host}`
}

type PostChannel = Exclude<ChannelConfig, { kind: 'email' }>

function requestsOf(config: PostChannel, runtime: Runtime): (delivery: Delivery) => AlertRequest {
  const { url } = config
  const post = (body: string, headers: Readonly<Record<string, string>> = {}): AlertRequest => {
    return { url, body, headers: { 'content-type': 'application/json', 'user-agent': 'RunGuard', ...headers } }
  }
  switch (config.kind) {
    case 'slack':
      return ({ alert, action }) => post(JSON.stringify(slackMessage(alert, action)))
    case 'pagerduty':
      return ({ alert, action }) => post(JSON.stringify(pagerDutyEvent(alert, action, config.routingKey)))
    case 'webhook':
      return (delivery) => {
        const body = JSON.stringify(webhookBody(delivery))
        return post(body, signatureHeaders(config.secret, body, delivery.id, runtime.now()))
      }
  }
}

/** The time is part of what is signed, so that a message cannot be kept and sent again as if it were new. */
function signatureHeaders(secret: string, body: string, id: string, now: number): Record<string, string> {
  const timestampSec = Math.floor(now / 1_000)
  const signature = createHmac('sha256', secret).update(signedText(timestampSec, body)).digest('hex')
  return {
    'idempotency-key': id,
    'x-runguard-timestamp': String(timestampSec),
    'x-runguard-signature': `v1=${signature}`,
  }
}

/** The message itself is wrong, or the receiver is gone for good. */
const HOPELESS: ReadonlySet<number> = new Set([400, 410, 413, 422])
/** Slack says so of hooks that were taken away. */
const HOPELESS_AT_SLACK: ReadonlySet<number> = new Set([403, 404])

function outcomeOf(kind: ChannelKind, answer: AlertAnswer, secrets: readonly string[]): DeliveryOutcome {
  const { status, retryAfterMs } = answer
  if (status >= 200 && status < 300) return { kind: 'accepted', status }
  const words = withoutSecrets(answer.text, secrets).slice(0, MAX_WORDS)
  const error = `HTTP ${status}${reasonOf(status, words)}`
  const isHopeless = HOPELESS.has(status) || (kind === 'slack' && HOPELESS_AT_SLACK.has(status))
  return isHopeless ? { kind: 'refused', status, error } : { kind: 'failed', status, error, retryAfterMs }
}

function keyOf(config: PostChannel): string {
  if (config.kind === 'webhook') return config.secret
  return config.kind === 'pagerduty' ? config.routingKey : ''
}

function reasonOf(status: number, words: string): string {
  if (status >= 300 && status < 400) return ', and redirects are not followed'
  return words === '' ? '' : `: ${words}`
}

const MAX_WORDS = 120
/** Shorter pieces of an address are words. */
const LEAST_SECRET = 6

function secretsOf(config: PostChannel): readonly string[] {
  const { pathname, search, username, password } = new URL(config.url)
  const pieces = [pathname, search, username, password, ...pathname.split('/')]
  return [config.url, keyOf(config), ...pieces].filter(({ length }) => length >= LEAST_SECRET)
}

/** What a receiver says back may be what it was told. */
function withoutSecrets(text: string, secrets: readonly string[]): string {
  const shown = secrets.reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text)
  return shown.replace(/[\p{Cc}\p{Cf}\p{Cs}]+/gu, ' ').trim()
}
