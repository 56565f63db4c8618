/**
 * Reading the `usage` of a response. It comes from outside, so every value in it may be anything: what cannot be a
 * count never becomes a `NaN`, a negative bill or a free call, and is reported as a problem.
 */
import type { TokenCounts, Usage, UsageContext, UsagePart, UsageProblem, UsageReading } from './usage.js'
import { addTokens, isCount, MAX_COUNT, noTokens, totalPrompt } from './usage.js'

/** Each search of a call is a round trip of its own. */
const MAX_SEARCHES = 100_000
/** Iterations beyond are folded into one part: a list without end must not become a record without end. */
const MAX_PARTS = 256
const MAX_NAME_LENGTH = 200

/** A JSON object of unknown content. */
export type RawObject = Readonly<Record<string, unknown>>

/**
 * Reads the `usage` of a whole response. Absent and null counters are 0. Never throws.
 * The model of the context prices every part that names none.
 */
export function readUsage(raw: unknown, context: UsageContext): UsageReading {
  const problems = new Set<UsageProblem>()
  const source = isObject(raw) ? raw : {}
  const total = readCounts(source, context, problems)
  const parts = readParts(source, total, context, problems)
  const isEmpty = parts.every((part) => totalPrompt(part) + part.output === 0)
  if (!hasAnyCounter(source) && isEmpty) problems.add('missing')
  else if (!hasBothCounters(source) && !problems.has('bad-count') && parts.length === 1) problems.add('missing-count')
  const usage: Usage = {
    parts,
    webSearches: readSearches(source, problems),
    speed: readSpeed(source.speed, problems),
    geo: readName(source.inference_geo),
    tier: readTier(source.service_tier, problems),
  }
  return { usage, problems: [...problems] }
}

/** True for objects that are not lists. */
export function isObject(value: unknown): value is RawObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hasBothCounters(source: RawObject): boolean {
  return isCount(source.input_tokens) && isCount(source.output_tokens)
}

function hasAnyCounter(source: RawObject): boolean {
  return isCount(source.input_tokens) || isCount(source.output_tokens)
}

function readParts(
  source: RawObject,
  total: TokenCounts,
  context: UsageContext,
  problems: Set<UsageProblem>,
): readonly UsagePart[] {
  const iterations = source.iterations ?? []
  if (!Array.isArray(iterations)) problems.add('bad-iterations')
  if (!Array.isArray(iterations) || iterations.length === 0) {
    return [{ kind: 'message', model: context.model, ...total }]
  }
  const parts = readIterations(iterations, context, problems)
  const rest = subtractCounts(total, parts.filter(isOfMessage).reduce<TokenCounts>(addTokens, noTokens))
  if (rest === null) return parts
  problems.add('short-iterations')
  return [...parts, { kind: 'message', model: context.model, ...rest }]
}

/** The call's own counters leave out compactions and advice: those are billed on top. */
function isOfMessage({ kind }: UsagePart): boolean {
  return kind !== 'compaction' && kind !== 'advisor_message'
}

function readIterations(
  iterations: readonly unknown[],
  context: UsageContext,
  problems: Set<UsageProblem>,
): readonly UsagePart[] {
  const unnamed = modelOfUnnamed(iterations, context)
  const parts: UsagePart[] = []
  let folded: TokenCounts = noTokens
  for (const entry of iterations) {
    if (!isObject(entry)) {
      problems.add('bad-iterations')
      continue
    }
    const counts = readCounts(entry, context, problems)
    const model = readName(entry.model) ?? unnamed
    if (parts.length < MAX_PARTS) parts.push({ kind: readName(entry.type) ?? 'message', model, ...counts })
    else folded = capCounts(addTokens(folded, counts))
  }
  if (parts.some((part, index) => isSilentAttempt(part, parts[index + 1]))) problems.add('free-attempt')
  if (iterations.length <= MAX_PARTS) return parts
  problems.add('bad-iterations')
  return [...parts, { kind: 'message', model: unnamed, ...folded }]
}

/** What names no model ran on the one that was asked for; after a fallback that is not the one that answered. */
function modelOfUnnamed(iterations: readonly unknown[], context: UsageContext): string {
  const asked = iterations.find(
    (entry) => isObject(entry) && entry.type === 'message' && readName(entry.model) !== null,
  )
  return (isObject(asked) ? readName(asked.model) : null) ?? context.requestedModel ?? context.model
}

/** An attempt without a word, followed by another model's: most are free. It is charged, and the call flagged. */
function isSilentAttempt(part: UsagePart, next: UsagePart | undefined): boolean {
  return part.kind === 'message' && part.output === 0 && next?.kind === 'fallback_message'
}

/** What the call's own counters have beyond the iterations; null if nothing. Writes are compared as a whole. */
function subtractCounts(total: TokenCounts, billed: TokenCounts): TokenCounts | null {
  const writes = total.write5m + total.write1h - billed.write5m - billed.write1h
  const rest = {
    input: Math.max(0, total.input - billed.input),
    write5m: Math.max(0, writes),
    write1h: 0,
    read: Math.max(0, total.read - billed.read),
    output: Math.max(0, total.output - billed.output),
  }
  return totalPrompt(rest) + rest.output === 0 ? null : rest
}

function readCounts(source: RawObject, context: UsageContext, problems: Set<UsageProblem>): TokenCounts {
  return {
    input: readCount(source.input_tokens, MAX_COUNT, problems),
    read: readCount(source.cache_read_input_tokens, MAX_COUNT, problems),
    output: readCount(source.output_tokens, MAX_COUNT, problems),
    ...splitWrites(source, context, problems),
  }
}

/**
 * Cache writes by lifetime. The split is trusted over the total, but never less than the total is charged: the excess
 * is priced at 5 minutes, as Anthropic's own clients do.
 */
export function splitWrites(
  source: RawObject,
  context: UsageContext,
  problems: Set<UsageProblem>,
): Pick<TokenCounts, 'write5m' | 'write1h'> {
  const total = readCount(source.cache_creation_input_tokens, MAX_COUNT, problems)
  const split = source.cache_creation
  if (!isObject(split)) {
    if (split !== null && split !== undefined) problems.add('split-mismatch')
    return context.requestedTtl === '1h' ? { write5m: 0, write1h: total } : { write5m: total, write1h: 0 }
  }
  const write5m = readCount(split.ephemeral_5m_input_tokens, MAX_COUNT, problems)
  const write1h = readCount(split.ephemeral_1h_input_tokens, MAX_COUNT, problems)
  const isTotalGiven = isCount(source.cache_creation_input_tokens)
  if (isTotalGiven && write5m + write1h !== total) problems.add('split-mismatch')
  const excess = Math.max(0, total - write5m - write1h)
  // A split that says nothing is none: then the request decides.
  if (context.requestedTtl === '1h' && write5m + write1h === 0) return { write5m: 0, write1h: excess }
  return { write5m: write5m + excess, write1h }
}

function readSearches(source: RawObject, problems: Set<UsageProblem>): number {
  const tools = source.server_tool_use ?? {}
  if (!isObject(tools)) problems.add('bad-count')
  return isObject(tools) ? readCount(tools.web_search_requests, MAX_SEARCHES, problems) : 0
}

/** Any value as a count: what has an amount keeps it, rounded up and capped; what has none is 0. */
function readCount(value: unknown, max: number, problems: Set<UsageProblem>): number {
  if (value === null || value === undefined) return 0
  if (isCount(value) && value <= max) return value
  problems.add('bad-count')
  const amount = typeof value === 'string' && value.length < 40 ? Number(value) : value
  return typeof amount === 'number' && amount > 0 ? Math.min(Math.ceil(amount), max) : 0
}

function capCounts(counts: TokenCounts): TokenCounts {
  return {
    input: Math.min(counts.input, MAX_COUNT),
    write5m: Math.min(counts.write5m, MAX_COUNT),
    write1h: Math.min(counts.write1h, MAX_COUNT),
    read: Math.min(counts.read, MAX_COUNT),
    output: Math.min(counts.output, MAX_COUNT),
  }
}

function readSpeed(value: unknown, problems: Set<UsageProblem>): Usage['speed'] {
  if (value === null || value === undefined || value === 'standard') return 'standard'
  if (value !== 'fast') problems.add('unknown-speed')
  return 'fast'
}

function readTier(value: unknown, problems: Set<UsageProblem>): Usage['tier'] {
  if (value === 'batch' || value === 'priority') return value
  if (value !== null && value !== undefined && value !== 'standard') problems.add('unknown-tier')
  return 'standard'
}

/** A name as sent, cut to a length that no real one has; null for anything else. */
export function readName(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_NAME_LENGTH) : null
}
