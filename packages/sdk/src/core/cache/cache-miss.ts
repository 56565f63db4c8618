/** Why a prefix was not read although an earlier request of the conversation sent it, and what that cost. */

import type { BlockPart, CacheTtl } from '../body/call.js'
import type { TokenCounts } from '../cost/usage.js'
import { type CacheRates, LOOKBACK, lifetimeMs } from './cache-model.js'
import { type CacheParameters, parameterLevels } from './cache-parameters.js'
import type { CallPrefix, PrefixBlock } from './fingerprints.js'
import type { BlockChange, MissCause } from './miss-cause.js'
import { type CacheReading, type IndexedPrompt, tokensOfAll, tokensUpTo, ttlAt } from './prefix-reading.js'

/** A request of a conversation as it was sent. `prompt` is of the blocks of `prefix`, with the markers as sent. */
export interface SentPrompt {
  readonly prefix: CallPrefix
  readonly prompt: IndexedPrompt
  readonly reading: CacheReading
  readonly startedAtMs: number
  /** When its answer began; null if that is not known yet. */
  readonly visibleAtMs: number | null
}

/** A prefix that could have been read. */
export interface CacheMiss {
  readonly cause: MissCause
  /** Tokens that were not read although they had been sent before. Estimated, as the tokens of blocks are. */
  readonly lostTokens: number
  /** What that cost more than reading them, in pico-dollars. */
  readonly lostPico: number
}

/** What is known when the answer of the later request has begun. */
export interface MissFacts {
  readonly before: SentPrompt
  /** True if `before` is of another conversation, of which no more than the beginning can be wanted. False by default. */
  readonly isSibling?: boolean
  readonly now: SentPrompt
  /** As reported for the later request. */
  readonly usage: TokenCounts
  /** Of the model of the later request. */
  readonly rates: CacheRates
}

/** Token counts of blocks are estimates: smaller differences are no misses. */
const TOLERANCE = 0.05
const TOLERANCE_TOKENS = 64

interface Left {
  readonly block: number
  readonly tokens: number
  readonly ttl: CacheTtl
}

/** The miss of a request, compared with the one before it in the same conversation; null if it read what there was. */
export function explainMiss(facts: MissFacts): CacheMiss | null {
  const { before, usage, rates } = facts
  const left = facts.isSibling === true ? findShared(facts) : findLeft(before)
  const wanted = left?.tokens ?? sharedTokens(facts)
  // What only others had begun with could not have been kept.
  if (facts.isSibling === true && wanted < facts.now.prompt.minimumTokens) return null
  const lostTokens = Math.max(0, Math.min(wanted, promptTokens(usage)) - usage.read)
  if (lostTokens <= TOLERANCE_TOKENS + wanted * TOLERANCE) return null
  return { cause: findCause(facts, left), lostTokens, lostPico: priceLoss(lostTokens, usage, rates) }
}

/** The deepest entry that the earlier request left behind: what it wrote, else what it read. */
function findLeft({ prompt, reading }: SentPrompt): Left | null {
  return leftAt(prompt, reading.writes.at(-1)?.block ?? reading.readBlock)
}

function leftAt(prompt: IndexedPrompt, block: number): Left | null {
  if (prompt.blocks[block] === undefined) return null
  return { block, tokens: tokensUpTo(prompt, block), ttl: ttlAt(prompt, block) ?? '5m' }
}

/** The deepest entry that a sibling left within what both prompts begin with; null where it left none there. */
function findShared({ before, now }: MissFacts): Left | null {
  const { prompt, reading } = before
  const shared = countShared(before, now)
  const places = [...reading.hits, ...reading.writes.map(({ block }) => block)].filter((block) => block < shared)
  return leftAt(prompt, Math.max(-1, ...places))
}

function findCause({ before, now, isSibling = false }: MissFacts, left: Left | null): MissCause {
  if (before.prefix.model !== now.prefix.model) {
    return { kind: 'model-changed', from: before.prefix.model, to: now.prefix.model }
  }
  const { minimumTokens } = now.prompt
  if (left === null) {
    const hadMarkers = before.prompt.breakpoints.length > 0
    if (isSibling && before.reading.writes.length > 0)
      return { kind: 'wrote-elsewhere', block: lastShared(before, now) }
    return hadMarkers ? { kind: 'too-short', minimumTokens } : { kind: 'never-written' }
  }
  return findChange(before.prefix, now.prefix, left) ?? findTimeCause(before, now, left) ?? findMarkerCause(now, left)
}

function findChange(before: CallPrefix, now: CallPrefix, left: Left): MissCause | null {
  const at = now.blocks.findIndex(({ key }, index) => key !== before.blocks[index]?.key)
  if (at === -1 && now.blocks.length > left.block) return null
  if (at > left.block) return null
  const place = at === -1 ? now.blocks.length : at
  const [old, fresh] = [before.blocks[place], now.blocks[place]]
  if (old !== undefined && fresh !== undefined && old.print === fresh.print)
    return findParameters(before, now, fresh.part)
  // Where only one of two levels goes on, it is the shorter one that has changed.
  const part = earlierPart(old?.part ?? 'messages', fresh?.part ?? 'messages')
  const change = changeOf(before.blocks.slice(place), now.blocks.slice(place))
  const last = now.blocks.at(-1)
  const block = fresh?.index ?? (last?.index ?? -1) + 1
  return { kind: `${part}-changed`, block, offset: (fresh ?? last)?.start ?? 0, change }
}

/** The parameters of this level, or of those before it, that differ. */
function findParameters(before: CallPrefix, now: CallPrefix, part: BlockPart): MissCause {
  const names = Object.keys(parameterLevels) as (keyof CacheParameters)[]
  const changed = names.filter((name) => before.parameters[name] !== now.parameters[name])
  const relevant = part === 'messages' ? changed : changed.filter((name) => parameterLevels[name] === part)
  return { kind: 'parameter-changed', parameters: relevant }
}

function earlierPart(left: BlockPart, right: BlockPart): BlockPart {
  const parts: readonly BlockPart[] = ['tools', 'system', 'messages']
  return parts[Math.min(parts.indexOf(left), parts.indexOf(right))] ?? 'messages'
}

function changeOf(old: readonly PrefixBlock[], fresh: readonly PrefixBlock[]): BlockChange {
  const [first, next] = [old[0]?.print, fresh[0]?.print]
  const isOldThere = fresh.some(({ print }) => print === first)
  const isNewOld = old.some(({ print }) => print === next)
  if (isOldThere && isNewOld) return 'moved'
  if (isOldThere) return 'added'
  return isNewOld || fresh.length === 0 ? 'removed' : 'edited'
}

function findTimeCause(before: SentPrompt, now: SentPrompt, { ttl }: Left): MissCause | null {
  const idleMs = now.startedAtMs - before.startedAtMs
  if (before.visibleAtMs === null || before.visibleAtMs > now.startedAtMs) return { kind: 'not-yet-visible' }
  return idleMs > lifetimeMs[ttl] ? { kind: 'expired', ttl, idleMs } : null
}

function findMarkerCause({ prompt }: SentPrompt, { block }: Left): MissCause {
  const { blocks, breakpoints, minimumTokens } = prompt
  const marked = breakpoints.filter((breakpoint) => breakpoint.block >= block)
  const nearest = marked[0]
  if (nearest === undefined) return { kind: 'no-breakpoint' }
  if (marked.every((each) => tokensUpTo(prompt, each.block) < minimumTokens)) {
    return { kind: 'too-short', minimumTokens }
  }
  const positions = (blocks[nearest.block]?.position ?? 0) - (blocks[block]?.position ?? 0)
  return positions >= LOOKBACK ? { kind: 'beyond-lookback', positions } : { kind: 'unexplained' }
}

/** Where nothing was written: what both prompts begin with. */
function sharedTokens({ before, now }: MissFacts): number {
  if (before.prefix.model !== now.prefix.model) return tokensOfAll(before.prompt)
  return tokensUpTo(now.prompt, countShared(before, now) - 1)
}

/** How many blocks both prompts begin with. */
function countShared(before: SentPrompt, now: SentPrompt): number {
  const parted = now.prefix.blocks.findIndex(({ key }, at) => key !== before.prefix.blocks[at]?.key)
  return parted === -1 ? now.prefix.blocks.length : parted
}

/** In the view of the later request. */
function lastShared(before: SentPrompt, now: SentPrompt): number {
  return now.prefix.blocks[countShared(before, now) - 1]?.index ?? -1
}

function promptTokens({ input, read, write5m, write1h }: TokenCounts): number {
  return input + read + write5m + write1h
}

/** What follows the tokens that were read was written for an hour, then for five minutes, then not at all. */
function priceLoss(lostTokens: number, usage: TokenCounts, rates: CacheRates): number {
  let open = lostTokens
  let pico = -lostTokens * rates.read
  for (const item of ['write1h', 'write5m', 'input'] as const) {
    const tokens = Math.min(open, usage[item])
    pico += tokens * rates[item]
    open -= tokens
  }
  return pico
}
