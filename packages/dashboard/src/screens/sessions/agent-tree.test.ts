import { expect, it } from 'vitest'
import { agentDepths } from './agent-tree.js'

it('an agent stands below the one that started it', () => {
  const depths = agentDepths([
    { agent: null, parent: null },
    { agent: 'a', parent: null },
    { agent: 'b', parent: 'a' },
  ])
  expect([...depths]).toEqual([
    ['a', 1],
    ['b', 2],
  ])
})

it('agents that claim to have started each other do not hang the page', () => {
  const depths = agentDepths([
    { agent: 'a', parent: 'b' },
    { agent: 'b', parent: 'a' },
  ])
  expect(Math.max(...depths.values())).toBeLessThanOrEqual(2)
})
