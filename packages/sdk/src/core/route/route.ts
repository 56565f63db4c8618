/**
 * The Route of a call: which model serves it, why, and what was rejected.
 *
 * The model that a call asks for is the dearest that it gets; a route only ever goes to a cheaper one, and only where
 * that is cheaper on this call with all that leaving a warm cache costs. Within a conversation the model stays: leaving
 * it must win at once, because whether there will be another call nobody knows.
 */

import type { NanoUsd } from '../cost/money.js'
import { findModel, findPrice, isSameModel } from '../cost/price.js'
import { isBound } from './conversation-start.js'
import { findLack, isRetired, tokenFactor } from './model-traits.js'
import { isTooWeak } from './outcomes.js'
import { expectCost, weighModel } from './route-cost.js'
import type { RejectedModel, Route, RouteParts, RouteReason, RouteRequest } from './route-facts.js'
import { chooseTier } from './routing.js'

/** So long before its end people want to hear of it. */
const RETIREMENT_NOTICE_MS = 60 * 86_400_000

/** The route of a call; null if it names no model that could be replaced. */
export function chooseRoute(request: RouteRequest, parts: RouteParts): Route | null {
  const { view } = request
  if (view.model === null || view.modelRange === null) return null
  return new Search(request, parts, view.model).run()
}

interface Candidate {
  readonly model: string
  readonly tier: string | null
}

interface Wish {
  readonly candidate: Candidate
  readonly reason: RouteReason
}

class Search {
  readonly #request: RouteRequest
  readonly #parts: RouteParts
  readonly #asked: Candidate
  readonly #rejected: RejectedModel[] = []
  /** By model: they are compared with each other again and again. */
  readonly #weights = new Map<string, number>()

  constructor(request: RouteRequest, parts: RouteParts, asked: string) {
    this.#request = request
    this.#parts = parts
    this.#asked = { model: asked, tier: this.#tierOf(asked) }
  }

  run(): Route {
    const asked = this.#replaceRetired()
    const wish = this.#wish(asked)
    const wanted = this.#press(wish)
    const able = this.#firstAble(wanted.candidate, asked)
    // Back where it would have gone anyway, a budget changed nothing.
    return this.#settle(able, able.model === wish.candidate.model ? wish.reason : wanted.reason, asked)
  }

  /**
   * Nothing that is asked of a retired model is answered: the tier of its line takes its place, else the cheapest that
   * costs no less, else the dearest.
   */
  #replaceRetired(): Candidate {
    const known = findModel(this.#parts.book, this.#asked.model)
    if (this.#parts.policy.mode === 'off') return this.#asked
    if (known === null || !isRetired(known, this.#request.atMs)) return this.#asked
    const models = this.#ladder()
    const ofLine = models.find(({ model }) => findModel(this.#parts.book, model)?.line === known.line)
    const asked = this.#weigh(this.#asked)
    const replacement = ofLine ?? models.find((model) => this.#weigh(model) >= asked) ?? models.at(-1)
    if (replacement === undefined) return this.#asked
    this.#reject(this.#asked, 'is retired')
    return replacement
  }

  get #task(): string | null {
    return this.#request.task ?? this.#request.guess
  }

  #wish(asked: Candidate): Wish {
    const { policy } = this.#parts
    const { task, guess, tags, promptTokens } = this.#request
    const start: RouteReason = asked.model === this.#asked.model ? 'undeclared' : 'retired'
    const choice = policy.mode === 'off' ? null : chooseTier(policy, { task, tags, guess, tokens: promptTokens })
    if (choice === null) return { candidate: asked, reason: start }
    const { candidate, isLifted } = this.#atLeastGood(this.#cheaperOf(asked, this.#modelOf(choice.tier)), asked)
    return { candidate, reason: isLifted ? 'learned' : choice.reason }
  }

  /** What is wished as a budget runs low: money that is short is not to be spent on answers that are no good. */
  #press(wish: Wish): Wish {
    const { pressure } = this.#request
    const lower = pressure === null ? null : this.#below(wish.candidate, pressure)
    if (lower === null) return wish
    const why = this.#whyWeak(lower)
    if (why === null) return { candidate: lower, reason: 'budget' }
    if (!this.#rejected.some(({ model }) => model === lower.model)) this.#reject(lower, why)
    return wish
  }

  #cheaperOf(asked: Candidate, wanted: Candidate | null): Candidate {
    return wanted !== null && this.#weigh(wanted) < this.#weigh(asked) ? wanted : asked
  }

  /** Up from a tier that fails the task too often, as far as the model that was asked for. */
  #atLeastGood(from: Candidate, asked: Candidate): { readonly candidate: Candidate; readonly isLifted: boolean } {
    let candidate = from
    while (candidate.model !== asked.model) {
      const why = this.#whyWeak(candidate)
      if (why === null) break
      this.#reject(candidate, why)
      candidate = this.#above(candidate, asked)
    }
    return { candidate, isLifted: candidate.model !== from.model }
  }

  /** Null for a tier that does, as far as is known. */
  #whyWeak({ tier }: Candidate): string | null {
    const task = this.#task
    if (task === null || tier === null) return null
    const success = this.#parts.successOf(task, tier)
    if (!isTooWeak(success, this.#parts.policy.floor)) return null
    return `is good at ${task} in ${Math.round(success.mean * 100)} % of cases`
  }

  #firstAble(from: Candidate, asked: Candidate): Candidate {
    let candidate = from
    while (candidate.model !== asked.model) {
      const lack =
        this.#lackOf(candidate) ??
        this.#tightness(candidate) ??
        this.#pricelessness(candidate) ??
        this.#dearness(candidate, asked)
      if (lack === null) return candidate
      this.#reject(candidate, lack)
      candidate = this.#above(candidate, asked)
    }
    return candidate
  }

  /** Tokens are guessed before the call: a window that the prompt fills but for the answer may be too small for it. */
  #tightness({ model }: Candidate): string | null {
    const { view, promptTokens } = this.#request
    const window = findModel(this.#parts.book, model)?.contextWindow ?? null
    const needed = promptTokens * this.#factor(this.#asked, { model }) + (view.maxTokens ?? 0)
    return window !== null && needed > window ? 'leaves no room for the answer' : null
  }

  /** Nothing is sent by itself to a model of which nobody knows what it costs. */
  #pricelessness({ model }: Candidate): string | null {
    return findPrice(this.#parts.book, model, this.#request.atMs) === null ? 'has no price' : null
  }

  /** A model that is cheaper by the list may be dearer for this call: its tokenizer, or the card of long prompts. */
  #dearness(candidate: Candidate, asked: Candidate): string | null {
    // Within a conversation what leaving it costs is weighed by itself.
    const costOf = (each: Candidate): NanoUsd => this.#cost(each, this.#request.isStart ? this.#warmOn(each) : 0)
    return costOf(candidate) >= costOf(asked) ? 'would cost no less' : null
  }

  /** Where a conversation runs already, it stays there unless leaving wins at once. */
  #settle(target: Candidate, reason: RouteReason, asked: Candidate): Route {
    const current = this.#currentOf(asked)
    if (current === null || current.model === target.model) return this.#route(target, reason)
    const stay = this.#whyStay(current, target)
    if (stay === null) {
      this.#reject(current, 'the conversation leaves it')
      return this.#route(target, reason)
    }
    this.#reject(target, stay)
    return this.#route(current, 'conversation')
  }

  #currentOf(asked: Candidate): Candidate | null {
    const { conversation, isStart } = this.#request
    if (isStart) return null
    const current =
      conversation === null ? asked : { model: conversation.model, tier: this.#tierOf(conversation.model) }
    return this.#lackOf(current) === null ? current : null
  }

  #whyStay(current: Candidate, target: Candidate): string | null {
    const { view, conversation } = this.#request
    if (isBound(view)) return 'the conversation is bound to its model'
    // Of a conversation that nobody has seen all but its newest part may be cached.
    const warm = conversation === null ? this.#request.promptTokens : conversation.warmTokens
    if (warm === 0) return null
    if (this.#cost(current, warm) <= this.#cost(target, 0)) return 'would lose the warm cache'
    const after = this.#cost(target, warm * this.#factor(current, target))
    return after > this.#cost(current, warm) ? 'would cost more from the next call on' : null
  }

  #route(taken: Candidate, reason: RouteReason): Route {
    const lostTokens = taken.model === this.#asked.model ? 0 : this.#warmOn(this.#asked)
    const retiresMs = findModel(this.#parts.book, this.#asked.model)?.retiresMs ?? null
    const isNear = retiresMs !== null && retiresMs - this.#request.atMs < RETIREMENT_NOTICE_MS
    return {
      asked: this.#asked.model,
      model: taken.model,
      tier: taken.tier,
      task: this.#task,
      reason,
      expected: this.#cost(taken, this.#warmOn(taken)),
      expectedAsked: this.#cost(this.#asked, this.#warmOn(this.#asked)),
      rejected: this.#rejected,
      lostTokens,
      retiresMs: isNear ? retiresMs : null,
    }
  }

  #warmOn({ model }: Candidate): number {
    const { conversation, isStart } = this.#request
    if (isStart) return this.#parts.warmOn?.(model) ?? 0
    return conversation?.model === model ? conversation.warmTokens : 0
  }

  #reject(candidate: Candidate, why: string): void {
    this.#rejected.push({ ...candidate, why, expected: this.#cost(candidate, this.#warmOn(candidate)) })
  }

  #lackOf({ model }: Candidate): string | null {
    const { view, effort, betas, promptTokens, atMs } = this.#request
    const tokens = promptTokens * tokenFactor(this.#parts.book, this.#asked.model, model)
    return findLack(this.#parts.book, model, { view, effort, betas, tokens }, atMs)
  }

  #cost({ model }: Candidate, warmTokens: number): NanoUsd {
    const { view, promptTokens, outputTokens, atMs } = this.#request
    const call = { countedBy: this.#asked.model, promptTokens, outputTokens, view }
    return expectCost(this.#parts.book, model, call, warmTokens, atMs)
  }

  #factor(from: Pick<Candidate, 'model'>, to: Pick<Candidate, 'model'>): number {
    return tokenFactor(this.#parts.book, from.model, to.model)
  }

  #weigh({ model }: Candidate): number {
    const weight = this.#weights.get(model) ?? weighModel(this.#parts.book, model, this.#request.atMs)
    this.#weights.set(model, weight)
    return weight
  }

  /** The tiers, the cheapest first. */
  #ladder(): readonly Candidate[] {
    const tiers = [...this.#parts.policy.tiers].map(([tier, model]) => ({ tier, model }))
    return tiers.sort((left, right) => this.#weigh(left) - this.#weigh(right))
  }

  #above(candidate: Candidate, asked: Candidate): Candidate {
    const own = this.#weigh(candidate)
    const limit = this.#weigh(asked)
    return this.#ladder().find((other) => this.#weigh(other) > own && this.#weigh(other) < limit) ?? asked
  }

  #below(candidate: Candidate, pressure: string): Candidate | null {
    const own = this.#weigh(candidate)
    const named = pressure === 'next' ? null : this.#modelOf(pressure)
    if (named !== null) return this.#weigh(named) < own ? named : null
    return this.#ladder().findLast((other) => this.#weigh(other) < own) ?? null
  }

  #modelOf(tier: string): Candidate | null {
    const model = this.#parts.policy.tiers.get(tier)
    return model === undefined ? null : { model, tier }
  }

  #tierOf(model: string): string | null {
    for (const [tier, id] of this.#parts.policy.tiers) if (isSameModel(this.#parts.book, id, model)) return tier
    return null
  }
}
