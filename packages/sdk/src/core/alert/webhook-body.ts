/** The message to any other receiver: JSON whose field names are a promise. */

import { type Alert, type AlertFact, cleanText } from './alert.js'
import { factText, headline } from './alert-words.js'
import type { Delivery } from './delivery.js'

/** What is posted, before it is signed. Amounts are nano-dollars, times ISO 8601. */
export interface WebhookBody {
  readonly version: 1
  /** The same in every attempt. */
  readonly delivery: string
  readonly action: Delivery['action']
  readonly alert: WebhookAlert
}

/** An alert as it goes out. */
export interface WebhookAlert {
  readonly id: string
  readonly key: string
  readonly kind: Alert['kind']
  readonly severity: Alert['severity']
  readonly about: string
  readonly title: string
  readonly detail: string
  readonly facts: readonly (AlertFact & { readonly text: string })[]
  readonly links: Alert['links']
  readonly openedAt: string
  readonly acknowledgedBy: string | null
  readonly resolvedAt: string | null
  readonly auditHead: string | null
}

/** The body of a message. */
export function webhookBody({ id, action, alert }: Delivery): WebhookBody {
  return { version: 1, delivery: id, action, alert: outgoing(alert) }
}

/** What is signed: whoever repeats a message later cannot make it look new. @param timestampSec since the epoch */
export function signedText(timestampSec: number, body: string): string {
  return `${timestampSec}.${body}`
}

function outgoing(alert: Alert): WebhookAlert {
  const { id, key, kind, severity, about, title, detail, facts, links, auditHead } = alert
  return {
    ...{ id, key, kind, severity, about, title, detail, links, auditHead },
    facts: facts.map((fact) => ({ ...fact, text: factText(fact) })),
    openedAt: new Date(alert.openedAt).toISOString(),
    acknowledgedBy: alert.acknowledged?.by ?? null,
    resolvedAt: alert.resolvedAt === null ? null : new Date(alert.resolvedAt).toISOString(),
  }
}

/** A mail. */
export interface MailMessage {
  readonly subject: string
  readonly text: string
}

const MAX_SUBJECT = 200

/** The mail about an alert. A line for each fact; no HTML, so that no name in it is code. */
export function mailMessage({ alert, action }: Delivery): MailMessage {
  const { detail, facts, links, about, auditHead } = alert
  const lines = [
    headline(alert, action),
    ...(detail === '' ? [] : ['', detail]),
    '',
    ...facts.map((fact) => `${fact.name}: ${factText(fact)}`),
    `about: ${about}`,
    ...links.map(({ text, url }) => `${text}: ${url}`),
    ...(auditHead === null ? [] : [`audit head: ${auditHead}`]),
  ]
  return { subject: cleanText(`[RunGuard] ${headline(alert, action)}`, MAX_SUBJECT), text: `${lines.join('\n')}\n` }
}
