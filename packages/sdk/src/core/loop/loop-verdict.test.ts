import { describe, expect, it, test } from 'vitest'
import { nanoUsd } from '../cost/money.js'
import { readLoopDetails } from './loop-details.js'
import type { LoopFinding } from './loop-finding.js'
import { nudgeText, refuseLoop } from './loop-refusal.js'
import { judgeLoop, type LoopEpisode, type LoopPolicy } from './loop-verdict.js'
import { isHarnessText } from './steps-person.js'

const policy: LoopPolicy = { mode: 'enforce', nudge: false, onStop: 'stop', noticeLimit: null, tools: {}, limits: {} }

function finding(tier: 'notice' | 'stop', rounds: number): LoopFinding {
  return { tier, rule: 'repeat', repeats: rounds, cycle: ['Bash'], cycleLength: 1, rounds, sinceRound: 0 }
}

/** What is done at each of these findings of one loop, in order. */
function actions(rules: Partial<LoopPolicy>, findings: readonly LoopFinding[], spentNano = 0): string[] {
  let episode: LoopEpisode | null = null
  return findings.map((each) => {
    const verdict = judgeLoop({ ...policy, ...rules }, each, episode, nanoUsd(spentNano))
    episode = verdict.episode
    return verdict.action
  })
}

const course = [finding('notice', 3), finding('notice', 4), finding('stop', 5), finding('stop', 5), finding('stop', 6)]

describe('the ladder', () => {
  it('tells of a loop, and then stops it', () => {
    expect(actions({}, course)).toEqual(['notice', 'notice', 'stop', 'stop', 'stop'])
  })

  it('nudges once, if that is asked for', () => {
    expect(actions({ nudge: true }, course)).toEqual(['nudge', 'notice', 'stop', 'stop', 'stop'])
  })

  it('gives a cheaper model two rounds, if that is asked for', () => {
    const longer = [...course, finding('stop', 7), finding('stop', 8)]
    expect(actions({ onStop: 'downgrade-first' }, longer)).toEqual([
      ...['notice', 'notice', 'downgrade', 'downgrade', 'downgrade', 'stop', 'stop'],
    ])
  })

  it('stops what is only worth a notice, once it has cost too much', () => {
    const notices = [finding('notice', 9), finding('notice', 10)]
    expect(actions({ noticeLimit: nanoUsd(100) }, notices, 100)).toEqual(['notice', 'notice'])
    expect(actions({ noticeLimit: nanoUsd(100) }, notices, 101)).toEqual(['stop', 'stop'])
  })

  it('says in observe what it would do, and does nothing', () => {
    const verdict = judgeLoop({ ...policy, mode: 'observe' }, finding('stop', 5), null, nanoUsd(0))
    expect(verdict).toMatchObject({ action: 'stop', isEnforced: false })
  })
})

describe('the refusal of a loop', () => {
  const verdict = judgeLoop(policy, finding('stop', 5), null, nanoUsd(1_230_000_000))

  it('names the cycle, what it cost and how to go on', () => {
    const refusal = refuseLoop(verdict, { session: 'abc', agent: '' })
    expect(refusal.message).toBe(
      'RunGuard stopped this agent, because Bash was called 5 times in a row with the same input. It has cost $1.23 so ' +
        'far. Send a new message to go on, or resume the session with ' +
        '`runguard session resume abc`.',
    )
    expect(refusal).toMatchObject({
      code: 'runguard_loop_detected',
      details: { rule: 'repeat', rounds: 5, spent_usd: '1.23', session: 'abc', agent: null },
      retryAfterSec: null,
    })
    expect(readLoopDetails(refusal.details ?? {})).toEqual({ repeats: 5, cycle: ['Bash'], cycleLength: 1 })
  })

  it('says which sub-agent it was, and nothing of a cost that nobody knows', () => {
    const { message } = refuseLoop({ ...verdict, spent: nanoUsd(0) }, { session: 'a b', agent: 'sub' })
    expect(message).toContain('stopped the sub-agent sub, because')
    expect(message).not.toContain('$')
    expect(message).toContain("resume 'a b'")
  })
})

test('a nudge is text of a program, not of a person', () => {
  expect(isHarnessText(nudgeText(finding('notice', 3)))).toBe(true)
})
