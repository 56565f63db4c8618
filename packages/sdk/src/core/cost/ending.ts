/** Settle: how a call ended, and what usage it is charged by. */

import type { CacheTtl, CallView } from '../body/call.js'
import type { EndpointKind } from '../body/endpoint.js'
import { estimateOutputTokens } from '../tokens/tokens.js'
import type { Ending } from './record.js'
import { addServerResults, type ServerResults } from './server-tools.js'
import { totalPrompt, type Usage, type UsagePart, type UsageProblem, type UsageReading } from './usage.js'

/**
 * What the door saw of the end of a call.
 *
 * - `complete`: the answer arrived whole.
 * - `upstream-failed`: there is no upstream, or the connection to it broke.
 * - `caller-aborted`: the caller went away.
 * - `gateway-stopped`: the gateway had to end before the call did.
 * - `budget-cut`: we ended the stream, because a budget has no more for it.
 * - `loop-cut`: we ended the stream, because its text came again and again.
 * - `breaker-cut`: we ended the stream, because an operator holds a breaker that it meets.
 */
export type CallEnd = 'complete' | 'upstream-failed' | 'caller-aborted' | 'gateway-stopped' | CutEnd

/** Why a stream is ended from our side. */
export type CutEnd = 'budget-cut' | 'loop-cut' | 'breaker-cut'

/** Everything that decides an ending. */
export interface EndFacts {
  readonly end: CallEnd
  /** True once the request was on its way: from then on it may cost something. */
  readonly isSent: boolean
  readonly endpoint: EndpointKind
  /** Of the answer; null if none came. */
  readonly status: number | null
  /** What the answer said of its usage; null if nothing. */
  readonly reading: UsageReading | null
  /** True if the answer said that this is all. */
  readonly isFinal: boolean
  /** Bytes of content that passed, framing of a plain answer included. */
  readonly contentBytes: number
  /** Tokens of output as a guard counted them, with thinking that is not shown; 0 where none did. */
  readonly guardedOutput: number
  /** What the answer showed of tools that the API ran. */
  readonly serverResults: ServerResults
  readonly hasErrorEvent: boolean
  /** Stands in for what the answer never said; null for calls that are not metered. */
  readonly expected: Usage | null
}

/** An ending with its usage. */
export interface Settled {
  readonly ending: Ending
  /** What the call is charged by; null if it is not charged. */
  readonly usage: Usage | null
}

const FREE_ENDPOINTS: readonly EndpointKind[] = ['count-tokens', 'models', 'probe']

/** Checked top to bottom: the first line that fits is the ending. */
export function settleEnding(facts: EndFacts): Settled {
  const { end, endpoint, status, reading } = facts
  if (!facts.isSent) return notBilled(end === 'upstream-failed' ? 'never-sent' : end)
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

/** With these the counters themselves are in doubt, not only how they are priced. */
const COUNT_PROBLEMS: readonly UsageProblem[] = ['bad-count', 'missing-count']

function settleReading(reading: UsageReading, facts: EndFacts): Settled {
  const { usage, problems } = reading
  if (problems.length === 0) return { ending: { kind: 'exact', reason: 'complete' }, usage }
  if (problems.includes('missing')) return atLeast('usage-missing', facts)
  if (problems.some((problem) => COUNT_PROBLEMS.includes(problem))) return atLeast('usage-suspect', facts)
  // The counts stand; only how they are priced had to be assumed.
  return { ending: { kind: 'at-least', reason: 'usage-suspect' }, usage }
}

/** Charges what was seen, never less: reported input, else the expected one; reported output, else what was streamed. */
function atLeast(reason: Ending['reason'], facts: EndFacts): Settled {
  const { reading, expected } = facts
  const isReported = reading !== null && !reading.problems.includes('missing')
  const usage = isReported ? reading.usage : (expected ?? reading?.usage ?? null)
  const [first, ...rest] = usage?.parts ?? []
  if (usage === null || first === undefined) return { ending: { kind: 'at-least', reason }, usage: null }
  const isDoubtful =
    reading === null || COUNT_PROBLEMS.some((problem) => reading.problems.includes(problem)) || totalPrompt(first) === 0
  const seen = {
    ...(isDoubtful ? withPrompt(first, expected) : first),
    output: Math.max(
      isReported ? first.output : (expected?.parts[0]?.output ?? first.output),
      // A guard knows what those bytes were; without one they are taken to be as many tokens as they can.
      facts.guardedOutput > 0 ? facts.guardedOutput : estimateOutputTokens(facts.contentBytes),
    ),
  }
  const whole = { ...usage, parts: [seen, ...rest] }
  return {
    ending: { kind: 'at-least', reason },
    usage: facts.isFinal ? whole : addServerResults(whole, facts.serverResults),
  }
}

/** The larger prompt of the two: counters that are missing or broken read as less than was sent. */
function withPrompt(part: UsagePart, expected: Usage | null): UsagePart {
  const [own] = expected?.parts ?? []
  if (own === undefined || totalPrompt(part) >= totalPrompt(own)) return part
  return { ...part, input: own.input, write5m: own.write5m, write1h: own.write1h, read: own.read }
}

/**
 * The usage to assume of a call that was sent and never answered, priced as the request asked for it: its input, and of an
 * answer in one piece also the output. A stream ends with its connection; such an answer is generated and billed to its end.
 *
 * @param outputTokens what such calls usually answer
 */
export function expectUsage(view: CallView, inputTokens: number, outputTokens = 0): Usage {
  const output = view.stream ? 0 : Math.min(outputTokens, view.maxTokens ?? outputTokens)
  // A request with markers may be a write, which costs more than plain input: a guess never favours the spender.
  const ttl = dearestTtl(view)
  const part = {
    kind: 'message',
    model: view.model ?? '',
    input: ttl === null ? inputTokens : 0,
    write5m: ttl === '5m' ? inputTokens : 0,
    write1h: ttl === '1h' ? inputTokens : 0,
    read: 0,
    output,
  }
  const speed = view.speed === 'fast' ? 'fast' : 'standard'
  return { parts: [part], webSearches: 0, speed, geo: view.inferenceGeo, tier: 'standard' }
}

/** The longest lifetime that a marker of the request asks for: what it writes for so long costs most. Null if it has none. */
export function dearestTtl({ marker, blocks }: Pick<CallView, 'marker' | 'blocks'>): CacheTtl | null {
  let dearest = marker
  for (const block of blocks) {
    if (dearest === '1h') break
    if (block.marker !== null) dearest = block.marker
  }
  return dearest
}
