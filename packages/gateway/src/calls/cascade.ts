/** A call that is tried on cheap tiers first: each try is a call of its own, and the caller gets one answer. */

import type { ServerResponse } from 'node:http'
import {
  type Call,
  type CallRecord,
  type CascadeRule,
  decimalUsd,
  identify,
  MalformedBodyError,
  nanoUsd,
  replaceModel,
} from '@runguard/sdk/core'
import {
  costHeader,
  type Engine,
  ownHeaders,
  type Runtime,
  type StartedCascade,
  type Watch,
} from '@runguard/sdk/engine'
import type { Dispatcher } from 'undici'
import { refuse, unreachable } from '../relay.js'
import { HeldAnswer, type HeldEnd } from './held-answer.js'
import type { RunningAnswer } from './running-answer.js'
import { compileVerifier, findSlowCharacter, messageText, type Verifier } from './verifier.js'

/** The cascades of one gateway, ready to run. */
export type CompiledCascades = ReadonlyMap<CascadeRule, Verifier>

/** Warns of patterns that can be slow. @throws VerifierError for a schema or a pattern that cannot be used */
export function compileCascades(
  { cascades }: Pick<Engine, 'cascades'>,
  { log }: Pick<Runtime, 'log'>,
): CompiledCascades {
  for (const [task, { verify }] of cascades.rules) {
    const character = findSlowCharacter(verify)
    if (character !== null) log.warn('cascade-pattern-slow', { task, character })
  }
  return new Map([...cascades.rules.values()].map((rule) => [rule, compileVerifier(rule.verify)]))
}

/** Null for a call that is no cascade. Never rejects for anything a caller sends. */
export async function startCascade({ cascades }: Pick<Engine, 'cascades'>, call: Call): Promise<StartedCascade | null> {
  const { body, endpoint, headers, problem } = call
  if (body === null || problem !== null || endpoint.kind !== 'messages') return null
  const scope = call.scope ?? identify(headers, null, endpoint.project, call.account)
  try {
    return await cascades.start({ body, scope, task: scope.task, headers })
  } catch (error) {
    // The engine says what is wrong with it.
    if (error instanceof MalformedBodyError) return null
    throw error
  }
}

/** What a cascade runs on. */
export interface CascadeParts {
  readonly engine: Engine
  readonly runtime: Runtime
  readonly verifiers: CompiledCascades
  readonly running: Set<RunningAnswer>
  /** As its caller sent it. */
  readonly call: Call
  readonly response: ServerResponse
  /** Sends the request with this body. */
  dispatch(body: Uint8Array, handler: Dispatcher.DispatchHandler): void
}

/** Runs the tries of a call, and answers it. */
export async function serveCascade(parts: CascadeParts, started: StartedCascade): Promise<void> {
  await new Cascade(parts, started).serve()
}

interface Tried {
  readonly watch: Watch
  readonly end: HeldEnd
  readonly record: CallRecord
  readonly isGood: boolean
}

/** Whoever is refused so is refused on every tier: no key, or no money. */
const OF_THE_ACCOUNT = new Set([401, 402])

class Cascade {
  private readonly parts: CascadeParts
  private readonly started: StartedCascade
  private readonly id: string
  private failedNano = 0

  constructor(parts: CascadeParts, started: StartedCascade) {
    this.parts = parts
    this.started = started
    this.id = parts.runtime.id()
  }

  async serve(): Promise<void> {
    const { tries } = this.started.plan
    for (const attempt of tries.keys()) {
      const tried = await this.attempt(attempt)
      if (tried === null) return
      const isLast = attempt === tries.length - 1
      if (tried.isGood || isLast || !isOfTheTier(tried.end)) {
        this.answer(attempt, tried)
        return
      }
      this.failedNano += tried.record.cost.nano
    }
  }

  /** Null if the caller has its answer: a refusal, or none any more. */
  private async attempt(attempt: number): Promise<Tried | null> {
    const { engine, runtime, call, response, running, dispatch } = this.parts
    const step = this.started.plan.tries[attempt]
    if (step === undefined || call.body === null || response.destroyed) return null
    const body = replaceModel(call.body, this.started.view, step.model)
    const cascade = { id: this.id, attempt: attempt + 1, tier: step.tier, asked: this.started.asked }
    // What came before this try is no work on it.
    const readAtTick = attempt === 0 ? call.readAtTick : runtime.tick()
    const admission = await engine.admit({ ...call, body, cascade, readAtTick })
    if (admission.kind === 'refuse') {
      for (const [name, value] of this.told(attempt, false)) response.setHeader(name, value)
      refuse(response, admission.refusal, admission.id)
      return null
    }
    const { watch } = admission
    const held = new HeldAnswer(response.req.socket, watch)
    const leave = (): void => held.stop('caller-aborted')
    running.add(held)
    response.once('close', leave)
    // Who left while the request was still looked at has left for good: no event will say so again.
    if (response.destroyed || response.req.socket.destroyed) leave()
    dispatch(admission.body ?? body, held)
    const { end, record } = await held.ended
    response.off('close', leave)
    running.delete(held)
    return { watch, end, record, isGood: await this.judge(end, record) }
  }

  private async judge(end: HeldEnd, record: CallRecord): Promise<boolean> {
    const { engine, runtime, verifiers } = this.parts
    const verify = verifiers.get(this.started.rule)
    if (end.kind === 'failed' || end.status !== 200 || verify === undefined) return false
    const text = messageText(end.body)
    const judgement = text === null ? 'bad' : verify(text)
    if (judgement.startsWith('too-')) runtime.log.warn('cascade-unjudged', { call: record.id, judgement })
    await engine.feedback({ call: record.id, isGood: judgement === 'good' }).catch((error: unknown) => {
      runtime.log.error('feedback-lost', { call: record.id, error: String(error) })
    })
    return judgement === 'good'
  }

  private answer(attempt: number, { watch, end, record, isGood }: Tried): void {
    const { response } = this.parts
    if (response.destroyed) return
    const told = this.told(attempt, isGood)
    if (end.kind === 'failed') {
      for (const [name, value] of told) response.setHeader(name, value)
      refuse(response, unreachable(end.error), watch.id)
      return
    }
    const own = [...ownHeaders(watch), ...costHeader(record), ...told.flat()]
    response.writeHead(end.status, [...end.headers, ...own, 'content-length', String(end.body.length)])
    response.end(end.body)
  }

  /** Which tier answered, and what those cost whose answers were not good enough. */
  private told(attempt: number, isGood: boolean): [string, string][] {
    const tier = encodeURIComponent(this.started.plan.tries[attempt]?.tier ?? '')
    const failed = decimalUsd(nanoUsd(this.failedNano))
    const words = [`tier=${tier}`, `attempt=${attempt + 1}`, `good=${isGood ? 'yes' : 'no'}`, `failed-usd=${failed}`]
    return [['x-runguard-cascade', words.join('; ')]]
  }
}

/**
 * Whether another tier may do better: not where nobody was reached, or where the account is refused. What a model does not
 * take, or has no room for just now, the one that was asked for may answer: no call fails because it was tried cheaper.
 */
function isOfTheTier(end: HeldEnd): boolean {
  return end.kind === 'answered' && !OF_THE_ACCOUNT.has(end.status)
}
