/** Loops as lines and as JSON. */

import { describeFinding, formatUsd, ownerOf, type RecordedLoop } from '@runguard/sdk/core'
import type { LoopEvent } from '@runguard/sdk/engine'
import { quoteId } from '../settings/budgets-in-force.js'
import { moneyJson } from './budget-views.js'
import { printable } from './format.js'

/** Names of up to twelve tools. */
const TEXT_LENGTH = 400
const ID_LENGTH = 300

const done: Readonly<Record<RecordedLoop['action'], string>> = {
  notice: 'noticed',
  nudge: 'the model is told',
  downgrade: 'a cheaper model takes over',
  stop: 'stopped',
}

const observed: Readonly<Record<RecordedLoop['action'], string>> = {
  notice: 'noticed',
  nudge: 'observed only: the model would be told',
  downgrade: 'observed only: a cheaper model would take over',
  stop: 'observed only: it would be stopped',
}

/** `stopped: Bash was called 4 times in a row with the same input, $0.0214 so far` */
export function loopText(loop: RecordedLoop): string {
  const { action, isEnforced, spent } = loop
  const cost = spent > 0 ? `, ${formatUsd(spent)} so far` : ''
  return `${(isEnforced ? done : observed)[action]}: ${printable(describeFinding(loop), TEXT_LENGTH)}${cost}`
}

/** `loop stopped: … (session 4f9c2b7e); it goes on with a new message, or:  runguard session resume 4f9c2b7e` */
export function loopEventLine({ agent: name, loop }: LoopEvent): string {
  const { session, agent } = ownerOf(name)
  const id = printable(session, ID_LENGTH)
  const who = agent === '' ? `session ${id}` : `sub-agent ${printable(agent)} of session ${id}`
  // An answer that was ended while it came is over: there is nothing to resume.
  const isStopped = loop.action === 'stop' && loop.isEnforced && loop.rule !== 'repeating-text'
  const wayOut = isStopped ? `; it goes on with a new message, or:  runguard session resume ${quoteId(id)}` : ''
  return `loop ${loopText(loop)} (${who})${wayOut}`
}

/** A loop as JSON. */
export function loopJson({ action, isEnforced, rule, repeats, rounds, cycle, spent }: RecordedLoop) {
  return { action, isEnforced, rule, repeats, rounds, cycle, ...moneyJson('spent', spent) }
}

/** What is done about a loop as JSON. The field names are a promise, as those of calls are. */
export function loopEventJson({ call, agent: name, loop, at }: LoopEvent) {
  const { session, agent } = ownerOf(name)
  return {
    kind: 'loop' as const,
    at: new Date(at).toISOString(),
    call,
    session,
    agent: agent === '' ? null : agent,
    ...loopJson(loop),
  }
}
