/** Refusals as exceptions: one family. `refusal-wire.ts` reads them back from answers. */

import { asObject } from '../body/json-object.js'
import { hint } from '../config/config-names.js'
import { checkKind, checkOptions, hasFields, type Names, type OptionKind, show } from '../config/known-options.js'
import { anyText, texts } from '../config/option-kinds.js'
import type { LoopMatch } from '../loop/loop.js'
import { loopDetails, readLoopDetails } from '../loop/loop-details.js'
import {
  answerRefusal,
  isRefusalCode,
  type Refusal,
  type RefusalAnswer,
  type RefusalCode,
  type RefusalDetails,
  refusalCodes,
} from './errors.js'

/** What an error says besides its message. */
export interface RunGuardErrorOptions {
  readonly details?: RefusalDetails | undefined
  /** Seconds after which the same call may succeed; null if waiting does not help. */
  readonly retryAfterSec?: number | null | undefined
  /** RunGuard's id of the call, under which it is recorded. */
  readonly requestId?: string | null | undefined
  readonly cause?: unknown
}

const errorOptions = {
  details: { words: 'an object of texts, numbers, true, false and null', fits: areFacts },
  retryAfterSec: { words: 'a number of seconds', fits: (value) => value === null || isNumber(value) },
  requestId: { words: 'a text', fits: (value) => value === null || anyText.fits(value) },
  cause: true,
} satisfies Names<RunGuardErrorOptions>

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

  /** Throws `TypeError` for a code that this version does not know, and for options that it cannot keep. */
  constructor(code: RefusalCode, message: string, options: RunGuardErrorOptions = {}) {
    if (!isRefusalCode(code)) throw new TypeError(`${show(code)} is no code of a refusal${codeHint(code)}`)
    checkKind('message', message, anyText)
    checkOptions('RunGuardError', options, errorOptions)
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
    checkOptions('LoopDetectedError', options, loopErrorOptions)
    const { match = null, ...rest } = options
    const details = match === null ? rest.details : { ...rest.details, ...loopDetails(match) }
    super('runguard_loop_detected', message, { ...rest, details })
    this.match = readLoopDetails(this.details)
  }
}

const loopErrorOptions = {
  ...errorOptions,
  match: { words: 'a match of a LoopDetector', fits: (value) => value === null || isMatch(value) },
} satisfies Record<string, true | OptionKind>

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

/**
 * The error of the family that speaks of a refusal. Throws `TypeError` if it is none, or has a code that this version does
 * not know.
 */
export function errorFromRefusal(refusal: Refusal, rest: Omit<RunGuardErrorOptions, 'details'> = {}): RunGuardError {
  if (!hasFields(refusal)) throw new TypeError(`a refusal is an object with code and message, not ${show(refusal)}`)
  checkOptions('errorFromRefusal', rest, errorOptions)
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

function areFacts(details: unknown): boolean {
  if (!hasFields(details)) return false
  return Object.values(details).every(
    (fact) =>
      fact === null || fact === undefined || typeof fact === 'string' || typeof fact === 'boolean' || isNumber(fact),
  )
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number'
}

function isMatch(value: unknown): boolean {
  const { repeats, cycle } = asObject(value)
  return isNumber(repeats) && texts.fits(cycle)
}

function codeHint(code: unknown): string {
  return typeof code === 'string' ? hint(code, refusalCodes) : ''
}

function textOf(details: RefusalDetails, name: string): string | null {
  const value = details[name]
  return typeof value === 'string' ? value : null
}

function numberOf(details: RefusalDetails, name: string): number | null {
  const value = Number.parseFloat(textOf(details, name) ?? '')
  return Number.isFinite(value) ? value : null
}
