/** What refused a call, or would have: as it stood at that moment. */

import type { ApiCall } from '@runguard/gateway/api'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { formatDuration, formatMoment, formatMoney, formatWhole, readable } from '../../parts/format.js'
import { budgetHref, sessionHref } from '../../parts/url-state.js'

type Refusal = NonNullable<ApiCall['refusal']>
type Refuser = NonNullable<Refusal['by']>

/** A sentence or two; of a call from before it was kept, what its code says. */
export function RefusalWords({ refusal, errorCode }: { refusal: Refusal | null; errorCode: string | null }) {
  const by = refusal?.by ?? null
  const retryAfterSec = refusal?.retryAfterSec ?? null
  return (
    <>
      {by === null ? (PLAIN[errorCode ?? refusal?.code ?? ''] ?? 'The rules in force here did not let it pass.') : null}
      {by === null ? null : describe(by)}
      {retryAfterSec === null
        ? ''
        : ` Its caller was told to try again after ${formatDuration(retryAfterSec * 1_000)}.`}
    </>
  )
}

const PLAIN: Readonly<Record<string, string>> = {
  runguard_budget_exceeded: 'A budget had less left than it may cost. Its caller was told which one.',
  runguard_loop_detected: 'Its agent did the same again and again.',
  runguard_breaker_open: 'A breaker was open, or somebody holds it.',
  runguard_unpriced_model: 'Its model has no price, and such models are refused here.',
}

function describe(by: Refuser): ReactNode {
  switch (by.kind) {
    case 'budget':
      return <BudgetWords by={by} />
    case 'breaker':
      return <BreakerWords by={by} />
    case 'loop':
      return <LoopWords by={by} />
  }
}

type ByBudget = Extract<Refuser, { kind: 'budget' }>

const REASONS: Readonly<Record<string, string>> = {
  exhausted: 'What was left was not enough',
  in_flight: 'Calls that were running held what was left',
  request_too_large: 'It needed more than the whole limit',
  degraded: 'The ladder of the budget refuses from there on',
}

function BudgetWords({ by }: { by: ByBudget }) {
  const { budget, scope, reason, limitNano, spentNano, heldNano, neededNano, resetsAt } = by
  const amounts = [
    spentNano === null ? null : `${formatMoney(spentNano)} of ${formatMoney(limitNano)} was spent`,
    heldNano === null || heldNano === 0 ? null : `${formatMoney(heldNano)} held by running calls`,
    neededNano === null ? null : `it needed ${formatMoney(neededNano)} at least`,
  ].filter((word) => word !== null)
  return (
    <>
      By the budget{' '}
      <Link href={budgetHref(budget)} className="text-accent underline underline-offset-2">
        <bdi>{budget}</bdi>
      </Link>
      {scope === null || scope === budget.split('/', 1)[0] ? '' : <bdi> for {scope}</bdi>}.{' '}
      {REASONS[reason ?? ''] ?? readable(reason ?? 'It ran low')}
      {amounts.length === 0 ? '' : `: ${amounts.join(', ')}`}.{' '}
      {resetsAt === null ? 'It does not begin anew by itself.' : `It begins anew on ${formatMoment(resetsAt)}.`}
    </>
  )
}

function BreakerWords({ by }: { by: Extract<Refuser, { kind: 'breaker' }> }) {
  const { breaker, state, reason, since, until } = by
  const time = [
    since === null ? null : `since ${formatMoment(since)}`,
    until === null ? null : `until ${formatMoment(until)}`,
  ].filter((word) => word !== null)
  return (
    <>
      <Link href="/loops" className="text-accent underline underline-offset-2">
        The breaker of <bdi>{breaker}</bdi>
      </Link>{' '}
      was {state ?? 'open'}
      {time.length === 0 ? '' : `, ${time.join(', ')}`}: {readable(reason ?? 'nobody said why')}.
    </>
  )
}

function LoopWords({ by }: { by: Extract<Refuser, { kind: 'loop' }> }) {
  const { rule, session, agent, repeats, spentNano } = by
  const who = agent === null ? 'Its agent' : `The agent ${agent}`
  return (
    <>
      {session === null ? (
        <bdi>{who}</bdi>
      ) : (
        <Link href={sessionHref(session)} className="text-accent underline underline-offset-2">
          <bdi>{who}</bdi>
        </Link>
      )}{' '}
      went in a loop ({readable(rule)}
      {repeats === null ? '' : `, ${formatWhole(repeats)} times`}
      {spentNano === null ? '' : `, for ${formatMoney(spentNano)}`}).
    </>
  )
}
