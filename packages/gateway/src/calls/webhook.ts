/** Telling somebody that a call that has waited has ended: a signed message, to hosts that the operator named. */

import { createHmac } from 'node:crypto'
import type { Runtime, TellEnd } from '@runguard/sdk/engine'
import { isLoopback } from '../address.js'
import type { AlertSend } from '../alerting/http-send.js'
import { jobView } from './job-view.js'

/** An address that may be told, or why not; null where nobody is to be told. */
export type WebhookReading =
  | { readonly kind: 'webhook'; readonly url: string | null }
  | { readonly kind: 'problem'; readonly text: string }

/** A caller names the address, so it is no way into networks that only the gateway reaches. */
export function readWebhook(written: string | undefined, hosts: readonly string[]): WebhookReading {
  if (written === undefined) return { kind: 'webhook', url: null }
  const url = URL.canParse(written) ? new URL(written) : null
  if (url === null || url.username !== '' || url.password !== '') return problem('is not an address')
  const isPlain = url.protocol === 'http:' && isLoopback(url.hostname.replace(/^\[|\]$/g, ''))
  if (url.protocol !== 'https:' && !isPlain) return problem('is not an https address')
  if (!hosts.includes(url.host)) return problem('leads to a host that is not among defer.webhooks.hosts of the gateway')
  return { kind: 'webhook', url: url.href }
}

function problem(text: string): WebhookReading {
  return { kind: 'problem', text: `x-runguard-webhook: ${text}` }
}

/** What telling needs. */
export interface WebhookParts {
  readonly runtime: Runtime
  readonly send: AlertSend
  /** The hosts of now: who was taken from the list is not told any more. */
  readonly hosts: readonly string[]
  /** Signs `<seconds>.<body>`, by HMAC-SHA256. */
  readonly secret: string
}

/** The message holds no answer: whoever is told fetches that with the credential of the call. */
export function tellByWebhook({ runtime, send, hosts, secret }: WebhookParts): TellEnd {
  return async ({ job }) => {
    const target = readWebhook(job.webhook ?? undefined, hosts)
    // Nobody will ever be told there.
    if (target.kind === 'problem' || target.url === null) return true
    const body = JSON.stringify({ version: 1, job: jobView({ job, answer: null }) })
    const timestampSec = Math.floor(runtime.now() / 1_000)
    const signature = createHmac('sha256', secret).update(`${timestampSec}.${body}`).digest('hex')
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'RunGuard',
      'idempotency-key': job.id,
      'x-runguard-timestamp': String(timestampSec),
      'x-runguard-signature': `v1=${signature}`,
    }
    try {
      const { status } = await send({ url: target.url, headers, body })
      return status >= 200 && status < 300
    } catch (error) {
      runtime.log.warn('webhook-failed', { job: job.id, error: String(error) })
      return false
    }
  }
}
