/**
 * Streams that a budget ends, inside every kind of block, or a loop: no client runs half a tool call, and all can go on
 * talking.
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { auditBills, type MessagesRequest, type ReplyPart, type Script } from '@runguard/simulator'
import { expect, test } from 'vitest'
import type { ClientKind } from './clients/client.js'
import { entrances } from './clients/table.js'
import { expectBooksToAgree } from './stage/books.js'
import { budgetOf, dollars } from './stage/budgets.js'
import { findFaults } from './stage/sent-back.js'
import { openStage, type Stage } from './stage/stage.js'

/**
 * More than the budget pays for, whatever the client puts in front of its prompt: it runs out inside of this. No passage
 * comes twice, or the answer would be ended for that.
 */
const long = Array.from({ length: 40_000 }, (_, n) => (n + 30_000).toString(26).replace(/\d/g, 'w')).join(' ')
const preface = { kind: 'text', text: 'I will look.' } as const

/** Answers whose last part is the one that is cut. */
const answers: Readonly<Record<string, (kind: ClientKind) => readonly ReplyPart[]>> = {
  'a text': () => [{ kind: 'text', text: long }],
  'shown thinking, before its signature': () => [{ kind: 'thinking', text: long }],
  'the text behind a whole thought': () => [
    { kind: 'thinking', text: 'I wonder.' },
    { kind: 'text', text: long },
  ],
  'a tool call with half its input': (kind) => [preface, { kind: 'tool', ...kind.orderOf('cut', long) }],
  'the second of two parallel tool calls': (kind) => [
    preface,
    { kind: 'tool', ...kind.orderOf('whole', '') },
    { kind: 'tool', ...kind.orderOf('cut', long) },
  ],
  'a web search, before its result': () => [preface, { kind: 'search', query: long, resultTokens: 500 }],
  'the text behind a whole web search': () => [
    { kind: 'search', query: 'words', resultTokens: 500 },
    { kind: 'text', text: long },
  ],
}

const pacing = { betweenEventsMs: 1, chunkCharacters: 400 }

/** Says hello, then `parts`, then calls a tool, and keeps every request that it sees. */
function scriptOf(kind: ClientKind, parts: readonly ReplyPart[], seen: MessagesRequest[]): Script {
  return (request, { words, round }) => {
    seen.push(request)
    const isAsked = (question: string): boolean => round === 0 && words.some((text) => text.includes(question))
    if (isAsked('Write it all.')) return { parts, pacing }
    if (isAsked('Once more.')) return { parts: [{ kind: 'tool', ...kind.orderOf('late', '') }] }
    return { parts: [{ kind: 'text', text: 'All is well.' }] }
  }
}

/** What is left after the first answer pays the prompt once more and a piece of the long answer. */
async function leaveLittle(stage: Stage): Promise<number> {
  const [record] = await stage.records()
  const limit = (record?.cost.nano ?? 0) + (record?.hold?.nano ?? 0) + dollars(0.03)
  stage.setBudgets([budgetOf(limit)])
  return limit
}

function charactersOf(part: ReplyPart): number {
  if (part.kind === 'tool') return JSON.stringify(part.input).length
  return part.kind === 'search' ? JSON.stringify({ query: part.query }).length : part.text.length
}

for (const { name, kind, door } of entrances) {
  test.each(Object.entries(answers))(`${name}: a budget ends %s`, async (_title, partsFor) => {
    const parts = partsFor(kind)
    const seen: MessagesRequest[] = []
    const stage = await openStage({ door, budgets: [budgetOf(dollars(100))], script: scriptOf(kind, parts, seen) })
    const talk = kind.open(stage).talk()
    await talk.say('Hello.')
    const limit = await leaveLittle(stage)

    const answer = await talk.say('Write it all.')
    await stage.simulator.idle()
    const [, cut, ...more] = await stage.records()
    expect(answer).toMatch(/RunGuard ended this answer here: the RunGuard budget for everything .* raise the limit/)
    expect(cut?.ending).toEqual({ kind: 'at-least', reason: 'budget-cut' })
    expect(more).toEqual([])
    const before = parts.slice(0, -1).reduce((sum, part) => sum + charactersOf(part), 0)
    const streamed = stage.simulator.log[1]?.streamedCharacters ?? 0
    expect(streamed).toBeGreaterThan(before)
    expect(streamed).toBeLessThan(parts.reduce((sum, part) => sum + charactersOf(part), 0))
    expect(Number(auditBills(stage.simulator.log).total)).toBeLessThanOrEqual(limit)

    stage.setBudgets([budgetOf(dollars(100))])
    expect(await talk.say('Once more.')).toContain('All is well.')
    const left = ['whole', 'cut', 'late'].filter((mark) => existsSync(join(stage.home, mark)))
    expect(left).toEqual(['late'])
    expect(seen.map(({ turns }) => findFaults(turns))).toEqual([[], [], [], []])
    expect(JSON.stringify(seen[2]?.turns)).toContain('RunGuard ended this answer here')
    const calls = await expectBooksToAgree(stage)
    expect(calls.map(({ entry }) => entry.stopReason)).toEqual(['end_turn', expect.anything(), 'tool_use', 'end_turn'])
    expect((await stage.ledger.balances({})).map(({ held }) => held)).toEqual([0])
    expect(await stage.ledger.verify()).toEqual([])
  })
}

const echo = 'I will now write the document for you. '.repeat(5_000)

for (const { name, kind, door } of entrances) {
  test(`${name}: an answer that says the same again and again is ended`, async () => {
    const seen: MessagesRequest[] = []
    const stage = await openStage({ door, budgets: [], script: scriptOf(kind, [{ kind: 'text', text: echo }], seen) })
    const talk = kind.open(stage).talk()
    await talk.say('Hello.')
    const answer = await talk.say('Write it all.')
    await stage.simulator.idle()
    const [, cut, ...more] = await stage.records()
    expect(answer).toMatch(/RunGuard ended this answer here, because the answer said the same \d+ times in a row/)
    expect([cut?.ending, cut?.hold, more]).toEqual([{ kind: 'at-least', reason: 'loop-cut' }, null, []])
    expect(stage.simulator.log[1]?.streamedCharacters).toBeLessThan(echo.length / 2)

    expect(await talk.say('Once more.')).toContain('All is well.')
    expect(existsSync(join(stage.home, 'late'))).toBe(true)
    expect(seen.map(({ turns }) => findFaults(turns))).toEqual([[], [], [], []])
    await expectBooksToAgree(stage)
  })
}
