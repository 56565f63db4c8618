/** Why a session may not go on, in sentences. Pure. */

import type { ApiSessionDetail } from '@runguard/gateway/api'
import { formatMoney } from '../../parts/format.js'

/** One sentence for what holds it and one for the loop it is in; none where nothing stops it. */
export function reasonsAgainst({
  session,
  breakerDetail,
  calls,
}: Pick<ApiSessionDetail, 'session' | 'breakerDetail' | 'calls'>): readonly string[] {
  return [heldBy(breakerDetail), session.isLooping ? loopOf(calls) : null].filter((reason) => reason !== null)
}

function heldBy(breaker: ApiSessionDetail['breakerDetail']): string | null {
  if (breaker === null || breaker.state === 'closed') return null
  const note = breaker.note ? `: “${breaker.note}”` : '.'
  if (breaker.state === 'held') return `Every call is refused. Held by ${breaker.by ?? 'an operator'}${note}`
  return `Calls are refused: ${breaker.why}${note}`
}

function loopOf(calls: ApiSessionDetail['calls']): string | null {
  const loop = calls.findLast((call) => call.loop !== null)?.loop
  if (!loop) return 'Its agent is in a loop.'
  const cost = `The loop cost ${formatMoney(loop.spentNano)} so far.`
  if (!loop.isEnforced) return `In a loop, which is only watched: ${loop.why}. ${cost}`
  return `${loop.action === 'stop' ? 'Stopped' : 'In a loop'}: ${loop.why}. ${cost}`
}
