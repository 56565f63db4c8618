import type { ApiSessionDetail } from '@runguard/gateway/api'
import { expect, it } from 'vitest'
import { reasonsAgainst } from './reasons-against.js'

type Given = Parameters<typeof reasonsAgainst>[0]

const loop = { action: 'stop', isEnforced: true, why: 'Bash was called 4 times', spentNano: 2_600_000_000 }
const held = { state: 'held', by: 'Ada', note: 'until Monday', why: 'Ada' }

function given(isLooping: boolean, breakerDetail: object | null, loops: readonly (object | null)[]): Given {
  const calls = loops.map((each) => ({ loop: each }))
  const session = { isLooping }
  return { session, breakerDetail, calls } as unknown as Pick<ApiSessionDetail, keyof Given>
}

it('says who holds a session and what they noted', () => {
  expect(reasonsAgainst(given(false, held, []))).toEqual(['Every call is refused. Held by Ada: “until Monday”'])
})

it('says what the agent did again and again, and what that cost', () => {
  expect(reasonsAgainst(given(true, null, [loop, null]))).toEqual([
    'Stopped: Bash was called 4 times. The loop cost $2.60 so far.',
  ])
})

it('says nothing of a loop that somebody let go on, and of a closed breaker', () => {
  expect(reasonsAgainst(given(false, { state: 'closed', why: '' }, [loop]))).toEqual([])
})

it('does not call something stopped that is only watched', () => {
  const [reason] = reasonsAgainst(given(true, null, [{ ...loop, isEnforced: false }]))
  expect(reason).toMatch(/only watched/)
})
