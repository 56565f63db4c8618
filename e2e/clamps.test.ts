/** Calls that ask for far more than their budget pays: one that cannot be cut gets less, and stays valid; nobody holds all. */

import { auditBills, type MessagesRequest, type Script } from '@runguard/simulator'
import { expect, test } from 'vitest'
import { claudeCode, runClaude } from './clients/claude-code.js'
import { mostOutput, thinkingBudget } from './clients/client.js'
import { embeddedClients, entrancesOf } from './clients/table.js'
import { expectBooksToAgree } from './stage/books.js'
import { budgetOf, dollars } from './stage/budgets.js'
import { openStage } from './stage/stage.js'

/** Answers with the tool that is asked for, else with as much as it may, and keeps what it was asked. */
function talkative(seen: MessagesRequest[]): Script {
  return (request) => {
    seen.push(request)
    if (request.toolChoice.type === 'tool') return { parts: [{ kind: 'tool', name: 'look_up', input: { key: 'all' } }] }
    return { parts: [{ kind: 'text', text: 'word '.repeat(200_000) }] }
  }
}

for (const { name, kind, door } of entrancesOf(embeddedClients)) {
  test.each([
    ['plain', 0.5],
    ['plain', 0.02],
    ['thinking', 0.5],
    ['thinking', 0.12],
    ['tool', 0.5],
    ['tool', 0.05],
  ] as const)(`${name}: the most output there is (%s) within $%d`, async (shape, usd) => {
    const seen: MessagesRequest[] = []
    const stage = await openStage({ door, budgets: [budgetOf(dollars(usd))], script: talkative(seen) })
    await kind.open(stage).sayAtLength?.('Tell me all.', shape)
    const [call, ...more] = await expectBooksToAgree(stage)
    expect(more).toEqual([])
    expect(call?.entry).toMatchObject({
      status: 200,
      isStream: false,
      stopReason: shape === 'tool' ? 'tool_use' : 'max_tokens',
    })
    const [asked] = seen
    expect(asked?.maxTokens).toBeLessThan(mostOutput / 4)
    expect(asked?.maxTokens).toBe(call?.record.hold?.clampedTo)
    expect(asked?.thinking.budgetTokens).toBe(shape === 'thinking' ? thinkingBudget : null)
    expect(asked?.maxTokens).toBeGreaterThan(asked?.thinking.budgetTokens ?? 255)
    expect(asked?.toolChoice).toMatchObject({ type: shape === 'tool' ? 'tool' : 'auto' })
    expect(Number(auditBills(stage.simulator.log).total)).toBeLessThanOrEqual(call?.record.hold?.nano ?? 0)
    expect(call?.record.hold?.nano).toBeLessThanOrEqual(dollars(usd))
  })
}

test(`${claudeCode.name}: a "hi" that may be answered with 128,000 tokens goes through a budget of $1 and leaves most of it`, async () => {
  const seen: MessagesRequest[] = []
  const script: Script = (request) => {
    seen.push(request)
    return { parts: [{ kind: 'text', text: 'Hello!' }] }
  }
  const stage = await openStage({ budgets: [budgetOf(dollars(1))], script })
  const environment = { CLAUDE_CODE_MAX_OUTPUT_TOKENS: String(mostOutput) }
  const end = await runClaude(stage, { words: 'hi', environment })
  const [call, ...more] = await expectBooksToAgree(stage)
  expect(end).toMatchObject({ is_error: false, exitCode: 0, result: 'Hello!' })
  expect(more).toEqual([])
  expect(seen.map(({ maxTokens }) => maxTokens)).toEqual([mostOutput])
  expect(call?.record.hold).toMatchObject({ clampedTo: null, budget: 'everything/month' })
  expect(call?.record.hold?.nano).toBeLessThan(dollars(0.3))
  const [account] = await stage.ledger.balances({})
  expect(account).toMatchObject({ held: 0, spent: call?.record.cost.nano })
})
