/** Refusals as exceptions: one family. `refusal-wire.ts` reads them back from answers. */

import type { LoopMatch } from '../loop/loop.js'
import { loopDetails, readLoopDetails } from '../loop/loop-details.js'
import { answerRefusal, type Refusal, type RefusalAnswer, type RefusalCode, type RefusalDetails } from './errors.js'

/** What an error says besides its message. */
export interface RunGuardErrorOptions {
  readonly details?: RefusalDetails | undefined
  /** Seconds after which the same call may succeed; null if waiting does not help. */
  readonly retryAfterSec?: number | null | undefined
  /** RunGuard's id of the call, under which it is recorded. */
  readonly requestId?: string | null | undefined
  readonly cause?: unknown
}

/** One symbol for every copy of this package that a program may have loaded. */
const MARK = Symbol.for('runguard.error')

/** A call was refused, or could not be made. The root of the family. */
export class RunGuardError extends Error {
  override readonly name: string = 'RunGuardError'
  /** Stable, for machines. */
  readonly code: RefusalCode
  /** Facts about the refusal; amounts are exact decimal numbers of dollars in strings. */
  readonly details: RefusalDetails
  /** Seconds after which the same call may succeed; null if waiting does not help. */
  readonly retryAfterSec: number | null
  /** RunGuard's id of the call, under which it is recorded; null if there is none. */
  readonly requestId: string | null

  constructor(code: RefusalCode, message: string, options: RunGuardErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
    this.retryAfterSec = options.retryAfterSec ?? null
    this.requestId = options.requestId ?? null
  }

  get [MARK](): true {
    return true
  }

  /** The refusal that the error speaks of. */
  toRefusal(): Refusal {
    const { code, message, details, retryAfterSec } = this
    return { code, message, details, retryAfterSec }
  }

  /** The answer that a gateway gives: status, headers, and a body in the API's error shape. */
  toWire(): RefusalAnswer {
    return answerRefusal(this.toRefusal(), this.requestId ?? '')
  }

  /** For logs: everything but the stack and the cause. */
  toJSON(): object {
    const { name, code, message, details, retryAfterSec, requestId } = this
    return { name, code, message, details, retryAfterSec, requestId }
  }
}

/** The call costs more than a budget has left. */
export class BudgetExceededError extends RunGuardError {
  override readonly name = 'BudgetExceededError'

  constructor(message: string, options: RunGuardErrorOptions = {}) {
    super('runguard_budget_exceeded', message, options)
  }

  /** Whose budget: `session:abc`; null if that is not said. */
  get scope(): string | null {
    return textOf(this.details, 'scope')
  }

  /** Of the budget, in dollars. */
  get limitUsd(): number | null {
    return numberOf(this.details, 'limit_usd')
  }

  /** So far, in dollars. */
  get spentUsd(): number | null {
    return numberOf(this.details, 'spent_usd')
  }

  /** Set aside for calls that run, in dollars. */
  get heldUsd(): number | null {
    return numberOf(this.details, 'held_usd')
  }
}

/** An agent goes round in circles. */
export class LoopDetectedError extends RunGuardError {
  override readonly name = 'LoopDetectedError'
  /** What repeats itself; null if that is not said. */
  readonly match: LoopMatch | null

  constructor(message: string, options: RunGuardErrorOptions & { readonly match?: LoopMatch | null | undefined } = {}) {
    const { match = null, ...rest } = options
    const details = match === null ? rest.details : { ...rest.details, ...loopDetails(match) }
    super('runguard_loop_detected', message, { ...rest, details })
    this.match = readLoopDetails(this.details)
  }
}

/** The breaker of a scope is open: something went wrong there before. */
export class BreakerOpenError extends RunGuardError {
  override readonly name = 'BreakerOpenError'

  constructor(message: string, options: RunGuardErrorOptions = {}) {
    super('runguard_breaker_open', message, options)
  }
}

/** The model has no price, and such calls are to be refused. */
export class UnpricedModelError extends RunGuardError {
  override readonly name = 'UnpricedModelError'

  constructor(message: string, options: RunGuardErrorOptions = {}) {
    super('runguard_unpriced_model', message, options)
  }
}

/** The error of the family that speaks of a refusal. */
export function errorFromRefusal(refusal: Refusal, rest: Omit<RunGuardErrorOptions, 'details'> = {}): RunGuardError {
  const { code, message, details, retryAfterSec } = refusal
  const options = { ...rest, details, retryAfterSec }
  if (code === 'runguard_budget_exceeded') return new BudgetExceededError(message, options)
  if (code === 'runguard_loop_detected') return new LoopDetectedError(message, options)
  if (code === 'runguard_breaker_open') return new BreakerOpenError(message, options)
  if (code === 'runguard_unpriced_model') return new UnpricedModelError(message, options)
  return new RunGuardError(code, message, options)
}

/** True for every error of the family, also for one that another copy of this package made. */
export function isRunGuardError(value: unknown): value is RunGuardError {
  return typeof value === 'object' && value !== null && MARK in value && value[MARK] === true
}

function textOf(details: RefusalDetails, name: string): string | null {
  const value = details[name]
  return typeof value === 'string' ? value : null
}

function numberOf(details: RefusalDetails, name: string): number | null {
  const value = Number.parseFloat(textOf(details, name) ?? '')
  return Number.isFinite(value) ? value : null
}
