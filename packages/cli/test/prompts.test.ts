import { expect, test } from 'vitest'
import { makeHome, runCli } from './cli.js'
import { answer, writeTranscript } from './transcripts.js'

/** What a person, or a program in a person's place, wrote. */
function said(text: unknown, at: string, more: Readonly<Record<string, unknown>> = {}) {
  const message = { role: 'user', content: text }
  return { type: 'user', sessionId: 's1', uuid: at, timestamp: at, isSidechain: false, message, ...more }
}

const result = [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'done' }]

function writeTwoPrompts(home: string): void {
  writeTranscript(home, '-srv-app/s1.jsonl', [
    said('Mend the   build\nplease, and tell me what was wrong with it afterwards', '2026-11-25T10:00:00Z'),
    answer({ message: 'msg_1', at: '2026-11-25T10:00:05Z' }),
    said(result, '2026-11-25T10:00:10Z'),
    said('a reminder', '2026-11-25T10:00:11Z', { isMeta: true }),
    answer({ message: 'msg_2', at: '2026-11-25T10:00:15Z' }),
    said('Now the docs', '2026-11-25T11:00:00Z'),
    answer({ message: 'msg_3', at: '2026-11-25T11:00:05Z' }),
  ])
  const sub = { isSidechain: true, agentId: 'a1' }
  writeTranscript(home, '-srv-app/s1/subagents/agent-a1.jsonl', [
    said('Look around', '2026-11-25T10:00:12Z', sub),
    answer({ message: 'msg_sub', at: '2026-11-25T10:00:13Z', more: sub }),
  ])
}

test('calls are on the account of the prompt that started them, those of sub-agents too, and nobody is quoted', async () => {
  const home = makeHome()
  writeTwoPrompts(home)
  const { stdout } = await runCli(home, ['report', 'prompt', '--transcripts', '--json'], { TZ: 'UTC' })
  const { rows } = JSON.parse(stdout)
  expect(rows).toMatchObject([
    { group: '2026-11-25 10:00:00  s1 #1', calls: 3, subagentCalls: 1 },
    { group: '2026-11-25 11:00:00  s1 #2', calls: 1 },
  ])
  expect(stdout).not.toContain('build')
})

test('who asks for it sees how prompts begin', async () => {
  const home = makeHome()
  writeTwoPrompts(home)
  const { stdout } = await runCli(home, ['report', 'prompt', '--transcripts', '--show-prompts'], { TZ: 'UTC' })
  expect(stdout).toContain('#1  Mend the build please, and tell me what was wrong with it a')
  expect(stdout).not.toContain('afterwards')
})

test('records hold nothing of prompts, and the report says so', async () => {
  const { code, stderr } = await runCli(makeHome(), ['report', 'prompt'])
  expect([code, stderr]).toEqual([2, expect.stringContaining('report prompt --transcripts')])
})

test("a session that cost more by Claude Code's own sum than its transcript tells of is warned of", async () => {
  const home = makeHome()
  const sum = (session: string, usd: number) => ({ type: 'cost-state', sessionId: session, totalCostUSD: usd })
  writeTranscript(home, '-srv-app/s1.jsonl', [answer(), sum('s1', 0.4), sum('s1', 0.5)])
  const { stdout, stderr } = await runCli(home, ['report', '--transcripts', '--json'])
  const cost = Number(JSON.parse(stdout).total.costUsd)
  expect(stderr).toBe(
    `warning: by Claude Code's own sums 1 of 1 sessions cost $${(0.5 - cost).toFixed(4)} more than their transcripts tell of\n`,
  )
  writeTranscript(home, '-srv-app/s1.jsonl', [answer(), sum('s1', cost)])
  expect((await runCli(home, ['report', '--transcripts'])).stderr).toBe('')
})
