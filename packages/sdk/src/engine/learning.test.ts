import { expect, it } from 'vitest'
import { identify } from '../core/budget/scope.js'
import type { Usage } from '../core/cost/usage.js'
import type { Admitted } from './desk.js'
import { startLearning } from './learning.js'

const MODEL = 'claude-opus-5-5'
const callOf = (session: string) => ({ model: MODEL, scope: { ...identify({}, null, null), session } })

/** An engine that has seen such streams whole. */
function seen(...streams: readonly (readonly [session: string, bytes: number, tokens: number])[]) {
  const learning = startLearning()
  for (const [session, bytes, tokens] of streams) {
    const part = { kind: 'message', model: MODEL, input: 10, write5m: 0, write1h: 0, read: 0, output: tokens }
    const usage: Usage = { parts: [part], webSearches: 0, speed: 'standard', geo: null, tier: 'standard' }
    const estimate = { tokens: 10, unscaled: 10, bound: 10, startBound: 10 }
    const expectation = { ...callOf(session), estimate, usage, ttl: null }
    const admitted = { opening: { isStream: true }, expectation, hold: null } as unknown as Admitted
    learning.learn(admitted, { ending: { kind: 'exact', reason: 'complete' }, usage }, bytes)
  }
  return (session: string) => learning.bytesPerTokenOf(callOf(session))()
}

it('the density of text is that of its own session, and may be above what is usual', () => {
  const ratioOf = seen(['dense', 1_300, 1_000], ['prose', 3_000, 1_000])
  expect(ratioOf('dense')).toBeCloseTo(1.17)
  expect(ratioOf('prose')).toBeCloseTo(2.7)
})

it('a session that nothing is known of takes what is usual for its model, and no less because of one of digits', () => {
  expect(seen()('new')).toBe(2)
  expect(seen(['prose', 3_000, 1_000])('new')).toBeCloseTo(2.7)
  expect(seen(['prose', 3_000, 1_000], ['dense', 1_300, 1_000])('new')).toBe(2)
})

it('a call for no answer, which only warms a prompt, says nothing about the length of answers', () => {
  const expectShort = (maxTokens: number, tokens: number): number | null => {
    const learning = startLearning()
    const part = { kind: 'message' as const, model: MODEL, input: 10, write5m: 0, write1h: 0, read: 0, output: tokens }
    const usage: Usage = { parts: [part], webSearches: 0, speed: 'standard', geo: null, tier: 'standard' }
    const expectation = { ...callOf('s'), estimate: { unscaled: 10 }, usage, ttl: null }
    const admitted = { opening: { isStream: false, request: { maxTokens } }, expectation, hold: null }
    for (let call = 0; call < 50; call++) {
      learning.learn(admitted as unknown as Admitted, { ending: { kind: 'exact', reason: 'complete' }, usage }, 0)
    }
    return learning.outputs.expectShort({ scope: 'session:s', model: MODEL })
  }
  expect(expectShort(0, 0)).toBe(startLearning().outputs.expectShort({ scope: 'session:s', model: MODEL }))
  expect(expectShort(100, 0)).not.toBe(expectShort(0, 0))
})
