import { sampleRecord } from '@runguard/sdk/testing'
import { expect, test } from 'vitest'
import { contradictions, readFacts } from './facts.js'

const record = sampleRecord()
const session = 'one'
const own = { ...record, scope: { ...record.scope, session } }
const { nano } = own.cost

test('a session that spent what its records say is borne out', () => {
  expect(contradictions(readFacts(`{"session":"one","spentNano":${nano}}\n`), [own])).toEqual([])
})

test('a nano-dollar too much, or no record at all, is a contradiction', () => {
  expect(contradictions([{ session, spentNano: nano + 1 }], [own])).toHaveLength(1)
  expect(contradictions([{ session, spentNano: 0 }], [])).toHaveLength(1)
})

test('a refusal that needed a second request is a contradiction', () => {
  const code = 'runguard_budget_exceeded'
  const refused = { ...own, ending: { ...own.ending, reason: 'refused' as const }, errorCode: code }
  const fact = { session, refusals: 1, code }
  expect(contradictions([fact], [refused])).toEqual([])
  expect(contradictions([fact], [refused, refused])).toHaveLength(1)
})
