/** The load of a run: which calls are made, and what each of them truly costs. */

import { costOfUsage } from '@runguard/simulator'
import { pickOne, pickSize, type Random, seededRandom } from './random.js'

/** One call that a client will make. */
export interface PlannedCall {
  /** Counts from 0; travels as the user agent, so that every log can be joined. */
  readonly number: number
  readonly model: string
  readonly isStream: boolean
  /** False: its answer comes as fast as it can. */
  readonly isPaced: boolean
  readonly promptBytes: number
  readonly maxTokens: number
  /** What the model has to say, before `max_tokens` ends it. */
  readonly outputTokens: number
  readonly session: string
  readonly project: string | null
  /** What goes wrong, in the simulator's words; null: nothing. */
  readonly fault: string | null
  /** The client leaves so long after it sent the call; null: it stays. */
  readonly leavesAfterMs: number | null
}

/** What shapes a load. */
export interface LoadShape {
  readonly seed: number
  readonly calls: number
  /** Nano-dollars. Prompts grow until all calls together want {@link DEMAND} times that; they never shrink. */
  readonly wantedNano: number
  /** At the pace of a real model. */
  readonly isPaced: boolean
}

/** How much more than its cap a load wants. */
const DEMAND = 1.6

/** The project that has a budget of its own, smaller than its demand. */
export const PROJECT = 'alpha'

/** Faster than most models write, no faster than any. */
const TOKENS_PER_SECOND = 250
const EVENT_TOKENS = 20
const MAX_PROMPT_BYTES = 400_000
const SESSIONS = 20

/** Models with the bytes of one token under the simulator's counting rule. */
const MODELS: readonly [Model, ...Model[]] = [
  { id: 'claude-opus-4-8', bytesPerToken: 3 },
  { id: 'claude-haiku-4-5-20251001', bytesPerToken: 4 },
]
const MAX_TOKENS: readonly [number, ...number[]] = [1_024, 4_096, 32_000, 64_000]

interface Model {
  readonly id: string
  readonly bytesPerToken: number
}

/** The calls of a run, the same for the same shape. */
export function planLoad({ seed, calls, wantedNano, isPaced }: LoadShape): readonly PlannedCall[] {
  const random = seededRandom(seed)
  const drafts = Array.from({ length: calls }, (_, number) => ({ ...draftCall(random, number), isPaced }))
  const growth = findGrowth(drafts, wantedNano * DEMAND)
  return drafts.map((call) => growPrompt(call, growth))
}

function draftCall(random: Random, number: number): Omit<PlannedCall, 'isPaced'> {
  const isStream = random() < 0.5
  const trouble = random()
  return {
    number,
    model: pickOne(random, MODELS).id,
    isStream,
    promptBytes: pickSize(random, 50, 3_000),
    maxTokens: pickOne(random, MAX_TOKENS),
    outputTokens: pickSize(random, 20, 1_500),
    session: `s-${Math.floor(random() * SESSIONS)}`,
    project: random() < 0.4 ? PROJECT : null,
    fault: faultFor(trouble, isStream),
    leavesAfterMs: trouble > 0.96 ? Math.round(50 + random() * 2_000) : null,
  }
}

function faultFor(trouble: number, isStream: boolean): string | null {
  if (trouble < 0.02) return '529'
  return trouble < 0.04 && isStream ? 'cut 3000' : null
}

/** By how much prompts have to grow; they never shrink. */
function findGrowth(calls: readonly PlannedCall[], wanted: number): number {
  const demandAt = (growth: number): number => {
    return calls.reduce((sum, call) => sum + Number(trueCost(growPrompt(call, growth))), 0)
  }
  let [low, high] = [1, MAX_PROMPT_BYTES]
  while (high / low > 1.01) {
    const middle = Math.sqrt(low * high)
    if (demandAt(middle) < wanted) low = middle
    else high = middle
  }
  return low
}

function growPrompt(call: PlannedCall, growth: number): PlannedCall {
  return { ...call, promptBytes: Math.min(MAX_PROMPT_BYTES, Math.round(call.promptBytes * growth)) }
}

/** What the API would bill for a call that nobody cuts, in nano-dollars. */
export function trueCost({ model, promptBytes, outputTokens, maxTokens }: PlannedCall): bigint {
  const bytesPerToken = MODELS.find(({ id }) => id === model)?.bytesPerToken ?? 3
  const counts = {
    input_tokens: TURN_TOKENS + Math.ceil(promptBytes / bytesPerToken),
    output_tokens: Math.min(outputTokens, maxTokens),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
  }
  const rest = {
    output_tokens_details: null,
    server_tool_use: null,
    service_tier: 'standard',
    speed: 'standard',
  } as const
  return costOfUsage({ ...counts, ...rest, inference_geo: null }, model, PRICED_AT)
}

/** What so many tokens of output cost in a call, in nano-dollars. */
export function outputCost(call: PlannedCall, tokens: number): number {
  const costOf = (outputTokens: number): number => Number(trueCost({ ...call, outputTokens, maxTokens: tokens }))
  return costOf(tokens) - costOf(0)
}

/** The simulator's overhead of a turn. */
const TURN_TOKENS = 4
/** The prices of these models do not change by date. */
const PRICED_AT = Date.UTC(2026, 10, 1)

/** The request of a call: its body and the headers that make it this one. */
export function requestOf(call: PlannedCall): {
  readonly path: string
  readonly body: string
  readonly headers: Record<string, string>
} {
  const { number, model, isStream, promptBytes, maxTokens, session, project } = call
  const messages = [{ role: 'user', content: 'abcdefg '.repeat(Math.ceil(promptBytes / 8)).slice(0, promptBytes) }]
  return {
    path: `${project === null ? '' : `/p/${project}`}/v1/messages`,
    body: JSON.stringify({ model, max_tokens: maxTokens, stream: isStream, messages }),
    headers: {
      'content-type': 'application/json',
      'x-api-key': 'sk-ant-test',
      'anthropic-version': '2023-06-01',
      'user-agent': `stress/${number}`,
      'x-runguard-session': session,
      'x-runguard-tag': `call-${number}`,
      'x-sim-script': scriptOf(call),
    },
  }
}

/** A simulator without a pace runs ahead of every client. */
function scriptOf({ isStream, isPaced, outputTokens, fault }: PlannedCall): string {
  const broken = fault === null ? '' : `; fault ${fault}`
  if (!isPaced) return `text ${outputTokens}${broken}`
  const eventMs = Math.round((EVENT_TOKENS * 1_000) / TOKENS_PER_SECOND)
  const pace = isStream
    ? `first-byte 100; every ${eventMs}; chunk ${EVENT_TOKENS * 3}`
    : `first-byte ${Math.round((outputTokens * 1_000) / TOKENS_PER_SECOND)}`
  return `text ${outputTokens}; ${pace}${broken}`
}

/** The number of a call by its user agent; null if it is none of ours. */
export function numberOf(userAgent: string | null): number | null {
  const digits = /^stress\/(\d+)$/.exec(userAgent ?? '')?.[1]
  return digits === undefined ? null : Number(digits)
}
