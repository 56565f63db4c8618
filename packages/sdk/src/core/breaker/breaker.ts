/**
 * Breaker: stops what runs away, and lets it try again.
 *
 * A breaker is closed, open, half-open (one call is tried) or held by an operator. It is a value: events go in, the next
 * value comes out, one version higher. Whoever shares breakers writes a value only over the version before it; so of two
 * that change one at the same moment one is told to look again, and of many calls one alone becomes the probe.
 */

import type { Scope } from '../budget/scope.js'
import type { NanoUsd } from '../cost/money.js'

/** What has breakers. */
export const breakerScopes = ['session', 'key', 'team', 'model'] as const

/** Whose calls a breaker stops. */
export type BreakerScope = (typeof breakerScopes)[number]

/** Why a breaker opened. */
export type BreakerCause =
  /** Loops were stopped so often within {@link LOOP_WINDOW_MS}. */
  | { readonly kind: 'loop'; readonly stops: number }
  /** Nano-dollars in a minute. */
  | { readonly kind: 'spend-rate'; readonly spent: NanoUsd; readonly limit: NanoUsd }
  /** Calls in a minute. */
  | { readonly kind: 'error-rate'; readonly errors: number; readonly calls: number }
  /** The API said that a spend limit of its own is reached; `code` as it said it. */
  | { readonly kind: 'upstream-limit'; readonly code: string }

/** Loop stops are counted over ten minutes. */
export const LOOP_WINDOW_MS = 600_000

export type BreakerState =
  | { readonly kind: 'closed' }
  /** @property until milliseconds since the epoch; from then on one call may try */
  | { readonly kind: 'open'; readonly cause: BreakerCause; readonly until: number }
  /** @property probe the id of the call that tries */
  | { readonly kind: 'half-open'; readonly cause: BreakerCause; readonly probe: string; readonly since: number }
  /** @property note what the operator said, for those who are refused */
  | { readonly kind: 'held'; readonly by: string; readonly note: string | null }

/** Plain JSON, so that any store can keep it. */
export interface Breaker {
  /** `session:abc`, `model:claude-opus-5-5`, … */
  readonly key: string
  /** 0: never changed, and kept nowhere. */
  readonly version: number
  readonly state: BreakerState
  /** Milliseconds since the epoch. */
  readonly changedAt: number
  /** How long it stays open the first time. */
  readonly coolDownMs: number
  /** How often it opened since a call last went well: each time it stays open twice as long. */
  readonly trips: number
}

export type BreakerEvent =
  /** @property until the API's own word on when to try again, milliseconds since the epoch */
  | { kind: 'trip'; cause: BreakerCause; at: number; coolDownMs: number; until?: number | null }
  /** A call that {@link judgeBreaker} let try. */
  | { kind: 'probe'; call: string; at: number }
  /** How a call ended: only that of the probe matters. `unknown`: its caller left, say. */
  | { kind: 'ended'; call: string; outcome: CallOutcome; at: number }
  /** A person wrote: what a loop opened is closed. */
  | { kind: 'person'; at: number }
  | { kind: 'hold'; by: string; note: string | null; at: number }
  | { kind: 'release'; at: number }

export type CallOutcome = 'good' | 'bad' | 'unknown'

/** A breaker stays open this long at most before it lets a call try. */
const MAX_COOL_DOWN_MS = 1_800_000
/** A probe that says nothing for so long has died with its gateway; answers may take ten minutes. */
const PROBE_PATIENCE_MS = 600_000

/** The breaker of a key that nothing has happened to. */
export function closedBreaker(key: string): Breaker {
  return { key, version: 0, state: { kind: 'closed' }, changedAt: 0, coolDownMs: 0, trips: 0 }
}

/** The keys of all breakers that a call meets. */
export function breakerKeys(scope: Pick<Scope, 'session' | 'key' | 'team'>, model: string | null): readonly string[] {
  const keys: string[] = []
  for (const kind of breakerScopes) {
    const name = kind === 'model' ? model : scope[kind]
    if (name !== null) keys.push(breakerKey(kind, name))
  }
  return keys
}

/** The key of one breaker. */
export function breakerKey(kind: BreakerScope, name: string): string {
  return `${kind}:${name}`
}

/**
 * The key of the breaker for a limit that belongs to the account that pays: of what is known here, the key that was used.
 * Without keys everybody may bring an account of their own, so no more is stopped than this session; where nobody is
 * known, the model.
 */
export function payerKey(scope: Pick<Scope, 'session' | 'key' | 'user'>, model: string | null): string | null {
  if (scope.key !== null) return breakerKey('key', scope.key)
  if (scope.session !== null) return breakerKey('session', scope.session)
  return scope.user === null && model !== null ? breakerKey('model', model) : null
}

/** A call at a breaker. */
export interface BreakerAttempt {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Whether the call answers a person's message and not a tool's result. */
  readonly isFromPerson: boolean
}

/**
 * - `pass`: the breaker has nothing against the call.
 * - `reset`: the same, because a person wrote; the event `person` is to be written, nobody has to wait for it.
 * - `probe`: the call may try if it is the one that writes the event `probe`.
 * - `refuse`: it is not sent.
 */
export type BreakerPassage = 'pass' | 'reset' | 'probe' | 'refuse'

/** What a breaker says to a call. */
export function judgeBreaker({ key, state, changedAt }: Breaker, { at, isFromPerson }: BreakerAttempt): BreakerPassage {
  if (state.kind === 'closed') return 'pass'
  if (state.kind === 'held') return 'refuse'
  if (isFromPerson && isOpenedByLoop(key, state)) return 'reset'
  const mayTryAt = state.kind === 'open' ? state.until : state.since + PROBE_PATIENCE_MS
  // A clock that went back would keep it open for as long; one call more does no harm.
  const hasGoneBack = at < changedAt - PROBE_PATIENCE_MS
  return at >= mayTryAt || hasGoneBack ? 'probe' : 'refuse'
}

/** A person answers for their own session, not for a key or team that others use as well. */
function isOpenedByLoop(key: string, state: BreakerState): boolean {
  return 'cause' in state && state.cause.kind === 'loop' && key.startsWith('session:')
}

/** The breaker after an event: one version higher, or the same value if the event changes nothing. */
export function stepBreaker(breaker: Breaker, event: BreakerEvent): Breaker {
  const { state } = breaker
  switch (event.kind) {
    case 'trip':
      return trip(breaker, event)
    case 'probe': {
      if (!('cause' in state) || judgeBreaker(breaker, { at: event.at, isFromPerson: false }) !== 'probe')
        return breaker
      return change(breaker, event.at, { kind: 'half-open', cause: state.cause, probe: event.call, since: event.at })
    }
    case 'ended':
      return state.kind === 'half-open' && state.probe === event.call ? endProbe(breaker, state.cause, event) : breaker
    case 'person':
      return isOpenedByLoop(breaker.key, state) ? close(breaker, event.at) : breaker
    case 'hold':
      return change(breaker, event.at, { kind: 'held', by: event.by, note: event.note })
    case 'release':
      return state.kind === 'closed' ? breaker : close(breaker, event.at)
  }
}

type EventOf<Kind extends BreakerEvent['kind']> = Extract<BreakerEvent, { kind: Kind }>

/** While it is open only the API's word makes it longer: calls that still run fail too, and say nothing new. */
function trip(breaker: Breaker, { cause, at, coolDownMs, until = null }: EventOf<'trip'>): Breaker {
  const { state } = breaker
  if (state.kind === 'held') return breaker
  if (state.kind !== 'open') return open({ ...breaker, coolDownMs }, cause, at, until)
  if (until === null || until <= state.until) return breaker
  return change(breaker, at, { kind: 'open', cause, until })
}

function endProbe(breaker: Breaker, cause: BreakerCause, { outcome, at }: EventOf<'ended'>): Breaker {
  if (outcome === 'good') return close(breaker, at)
  // Nothing was learned: the next call tries.
  return outcome === 'bad' ? open(breaker, cause, at, null) : change(breaker, at, { kind: 'open', cause, until: at })
}

function open(breaker: Breaker, cause: BreakerCause, at: number, until: number | null): Breaker {
  const coolDownMs = Math.min(MAX_COOL_DOWN_MS, breaker.coolDownMs * 2 ** breaker.trips)
  const state: BreakerState = { kind: 'open', cause, until: Math.max(at + coolDownMs, until ?? 0) }
  return { ...change(breaker, at, state), trips: breaker.trips + 1 }
}

function close(breaker: Breaker, at: number): Breaker {
  return { ...change(breaker, at, { kind: 'closed' }), trips: 0 }
}

function change(breaker: Breaker, at: number, state: BreakerState): Breaker {
  return { ...breaker, version: breaker.version + 1, state, changedAt: at }
}
