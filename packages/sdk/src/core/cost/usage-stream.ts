/**
 * The usage of a stream. `message_start` has the input side, and is the only place with the split of cache writes;
 * each `message_delta` then repeats counters that are cumulative, so a later one overwrites and is never added.
 */
import { isCount, type UsageContext, type UsageProblem, type UsageReading } from './usage.js'
import type { RawObject } from './usage-reading.js'
import { isObject, readName, readUsage, splitWrites } from './usage-reading.js'

/** What a stream has reported so far. Plain data. */
export interface StreamUsage {
  readonly context: UsageContext
  /** The usage as a whole response would have it. */
  readonly raw: RawObject
  readonly problems: readonly UsageProblem[]
}

/** Fields whose later value replaces the earlier one, if it can be one. */
const fields: readonly (readonly [string, (value: unknown) => boolean])[] = [
  ['input_tokens', isCount],
  ['cache_creation_input_tokens', isCount],
  ['cache_read_input_tokens', isCount],
  ['output_tokens', isCount],
  ['server_tool_use', isObject],
  ['cache_creation', isObject],
  ['iterations', Array.isArray],
  ['speed', isText],
  ['service_tier', isText],
  ['inference_geo', isText],
]

/**
 * Starts from the `message` of `message_start`. Its `model` is the one that answers; the context's stands in if it has
 * none. Never throws.
 */
export function startStreamUsage(message: unknown, context: UsageContext): StreamUsage {
  const source = isObject(message) ? message : {}
  const own = { ...context, model: readName(source.model) ?? context.model }
  const usage = isObject(source.usage) ? source.usage : {}
  const problems = new Set<UsageProblem>()
  const { write5m, write1h } = splitWrites(usage, own, problems)
  const split = { ephemeral_5m_input_tokens: write5m, ephemeral_1h_input_tokens: write1h }
  return { context: own, raw: { ...usage, cache_creation: split }, problems: [...problems] }
}

/**
 * Takes the `usage` of a `message_delta`. Absent and null fields leave what is known; so does a value that cannot be a
 * count, and it is reported. Merging the same usage twice changes nothing.
 */
export function mergeStreamUsage(state: StreamUsage, delta: unknown): StreamUsage {
  if (!isObject(delta)) return delta === null || delta === undefined ? state : addProblem(state, 'bad-count')
  const raw: Record<string, unknown> = { ...state.raw }
  const problems = new Set(state.problems)
  for (const [field, isValid] of fields) {
    const value = delta[field]
    if (value === null || value === undefined) continue
    if (!isValid(value)) problems.add('bad-count')
    else if (hasShrunk(raw[field], value)) problems.add('shrunk')
    else raw[field] = value
  }
  return { ...state, raw, problems: [...problems] }
}

/** Counters are cumulative: one that goes down is wrong before or after, and the dear one is believed. */
function hasShrunk(before: unknown, after: unknown): boolean {
  return isCount(before) && isCount(after) && after < before
}

/** What the stream has reported so far, as a reading. Output is only right once the last `message_delta` was merged. */
export function readStreamUsage(state: StreamUsage): UsageReading {
  const { usage, problems } = readUsage(withGrowth(state.raw), state.context)
  return { usage, problems: [...new Set([...state.problems, ...problems])] }
}

/** The split is not repeated when writes grow, by server tools: what came after it was written for 5 minutes. */
function withGrowth(raw: RawObject): RawObject {
  const split = raw.cache_creation
  const total = raw.cache_creation_input_tokens
  if (!isObject(split) || !isCount(total)) return raw
  const write5m = split.ephemeral_5m_input_tokens ?? 0
  const write1h = split.ephemeral_1h_input_tokens ?? 0
  if (!isCount(write5m) || !isCount(write1h) || write5m + write1h >= total) return raw
  return { ...raw, cache_creation: { ...split, ephemeral_5m_input_tokens: total - write1h } }
}

function addProblem(state: StreamUsage, problem: UsageProblem): StreamUsage {
  return state.problems.includes(problem) ? state : { ...state, problems: [...state.problems, problem] }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
