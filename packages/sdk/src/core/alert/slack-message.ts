/** The message to an incoming webhook of Slack. Texts are plain: a name that somebody sent formats and mentions nothing. */

import type { Alert } from './alert.js'
import { factText, headline, momentText } from './alert-words.js'
import type { DeliveryAction } from './delivery.js'

interface PlainText {
  readonly type: 'plain_text'
  readonly text: string
  readonly emoji: false
}

/** A block of a message. */
export type SlackBlock =
  | { readonly type: 'header'; readonly text: PlainText }
  | { readonly type: 'section'; readonly text: PlainText }
  | { readonly type: 'section'; readonly fields: readonly PlainText[] }
  | { readonly type: 'section'; readonly text: { readonly type: 'mrkdwn'; readonly text: string } }
  | { readonly type: 'context'; readonly elements: readonly PlainText[] }

/** What is posted. */
export interface SlackMessage {
  /** Shown in notifications, where blocks are not. */
  readonly text: string
  readonly blocks: readonly SlackBlock[]
}

/** Slack refuses messages beyond these. */
const MAX_HEADER = 150
const MAX_TEXT = 3_000
const MAX_FIELD = 2_000
const MAX_FIELDS = 10
const MAX_LINKS = 5

/** The message about an alert. */
export function slackMessage(alert: Alert, action: DeliveryAction): SlackMessage {
  const title = headline(alert, action)
  const fields = alert.facts.slice(0, MAX_FIELDS).map((fact) => plain(`${fact.name}: ${factText(fact)}`, MAX_FIELD))
  const links = alert.links.slice(0, MAX_LINKS).map(linkText)
  const blocks: SlackBlock[] = [{ type: 'header', text: plain(title, MAX_HEADER) }]
  if (alert.detail !== '') blocks.push({ type: 'section', text: plain(alert.detail, MAX_TEXT) })
  if (fields.length > 0) blocks.push({ type: 'section', fields })
  if (links.length > 0)
    blocks.push({ type: 'section', text: { type: 'mrkdwn', text: cut(links.join('  '), MAX_TEXT) } })
  blocks.push({ type: 'context', elements: [plain(footer(alert), MAX_FIELD)] })
  return { text: cut(escapeSlack(title), MAX_TEXT), blocks }
}

/** The three characters that mean something to Slack. */
function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function linkText({ text, url }: Alert['links'][number]): string {
  return `<${encodeURI(url).replaceAll('|', '%7C').replaceAll('>', '%3E')}|${escapeSlack(text).replaceAll('|', ' ')}>`
}

function footer({ about, openedAt, auditHead }: Alert): string {
  const head = auditHead === null ? '' : `  audit head ${auditHead}`
  return `${about}  since ${momentText(openedAt)}${head}`
}

function plain(text: string, maxLength: number): PlainText {
  return { type: 'plain_text', text: cut(text, maxLength), emoji: false }
}

/** Never between the halves of a character. */
function cut(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`
}
