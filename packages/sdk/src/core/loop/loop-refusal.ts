/** The words about a loop: for the person whose agent is stopped, and for the model that is nudged. */

import { decimalUsd, formatUsd, type NanoUsd } from '../cost/money.js'
import type { Refusal } from '../refusal/errors.js'
import { loopDetails } from './loop-details.js'
import { describeFinding, type LoopFinding, type ToldFinding } from './loop-finding.js'
import type { LoopVerdict } from './loop-verdict.js'
import { quoteForShell } from './shell-word.js'
import { type AgentName, ownerOf } from './steps-memory.js'

/** The refusal of a call that would go on with a loop. */
export function refuseLoop({ finding, spent }: LoopVerdict, name: AgentName): Refusal {
  const { session, agent } = ownerOf(name)
  const cost = spent > 0 ? ` It has cost ${formatUsd(spent)} so far.` : ''
  const who = agent === '' ? 'this agent' : `the sub-agent ${agent}`
  return {
    code: 'runguard_loop_detected',
    message:
      `RunGuard stopped ${who}, because ${describeFinding(finding)}.${cost} Send a new message to go on, or resume the ` +
      `session with \`runguard session resume ${quoteForShell(session)}\`.`,
    details: {
      ...loopDetails(finding),
      rule: finding.rule,
      rounds: finding.rounds,
      spent_usd: decimalUsd(spent),
      session,
      agent: agent === '' ? null : agent,
    },
    // Waiting does not help: a person has to act.
    retryAfterSec: null,
  }
}

/** What stands at the end of an answer that was ended because it goes in a loop. @param spent what the answer costs */
export function explainLoopCut(told: ToldFinding, spent: NanoUsd): string {
  return (
    `RunGuard ended this answer here, because ${describeFinding(told)}. It has cost ${formatUsd(spent)} so far. Send a ` +
    'new message to go on.'
  )
}

/** What a model reads that is about to go in a loop. */
export function nudgeText(finding: LoopFinding): string {
  return (
    `<system-reminder>RunGuard noticed that ${describeFinding(finding)}. Doing the same again will not help. Look at ` +
    'what came back, say what keeps you from getting on, and then do something else; if you need something from the ' +
    'user, stop and ask.</system-reminder>'
  )
}
