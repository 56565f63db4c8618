/** Alerts by mail. The library is loaded with the first one. */

import { type ChannelConfig, type Delivery, type DeliveryOutcome, mailMessage } from '@runguard/sdk/core'
import type { Transporter } from 'nodemailer'

type MailConfig = Extract<ChannelConfig, { kind: 'email' }>

/** Of each step: together they have to be over before somebody else takes the message. */
const TIMEOUT_MS = 4_000

/** One attempt, which never rejects. */
export function openMail(config: MailConfig): (delivery: Delivery) => Promise<DeliveryOutcome> {
  let opening: Promise<Transporter> | null = null
  return async (delivery) => {
    try {
      opening ??= openTransport(config)
      const transport = await opening
      const { from, to } = config
      const messageId = `<${delivery.id}@runguard>`
      await transport.sendMail({ from, to: [...to], messageId, ...mailMessage(delivery) })
      return { kind: 'accepted', status: null }
    } catch (error) {
      return failureOf(error)
    }
  }
}

async function openTransport({ host, port, security, login }: MailConfig): Promise<Transporter> {
  const { createTransport } = await import('nodemailer')
  return createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(login === null ? {} : { auth: { user: login.user, pass: login.password } }),
  })
}

/** Codes alone: what a server says may repeat what it was told. */
function failureOf(error: unknown): DeliveryOutcome {
  const { code, responseCode } = error as { readonly code?: unknown; readonly responseCode?: unknown }
  const status = typeof responseCode === 'number' ? responseCode : null
  const name = typeof code === 'string' && /^[A-Z_]{2,40}$/.test(code) ? code : 'the mail server did not take it'
  const text = status === null ? name : `SMTP ${status} (${name})`
  // A wrong password is mended in the configuration, a wrong address is not.
  const isHopeless = status !== null && status >= 550 && status < 560 && code !== 'EAUTH'
  return isHopeless
    ? { kind: 'refused', status, error: text }
    : { kind: 'failed', status, error: text, retryAfterMs: null }
}
