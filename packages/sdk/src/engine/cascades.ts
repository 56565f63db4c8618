/** Cascades: on which tiers a call is tried, by what each costs and what was learned of it. The tries are made by doors. */

import type { CallView } from '../core/body/call.js'
import { scanCall } from '../core/body/scan.js'
import type { Headers, Scope } from '../core/budget/scope.js'
import { findModel, isSameModel } from '../core/cost/price.js'
import { type CascadePlan, type CascadeStep, planCascade, whyNotRepeated } from '../core/route/cascade.js'
import type { CascadeRule } from '../core/route/cascade-facts.js'
import { findLack, isRetired, readBetas, tokenFactor } from '../core/route/model-traits.js'
import { expectCost, weighModel } from '../core/route/route-cost.js'
import { modelOfTier } from '../core/route/routing.js'
import { tokenFacts } from '../core/tokens/tokens.js'
import type { RoutesDesk } from './route-desk.js'
import type { RouteOutcomes } from './route-outcomes.js'

/** A request that may be tried on several tiers. */
export interface CascadeCall {
  /** With the model of the last resort in it. */
  readonly body: Uint8Array
  readonly scope: Scope
  /** They say which betas it uses, and whose prompt caches it meets. */
  readonly headers: Headers
  /** Null: nothing is learned of it, and nothing that was learned is used. */
  readonly task: string | null
}

/** A cascade that a gateway is to run. */
export interface StartedCascade {
  readonly plan: CascadePlan
  readonly rule: CascadeRule
  /** The model that the caller asked for. */
  readonly asked: string
  readonly view: CallView
}

/** What doors ask before they try. */
export interface Cascades {
  /** Of the tasks in the configuration; empty where calls are not routed. */
  readonly rules: ReadonlyMap<string, CascadeRule>
  /**
   * Null for calls that are no cascade: no task of the configuration, a stream, or what cannot be repeated. The model that
   * the caller asked for is the last resort, and no dearer one is tried; where nothing cheaper is worth it, that one alone.
   *
   * @throws MalformedBodyError if the body is no request
   */
  start(call: CascadeCall): Promise<StartedCascade | null>
  /**
   * The tries of a call that a program makes: the last tier is the last resort.
   *
   * @throws RangeError for a tier that nobody has named
   * @throws TypeError for a request that cannot be made more than once
   */
  plan(call: CascadeCall, tiers: readonly string[]): Promise<CascadePlan>
}

/** Cascades over what routes know. */
export function openCascades(desk: RoutesDesk, outcomes: RouteOutcomes): Cascades {
  const { policy, book, runtime } = desk
  const modelOf = (tier: string): string | null => modelOfTier(tier, policy.tiers, book)
  const planSteps = async (call: CascadeCall, view: CallView, steps: readonly Named[]): Promise<CascadePlan> => {
    if (call.task !== null) await outcomes.refresh()
    return planCascade(steps.map((step) => describeStep(desk, outcomes, { ...call, view }, step)))
  }
  return {
    rules: policy.mode === 'route' ? policy.cascades : new Map(),
    start: async (call) => {
      const rule = call.task === null || policy.mode !== 'route' ? undefined : policy.cascades.get(call.task)
      if (rule === undefined) return null
      const view = scanCall(call.body)
      const asked = findLastResort(desk, view)
      if (asked === null) return null
      const weight = (model: string): number => weighModel(book, model, runtime.now())
      const named = rule.tiers.flatMap((tier) => nameTier(tier, modelOf(tier)))
      const cheaper = named.filter(({ model }) => !isSameModel(book, model, asked) && weight(model) < weight(asked))
      const own = [...policy.tiers].find(([, model]) => isSameModel(book, model, asked))?.[0] ?? asked
      const plan = await planSteps(call, view, [...cheaper, { tier: own, model: asked }])
      return { plan, rule, asked, view }
    },
    plan: async (call, tiers) => {
      const view = scanCall(call.body)
      const why = whyNotRepeated(view)
      if (why !== null) throw new TypeError(`this call cannot be a cascade: ${why}`)
      const steps = tiers.map((tier) => {
        const model = modelOf(tier)
        if (model !== null) return { tier, model }
        throw new RangeError(
          `unknown tier ${JSON.stringify(tier)}: it is none of ${[...policy.tiers.keys()].join(', ')}`,
        )
      })
      return planSteps(call, view, steps)
    },
  }
}

/** The model that is asked for; null where a call can have no other answer than that model's, or none from it. */
function findLastResort({ book, runtime }: RoutesDesk, view: CallView): string | null {
  const { model, modelRange, stream } = view
  if (model === null || modelRange === null || stream || whyNotRepeated(view) !== null) return null
  const known = findModel(book, model)
  // It is for its route to replace a model that is no longer served.
  return known !== null && isRetired(known, runtime.now()) ? null : model
}

interface Named {
  readonly tier: string
  readonly model: string
}

function nameTier(tier: string, model: string | null): readonly Named[] {
  return model === null ? [] : [{ tier, model }]
}

function describeStep(
  desk: RoutesDesk,
  outcomes: RouteOutcomes,
  { view, body, scope, task, headers }: CascadeCall & { readonly view: CallView },
  { tier, model }: Named,
): CascadeStep {
  const { book, runtime } = desk
  const asked = view.model ?? ''
  const atMs = runtime.now()
  const facts = tokenFacts(findModel(book, asked))
  const { tokens: promptTokens } = desk.estimateInput(view, body, facts, desk.ratioOf(asked))
  const outputTokens = desk.shortOutput(scope, asked)
  const tokens = promptTokens * tokenFactor(book, asked, model)
  const betas = readBetas(headers['anthropic-beta'])
  const warmTokens = desk.warmOn({ view, body, scope, headers }, model)
  return {
    tier,
    model,
    listedNano: expectCost(book, model, { countedBy: asked, promptTokens, outputTokens, view }, warmTokens, atMs),
    success: outcomes.estimate(task ?? '', task === null ? '' : tier),
    lack: findLack(book, model, { view, effort: view.effort ?? null, betas, tokens }, atMs),
  }
}
