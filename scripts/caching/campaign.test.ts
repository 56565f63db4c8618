import { expect, it } from 'vitest'
import { runCampaign } from './campaign.js'

const CONVERSATIONS = 200

it('both models of the prompt cache agree on every call of made-up conversations', () => {
  const { conversations, compared, planned, refused, differences } = runCampaign(CONVERSATIONS)
  expect(differences).toEqual([])
  expect(conversations).toBe(CONVERSATIONS)
  expect(compared).toBeGreaterThan(4 * CONVERSATIONS)
  expect(planned).toBeGreaterThan(CONVERSATIONS)
  expect(refused).toBeLessThan(compared / 100)
})
