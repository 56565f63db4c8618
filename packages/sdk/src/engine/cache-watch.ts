/** What becomes of a prompt that was sent: when it can be read, whether it was billed as foretold, and if not, why. */

import { isBilledAs, savingOf, tokensOf } from '../core/cache/cache-check.js'
import { explainMiss, type SentPrompt } from '../core/cache/cache-miss.js'
import type { CachePlan } from '../core/cache/cache-plan.js'
import type { CacheMode, RecordedCache, RecordedMark, RecordedMiss } from '../core/cache/cache-record.js'
import { findEarlierEnds, findEnd, noteReturns, type PlanFacts, type PlannedPrompt } from '../core/cache/cache-spots.js'
import type { CallPrefix } from '../core/cache/fingerprints.js'
import { pauseKindOf } from '../core/cache/keep-warm.js'
import type { PrefixCall } from '../core/cache/prefix-index.js'
import { isShortened, tokensOfAll, tokensUpTo } from '../core/cache/prefix-reading.js'
import { fitPrompt } from '../core/cache/prompt-fit.js'
import { costOf } from '../core/cost/cost.js'
import { isSameModel } from '../core/cost/price.js'
import { totalPrompt, type Usage, type UsagePart } from '../core/cost/usage.js'
import type { CacheWatch, ToldByAnswer } from './cache-word.js'
import type { WarmPrompt } from './keep-warm.js'
import type { AgentRatio, PrefixMemory, PrefixParts } from './prefix-memory.js'
import { type EarlierPrompts, findBefore, findSibling, type PromptOwner, type SentCall } from './sent-prompts.js'

/** What it takes to keep a prompt warm. */
export type WarmAsk = Pick<WarmPrompt, 'scope' | 'send' | 'isWelcome' | 'onOwnCall'> & {
  /** The request as it goes out. */
  readonly body: Uint8Array
}

/** What is watched. */
export interface WatchedPrompt {
  readonly parts: PrefixParts
  readonly memory: PrefixMemory
  readonly id: string
  readonly agent: string
  readonly owner: PromptOwner
  readonly mode: Exclude<CacheMode, 'off'>
  readonly prefix: CallPrefix
  readonly ratio: AgentRatio
  readonly facts: PlanFacts
  readonly plan: CachePlan
  /** As it is sent. */
  readonly prompt: PlannedPrompt
  /** Whether the markers of the plan are in it. */
  readonly isMarked: boolean
  /** False where tools of the API add to the prompt, and markers of its own, while it answers. */
  readonly isPlain: boolean
  /** Null if the prompt is not to be kept warm. */
  readonly warm: WarmAsk | null
  /** True for a request that keeps a prompt warm: it is no visit, and has nothing to miss. */
  readonly isPing: boolean
}

/** Opens the watch over a prompt that is about to be sent. */
export function watchCache(watched: WatchedPrompt): CacheWatch {
  return new RunningPrompt(watched)
}

const NONE_EARLIER: EarlierPrompts = { own: [], others: [] }
const PICO_PER_NANO = 1_000

interface Running {
  readonly call: PrefixCall
  readonly sent: SentCall
  readonly earlier: EarlierPrompts
}

class RunningPrompt implements CacheWatch {
  private readonly watched: WatchedPrompt
  private running: Running | null = null
  private isOpen = false

  constructor(watched: WatchedPrompt) {
    this.watched = watched
  }

  sent(): void {
    if (this.running !== null) return
    const { parts, memory, id, owner, facts, plan, prefix, prompt, isPing } = this.watched
    const { runtime, keepWarm } = parts
    const nowMs = runtime.now()
    if (!isPing) noteReturns(facts.nowMs === nowMs ? facts : { ...facts, nowMs }, plan.story)
    const call = isPing ? memory.index.warm(prompt, nowMs) : memory.index.begin(prompt, nowMs)
    const { reading } = call
    const sent = {
      id,
      prefix,
      prompt,
      reading,
      startedAtMs: nowMs,
      visibleAtMs: null,
      billed: null,
      isAbandoned: false,
    }
    this.running = { call, sent, earlier: isPing ? NONE_EARLIER : memory.sent.note(owner, sent) }
    this.isOpen = true
    if (keepWarm.isOn && !isPing) keepWarm.resume(this.findPauses(this.running))
  }

  /** Where the conversation paused: what it ended with may have been written anew since, and is then no part of this one. */
  private findPauses({ sent, earlier }: Running): readonly number[] {
    const { prompt, plan } = this.watched
    const before = findBefore(sent, earlier.own)
    const end = before === null ? null : findEnd(before.prompt)
    const ends = findEarlierEnds(prompt, plan.story)
    return end === null || ends.includes(end) ? ends : [...ends, end]
  }

  begun(usage: Usage): void {
    if (this.running === null || !this.isOpen) return
    const { index } = this.watched.memory
    const { call, sent } = this.running
    const part = this.ownPart(usage)
    // Another model answered, which read and wrote in a cache of its own.
    if (part === null) this.abandon()
    if (part === null) return
    this.isOpen = false
    sent.visibleAtMs = this.watched.parts.runtime.now()
    if (this.watched.isPlain && isBilledAs(call.reading, part)) sent.billed = part
    else if (this.watched.isPlain) this.forgetMissing(call, part)
    index.publish(call, this.watched.isPlain ? part : undefined)
  }

  /** Markers of the caller may be to blame where there are any: then no other conversation goes without. */
  refused(): void {
    const { parts, memory, id, agent, prefix, prompt, isMarked } = this.watched
    if (!isMarked) return
    const { runtime } = parts
    runtime.log.error('cache-marks-refused', { call: id })
    memory.refusals.note(prefix.markerCount === 0 ? prompt.space : agent, runtime.now())
  }

  end(usage: Usage | null, isExact: boolean, { diagnosis, stopReason }: ToldByAnswer): RecordedCache {
    if (usage !== null && isExact) this.begun(usage)
    this.abandon()
    const part = usage === null || !isExact ? null : this.ownPart(usage)
    const { mode, prefix, plan, isMarked, prompt, isPlain, isPing } = this.watched
    const expected = tokensOf(this.running?.call.reading ?? (isMarked ? plan.planned : plan.asSent))
    const isComparable = part !== null && isPlain
    if (isComparable) this.learn(part)
    if (part !== null) this.pause(part, stopReason)
    const { savedNano, addedNano } = this.saving(usage)
    const record: RecordedCache = {
      mode,
      ownMarkers: prefix.markerCount,
      marks: plan.marks.map((mark) => recordMark(prefix, prompt, mark)),
      expected,
      isAsExpected: isComparable ? isBilledAs(expected, part) : null,
      isShortened: isComparable && this.running !== null && isShortened(prompt, this.running.call.reading, part),
      miss: isComparable ? this.findMiss(part) : null,
      diagnosis,
      savedNano,
      addedNano,
    }
    return isPing ? { ...record, isPing } : record
  }

  /** What lives for five minutes from here on may be worth more. */
  private pause(part: UsagePart, stopReason: string | null): void {
    const { parts, warm, owner, prompt, facts } = this.watched
    if (warm === null || this.running === null) return
    const place = findEnd(prompt)
    const marked = prompt.breakpoints.at(-1)
    const keptTokens = tokensUpTo(prompt, marked?.block ?? -1)
    if (place === null || marked?.ttl !== '5m' || keptTokens < prompt.minimumTokens) return
    parts.keepWarm.pause({
      ...warm,
      place,
      session: owner.session,
      rates: facts.rates,
      tokens: totalPrompt(part),
      keptTokens: scaleTo(keptTokens, prompt, part),
      startedAtMs: this.running.call.startedAtMs,
      kind: pauseKindOf({ stopReason, agent: warm.scope.agent, presence: facts.presence }),
      watch: (id) =>
        new RunningPrompt({ ...this.watched, id, isPing: true, isMarked: false, plan: this.asPing(), warm: null }),
    })
  }

  private asPing(): CachePlan {
    const { plan, prompt, memory, parts } = this.watched
    const reading = memory.index.look(prompt, parts.runtime.now())
    return { marks: [], asSent: reading, planned: reading, gainPico: 0, story: plan.story }
  }

  /** What is not known to have begun wrote nothing. */
  private abandon(): void {
    if (this.running === null || !this.isOpen) return
    this.isOpen = false
    this.running.sent.isAbandoned = true
    this.watched.memory.index.abandon(this.running.call)
  }

  /** The only run of the answer, by the model that was asked. */
  private ownPart({ parts: runs }: Usage): UsagePart | null {
    const [part] = runs
    const { prefix, parts } = this.watched
    const { book } = parts
    const isOwn = part !== undefined && runs.length === 1
    return isOwn && isSameModel(book, part.model, prefix.model) ? part : null
  }

  /** Entries that the API should have read and did not are not there. */
  private forgetMissing({ prompt, reading }: PrefixCall, part: UsagePart): void {
    if (part.read >= reading.read) return
    const scale = tokensOfAll(prompt) / Math.max(1, totalPrompt(part))
    const from = prompt.endTokens.findIndex((tokens) => tokens > part.read * scale * NEARLY)
    if (from !== -1) this.watched.memory.index.forget(prompt, from)
  }

  private learn(part: UsagePart): void {
    const { ratio, prefix } = this.watched
    let estimated = 0
    for (const { tokens } of prefix.blocks) estimated += tokens
    ratio.learn(estimated, totalPrompt(part))
  }

  private findMiss(usage: UsagePart): RecordedMiss | null {
    if (this.running === null || isAllRead(usage)) return null
    const { sent, earlier } = this.running
    const before = findBefore(sent, earlier.own)
    // A conversation that has just begun could have read what others began with.
    const nearest = before ?? findSibling(sent, [...earlier.others, ...earlier.own])
    if (nearest === null) return null
    const { rates } = this.watched.facts
    const miss = explainMiss({ before: fitSent(nearest), isSibling: before === null, now: sent, usage, rates })
    if (miss === null) return null
    const { cause, lostTokens, lostPico } = miss
    // All that was there was read: what is left are tokens that were estimated.
    if (cause.kind === 'unexplained' && isBilledAs(sent.reading, usage)) return null
    return { cause, before: nearest.id, lostTokens, lostNano: Math.round(lostPico / PICO_PER_NANO) }
  }

  private saving(usage: Usage | null): Pick<RecordedCache, 'savedNano' | 'addedNano'> {
    if (usage === null) return { savedNano: 0, addedNano: 0 }
    const { parts, plan, isMarked, facts, isPing } = this.watched
    const { book, unknownModel: policy } = parts
    if (isPing) {
      const costNano = costOf(usage, book, facts.nowMs, policy).nano
      return { savedNano: -costNano, addedNano: -costNano }
    }
    return savingOf({ usage, book, atMs: facts.nowMs, policy, asSent: isMarked ? tokensOf(plan.asSent) : null })
  }
}

/** So many tokens of a prompt as they were estimated, in those that were billed for it. */
function scaleTo(tokens: number, prompt: PlannedPrompt, part: UsagePart): number {
  return (tokens * totalPrompt(part)) / Math.max(1, tokensOfAll(prompt))
}

/** So much of a prompt is new with every turn. */
const NEW_TOKENS = 64

/** True if nothing worth a word can have been missed. */
function isAllRead(usage: UsagePart): boolean {
  return totalPrompt(usage) - usage.read <= NEW_TOKENS
}

/** With the tokens that were billed, where they are known. */
function fitSent(call: SentCall): SentPrompt {
  const { prompt, reading, billed } = call
  return billed === null ? call : { ...call, prompt: fitPrompt(prompt, reading, billed) }
}

/** The end of what was read is found by tokens that are estimates. */
const NEARLY = 1.02

function recordMark(
  prefix: CallPrefix,
  prompt: PlannedPrompt,
  { block, ttl, reason }: CachePlan['marks'][number],
): RecordedMark {
  const at = prefix.blocks[block]
  const tokens = tokensUpTo(prompt, block)
  return { block: at?.index ?? block, part: at?.part ?? 'messages', ttl, reason, tokens }
}
