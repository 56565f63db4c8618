/** What was decided about a call. */

import type { ApiCallDetail } from '@runguard/gateway/api'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { formatCount, formatShare, formatWhole, readable } from '../../parts/format.js'
import { Money, Saving } from '../../parts/money.jsx'
import { Panel } from '../../parts/panel.jsx'
import { budgetHref } from '../../parts/url-state.js'
import { RefusalWords } from './call-refusal.jsx'

/** The decisions, in the order in which they were made. */
export function Decisions({ call }: { call: ApiCallDetail }) {
  return (
    <Panel title="Decisions" hint="in the order in which they were made">
      <ol className="space-y-3 border-l border-line pl-4">
        <Loop call={call} />
        <Route call={call} />
        {call.degraded.map((step) => (
          <Decision key={`${step.budget} ${step.kind} ${step.at}`} title={readable(step.kind)}>
            <BudgetLink id={step.budget} /> was used to {formatShare(step.used)}; this step begins at{' '}
            {formatShare(step.at)}.{' '}
            {step.change === null
              ? `Nothing was changed: ${step.why ?? 'nothing to change'}.`
              : `Changed: ${step.change}.`}
          </Decision>
        ))}
        <Objection call={call} />
        <Hold call={call} />
        <Ending call={call} />
      </ol>
    </Panel>
  )
}

/** A budget by its id, and the way there. */
function BudgetLink({ id }: { id: string }) {
  return (
    <Link href={budgetHref(id)} className="text-accent underline underline-offset-2">
      <bdi>{id}</bdi>
    </Link>
  )
}

function Decision({ title, children }: { title: string; children: ReactNode }) {
  return (
    <li className="text-sm">
      <h3 className="font-medium first-letter:uppercase">{title}</h3>
      <p className="text-ink-2">{children}</p>
    </li>
  )
}

function Loop({ call: { loop } }: { call: ApiCallDetail }) {
  if (loop === null) return <Decision title="No loop">The agent did nothing again and again.</Decision>
  return (
    <Decision title={loop.isEnforced ? `Loop: ${loop.action}` : `Loop: would have been a ${loop.action}`}>
      {loop.why}; the loop cost <Money nano={loop.spentNano} /> over {formatWhole(loop.rounds)} rounds.
    </Decision>
  )
}

const REASONS: Readonly<Record<string, string>> = {
  task: 'The tier does for its task',
  'guessed-task': 'The tier does for the task that it seems to be',
  'unknown-task': 'Its task is in no table',
  tag: 'The tier does for its tag',
  'long-content': 'It is too long for the small tier',
  undeclared: 'It says nothing about what it is',
  retired: 'The model that was asked for is retired',
  learned: 'A cheaper tier fails this task too often',
  conversation: 'The conversation runs on this model',
  budget: 'A budget runs low',
}

function Route({ call: { route } }: { call: ApiCallDetail }) {
  if (route === null) return null
  const rejected = route.rejected.map(({ model, why }) => `${model} (${readable(why)})`).join(', ')
  return (
    <Decision title={route.isApplied ? `Routed to ${route.model}` : `Would have gone to ${route.model}`}>
      {REASONS[route.reason] ?? `Because of: ${readable(route.reason)}`}. Expected{' '}
      <Money nano={route.expectedNano} isEstimated /> instead of <Money nano={route.expectedAskedNano} isEstimated />{' '}
      with {route.asked}
      {route.savedNano === null ? (
        ''
      ) : (
        <>
          , saved <Saving nano={route.savedNano} isEstimated /> for the tokens billed
        </>
      )}
      .{rejected === '' ? '' : ` Not taken: ${rejected}.`}
    </Decision>
  )
}

/** What only observed, and let the call pass. */
function Objection({ call: { refusal, errorCode } }: { call: ApiCallDetail }) {
  if (refusal === null || refusal.isEnforced) return null
  return (
    <Decision title="Would have been refused">
      <RefusalWords refusal={refusal} errorCode={errorCode} /> It was sent all the same: that only observes.
    </Decision>
  )
}

/** Of a refused call nothing was held, whatever refused it. */
function Hold({ call: { hold, estimate, ending, errorCode, refusal } }: { call: ApiCallDetail }) {
  if (ending.reason === 'refused') {
    return (
      <Decision title="Refused">
        <RefusalWords refusal={refusal} errorCode={errorCode} /> It was never sent.
      </Decision>
    )
  }
  if (hold === null) return <Decision title="Nothing held">No budget met this call.</Decision>
  return (
    <Decision title="Money held">
      <Money nano={hold.nano} /> was set aside
      {hold.budget === null ? (
        ''
      ) : (
        <>
          , with <BudgetLink id={hold.budget} /> the nearest to its limit
        </>
      )}
      .{' '}
      {estimate === null
        ? ''
        : `The prompt was expected to have ${formatCount(estimate.tokens)} tokens, ${formatCount(estimate.bound)} at most. `}
      {hold.clampedTo === null ? '' : `max_tokens was lowered to ${formatWhole(hold.clampedTo)}.`}
    </Decision>
  )
}

function Ending({ call }: { call: ApiCallDetail }) {
  const words = {
    exact: 'The API reported what was used.',
    'at-least': 'The answer broke off. What was seen is charged; the rest is unknown.',
    'not-billed': 'Nothing was billed, and what was held was given back.',
    unmetered: 'The cost of this endpoint is not read.',
  }
  return (
    <Decision title={`Settled: ${readable(call.ending.reason)}`}>
      {call.ending.reason === 'refused' ? 'Nothing was billed.' : words[call.ending.kind]}{' '}
      {call.errorCode === null ? '' : `Error: ${call.errorCode}.`}
    </Decision>
  )
}
