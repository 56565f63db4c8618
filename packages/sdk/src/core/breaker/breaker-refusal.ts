/** The refusal of a call at a breaker: whose it is, why it is open, until when, and how to go on. */

import { decimalUsd, formatUsd } from '../cost/money.js'
import { quoteForShell } from '../loop/shell-word.js'
import type { Refusal, RefusalDetails } from '../refusal/errors.js'
import type { Breaker, BreakerCause, BreakerState } from './breaker.js'

/** A probe tells within so many seconds, as a rule, whether others may follow. */
const PROBE_RETRY_SEC = 10

/**
 * The refusal, for people and machines.
 *
 * @param at milliseconds since the epoch
 */
export function refuseAtBreaker({ key, state, changedAt }: Breaker, at: number): Refusal {
  const cause = 'cause' in state ? state.cause : null
  const until = state.kind === 'open' ? state.until : null
  return {
    code: 'runguard_breaker_open',
    message: `RunGuard stopped ${describeKey(key)}: ${reasonFor(state)}. ${adviceFor(key, state)}`,
    details: {
      breaker: key,
      state: state.kind,
      reason: cause?.kind.replace('-', '_') ?? 'operator',
      since: new Date(changedAt).toISOString(),
      until: until === null ? null : new Date(until).toISOString(),
      ...(cause === null ? {} : causeDetails(cause)),
    },
    retryAfterSec: retryAfterSec(state, at),
  }
}

/** The words with which an answer ends that was cut because an operator holds the breaker. */
export function explainHeldCut({ key, state }: Breaker): string {
  return `RunGuard ended this answer here, because ${describeKey(key)} was stopped: ${reasonFor(state)}. ${adviceFor(key, state)}`
}

/** Waiting helps where the breaker tries again by itself, not where a person has to act. */
function retryAfterSec(state: BreakerState, at: number): number | null {
  if (state.kind === 'half-open') return PROBE_RETRY_SEC
  if (state.kind !== 'open' || state.cause.kind === 'loop') return null
  return Math.max(1, Math.ceil((state.until - at) / 1_000))
}

function describeKey(key: string): string {
  const colon = key.indexOf(':')
  return `${key.slice(0, colon)} ${JSON.stringify(key.slice(colon + 1))}`
}

function reasonFor(state: BreakerState): string {
  if (state.kind === 'held') return `held by ${state.by}${state.note === null ? '' : `, ${JSON.stringify(state.note)}`}`
  if (state.kind === 'closed') return 'its breaker was open'
  const isTried = state.kind === 'half-open' ? ', and one call is trying whether that is over' : ''
  return `${describeCause(state.cause)}${isTried}`
}

/** Why a breaker opened, in a few words. */
export function describeCause(cause: BreakerCause): string {
  switch (cause.kind) {
    case 'loop':
      return cause.stops === 1 ? 'an agent went in a loop' : `agents went in loops, ${cause.stops} times`
    case 'spend-rate':
      return `${formatUsd(cause.spent)} were spent in a minute, ${formatUsd(cause.limit)} are allowed`
    case 'error-rate':
      return `${cause.errors} of ${cause.calls} calls failed within a minute`
    case 'upstream-limit':
      return `a spend limit of the API account is reached (${cause.code})`
  }
}

function adviceFor(key: string, state: BreakerState): string {
  const release = `\`runguard breaker release ${quoteForShell(key)}\``
  if (state.kind === 'held') return `It goes on when an operator releases it: ${release}.`
  if (state.kind === 'open' && state.cause.kind === 'loop') {
    const isSession = key.startsWith('session:')
    return `${isSession ? 'Send a new message' : 'Stop that agent'} to go on, or release it: ${release}.`
  }
  const retry = state.kind === 'open' ? `It tries again at ${new Date(state.until).toISOString()}` : 'Try again soon'
  return `${retry}; to go on at once: ${release}.`
}

function causeDetails(cause: BreakerCause): RefusalDetails {
  switch (cause.kind) {
    case 'loop':
      return { stops: cause.stops }
    case 'spend-rate':
      return { spent_usd: decimalUsd(cause.spent), limit_usd: decimalUsd(cause.limit) }
    case 'error-rate':
      return { errors: cause.errors, calls: cause.calls }
    case 'upstream-limit':
      return { upstream_code: cause.code }
  }
}
