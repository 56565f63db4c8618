/** What an operator says about a session: its loops count no more, are not looked for, or are looked for again. */

import { breakerKey } from '../core/breaker/breaker.js'
import type { SessionMark, SessionStore } from '../store/session-store.js'
import { changeBreaker } from './changed-breaker.js'

/** What can be said. */
export type SessionWord = 'resume' | 'exempt' | 'watch'

/** What was said, and what was known before. */
export interface SaidWord {
  readonly before: SessionMark | null
  readonly mark: SessionMark
  /** False if nothing was known of the session so far. */
  readonly isKnown: boolean
}

/**
 * Puts down what somebody says about a session, and closes the breaker that its own loops opened.
 *
 * @param said who says it, and when in milliseconds since the epoch
 */
export async function sayOfSession(
  store: Pick<SessionStore, 'findMark' | 'putMark' | 'findAgent' | 'readBreakers' | 'changeBreaker'>,
  word: SessionWord,
  said: Pick<SessionMark, 'session' | 'by' | 'at'>,
): Promise<SaidWord> {
  const { session, at } = said
  const before = await store.findMark(session)
  const isKnown = before !== null || (await store.findAgent({ session, agent: '' })) !== null
  const mark = markAfter(word, before, said)
  await store.putMark(mark)
  // It would stand in the way: what a person's message opens, this does.
  await changeBreaker(store, breakerKey('session', session), { kind: 'person', at })
  return { before, mark, isKnown }
}

/** What an exempt session did is not held against it later; resuming one leaves it exempt. */
function markAfter(
  word: SessionWord,
  before: SessionMark | null,
  said: Pick<SessionMark, 'session' | 'by' | 'at'>,
): SessionMark {
  if (word === 'exempt') return { ...said, resumedAt: before?.resumedAt ?? 0, isExempt: true }
  const isExempt = word === 'resume' && before?.isExempt === true
  // Later than the time before also by a clock that went back, or it would not be heard.
  return { ...said, resumedAt: Math.max(said.at, (before?.resumedAt ?? 0) + 1), isExempt }
}
