/** Settle: how a call ended, and what usage it is charged by. */

import type { CallView } from './call.js'
import type { EndpointKind } from './endpoint.js'
import type { Ending } from './record.js'
import { estimateOutputTokens } from './tokens.js'
import type { Usage, UsagePart, UsageReading } from './usage.js'

/**
 * What the door saw of the end of a call.
 *
 * - `complete`: the answer arrived whole.
 * - `upstream-failed`: the connection broke after the request had gone out.
 * - `caller-aborted`: the caller went away.
 * - `never-sent`: no request reached the upstream.
 * - `gateway-stopped`: the gateway had to end before the call did.
 * - `budget-cut`: we ended the stream, because a budget has no more for it.
 */
export type CallEnd =
  | 'complete'
  | 'upstream-failed'
  | 'caller-aborted'
  | 'never-sent'
  | 'gateway-stopped'
  | 'budget-cut'

/** Everything that decides an ending. */
export interface EndFacts {
  readonly end: CallEnd
  readonly endpoint: EndpointKind
  /** Of the answer; null if none came. */
  readonly status: number | null
  /** What the answer said; see `Metered`. */
  readonly reading: UsageReading | null
  readonly isFinal: boolean
  readonly contentBytes: number
  readonly hasErrorEvent: boolean
  /** Stands in for what the answer never said. */
  readonly expected: Usage
}

export interface Settled {
  readonly ending: Ending
  /** What the call is charged by; null if it is not charged. */
  readonly usage: Usage | null
}

const FREE_ENDPOINTS: readonly EndpointKind[] = ['count-tokens', 'models', 'probe']

/** Checked top to bottom: the first line that fits is the ending. */
export function settleEnding(facts: EndFacts): Settled {
  const { end, endpoint, status, reading } = facts
  if (end === 'never-sent') return notBilled('never-sent')
  if (status !== null && status >= 300) return notBilled('error-status')
  if (FREE_ENDPOINTS.includes(endpoint)) return notBilled('free-endpoint')
  if (endpoint !== 'messages') return { ending: { kind: 'unmetered', reason: 'unmetered-endpoint' }, usage: null }
  if (facts.hasErrorEvent) return atLeast('upstream-error-event', facts)
  // The API has said everything: whatever happened to the connection afterwards changes no bill.
  if (reading !== null && facts.isFinal) return settleReading(reading, facts)
  if (end !== 'complete') return atLeast(end, facts)
  return atLeast(reading === null ? 'usage-missing' : 'stream-incomplete', facts)
}

function notBilled(reason: Ending['reason']): Settled {
  return { ending: { kind: 'not-billed', reason }, usage: null }
}

function settleReading(reading: UsageReading, facts: EndFacts): Settled {
  if (reading.problems.includes('missing')) return atLeast('usage-missing', facts)
  if (reading.problems.length > 0) return atLeast('usage-suspect', facts)
  return { ending: { kind: 'exact', reason: 'complete' }, usage: reading.usage }
}

/** Charges what was seen, never less: reported input, else the expected one; reported output, else what was streamed. */
function atLeast(reason: Ending['reason'], { reading, expected, contentBytes }: EndFacts): Settled {
  const isReported = reading !== null && !reading.problems.includes('missing')
  const usage = isReported ? reading.usage : expected
  const [first, ...rest] = usage.parts
  const output = Math.max(first?.output ?? 0, estimateOutputTokens(contentBytes))
  const seen = { ...(first ?? emptyPart('')), output }
  return { ending: { kind: 'at-least', reason }, usage: { ...usage, parts: [seen, ...rest] } }
}

/** The usage to assume of a call that was sent and never answered: its input, priced as the request asked for it. */
export function expectUsage(view: CallView, inputTokens: number): Usage {
  const part = { ...emptyPart(view.model ?? ''), [expectedItem(view)]: inputTokens }
  const speed = view.speed === 'fast' ? 'fast' : 'standard'
  return { parts: [part], webSearches: 0, speed, geo: view.inferenceGeo, tier: 'standard' }
}

/** A request with markers may be a write, which costs more than plain input: a guess never favours the spender. */
function expectedItem(view: CallView): 'input' | 'write5m' | 'write1h' {
  const markers = [view.marker, ...view.blocks.map((block) => block.marker)]
  if (markers.includes('1h')) return 'write1h'
  return markers.includes('5m') ? 'write5m' : 'input'
}

function emptyPart(model: string): UsagePart {
  return { kind: 'message', model, input: 0, write5m: 0, write1h: 0, read: 0, output: 0 }
}
