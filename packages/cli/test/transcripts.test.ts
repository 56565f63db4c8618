import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { findPrice, loadPriceBook, priceList } from '@runguard/sdk/core'
import { expect, test } from 'vitest'
import { testOnData } from '../../../scripts/testing/shared-data.js'
import { makeHome, runCli } from './cli.js'
import { answer, writeTranscript } from './transcripts.js'

async function report(home: string, ...args: readonly string[]) {
  const { code, stdout, stderr } = await runCli(home, ['report', ...args, '--transcripts', '--json'], { TZ: 'UTC' })
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}

test('an answer counts once, with the last usage, however many entries and files repeat it', async () => {
  const home = makeHome()
  const first = answer({ output: 1, stopReason: null })
  const last = answer({ output: 100 })
  writeTranscript(home, '-srv-app/s1.jsonl', [first, first, last])
  // A session that was resumed begins with a copy of the one before, as far as it was written then.
  writeTranscript(home, '-srv-app/s2.jsonl', [
    answer({ output: 1, stopReason: null, session: 's2' }),
    answer({ message: 'msg_2', session: 's2' }),
  ])
  const { total, rows } = await report(home, 'session')
  expect(total).toMatchObject({
    calls: 2,
    outputTokens: 200,
    inputTokens: 2_000,
    cacheReadTokens: 18_000,
    atLeastCalls: 0,
  })
  expect(rows).toMatchObject([
    { group: 's1', calls: 1 },
    { group: 's2', calls: 1 },
  ])
})

test('sub-agents are in the bill of their session, wherever a version wrote them down, and once', async () => {
  const home = makeHome()
  const own = answer({ message: 'msg_sub', more: { isSidechain: true, agentId: 'a1' } })
  const progress = { type: 'progress', sessionId: 's1', data: { type: 'agent_progress', agentId: 'a1', message: own } }
  const side = answer({ message: 'msg_side', more: { isSidechain: true } })
  writeTranscript(home, '-srv-app/s1.jsonl', [answer(), progress, side])
  writeTranscript(home, '-srv-app/s1/subagents/agent-a1.jsonl', [own])
  const { rows } = await report(home, 'session')
  expect(rows).toMatchObject([{ group: 's1', calls: 3, subagentCalls: 2 }])
  expect((await report(home, 'project')).rows).toMatchObject([{ group: '/srv/app', calls: 3 }])
})

test('where only the beginning of the output was written down, the report says at least', async () => {
  const home = makeHome()
  writeTranscript(home, '-srv-app/s1.jsonl', [
    answer({ message: 'msg_a', version: '2.1.20', output: 1 }),
    answer({ message: 'msg_b', version: '2.1.40', output: 3, stopReason: null, at: '2026-11-26T12:00:00Z' }),
    answer({ message: 'msg_c', at: '2026-11-27T12:00:00Z' }),
  ])
  const { code, stdout } = await runCli(home, ['report', '--transcripts'], { TZ: 'UTC' })
  expect(code).toBe(0)
  expect(stdout).toMatch(/^2026-11-25 .* ≥ \$0\.00/m)
  expect(stdout).toMatch(/^2026-11-27 +1 +1,000 +0 +0 +9,000 +90% +100 +\$0\.0\d+$/m)
  expect(stdout).toMatch(/^total .* ≥ \$0\.0/m)
  expect(stdout).toContain('≥: of 2 calls Claude Code wrote down only the beginning of the output')
})

test('both lifetimes of cache writes are paid at their own price, and the classes add up to the cost', async () => {
  const home = makeHome()
  const usage = {
    input_tokens: 10,
    output_tokens: 20,
    cache_read_input_tokens: 30_000,
    cache_creation_input_tokens: 3_000,
    cache_creation: { ephemeral_5m_input_tokens: 1_000, ephemeral_1h_input_tokens: 2_000 },
  }
  writeTranscript(home, 'x/s.jsonl', [answer({ usage, model: 'claude-opus-4-5-20251101' })])
  const { total } = await report(home)
  // $5 a million of input, $25 of output; writes at 1.25 and 2 times the input, reads at a tenth.
  expect(total.paidFor).toEqual({
    inputUsd: '0.00005',
    cacheWrite5mUsd: '0.00625',
    cacheWrite1hUsd: '0.02',
    cacheReadUsd: '0.015',
    outputUsd: '0.0005',
    webSearchUsd: '0',
  })
  expect(total.costUsd).toBe('0.0418')
})

test('days and weeks are local, and a period ends where it says', async () => {
  const home = makeHome()
  writeTranscript(home, 'x/s.jsonl', [
    answer({ message: 'sunday', at: '2026-11-22T23:30:00Z' }),
    answer({ message: 'monday', at: '2026-11-23T09:00:00Z' }),
  ])
  expect((await report(home, 'weekly')).rows).toMatchObject([{ group: '2026-11-16' }, { group: '2026-11-23' }])
  expect((await report(home, 'daily', '--until', '2026-11-22')).rows).toMatchObject([{ group: '2026-11-22', calls: 1 }])
  const { stdout } = await runCli(home, ['report', '--transcripts', '--csv'], { TZ: 'Europe/Berlin' })
  expect(stdout.split('\r\n').map((line) => line.split(',').slice(0, 2).join(' '))).toEqual([
    'day calls',
    '2026-11-23 2',
    '',
  ])
})

test('lines that are broken, foreign or no call are left out, and the first are told of', async () => {
  const home = makeHome()
  const result = {
    type: 'user',
    toolUseResult: { usage: { output_tokens: 5 } },
    message: { role: 'user', content: [] },
  }
  const synthetic = answer({ message: 'none', model: '<synthetic>' })
  const broken = JSON.stringify(answer({ message: 'cut' })).slice(0, -20)
  writeTranscript(home, 'x/s.jsonl', [
    answer(),
    result,
    synthetic,
    { type: 'summary', summary: 'x' },
    'no JSON',
    broken,
  ])
  const { stdout, stderr } = await runCli(home, ['report', '--transcripts', '--json'])
  expect(JSON.parse(stdout).total.calls).toBe(1)
  expect(stderr).toBe('warning: lines that are no JSON were left out: 1\n')
})

test('without transcripts it says how to name them; a file can be named by itself', async () => {
  const home = makeHome()
  const none = await runCli(home, ['report', '--transcripts'])
  expect(none.code).toBe(1)
  expect(none.stderr).toContain('Say where they are with --path')
  const file = join(home, 'copy.jsonl')
  writeFileSync(file, JSON.stringify(answer()))
  const { stdout } = await runCli(home, ['report', 'model', '--path', file, '--csv'])
  expect(stdout).toMatch(/^claude-opus-5-5,1,0,1000,/m)
})

interface UsageRun {
  readonly id: string
  readonly calls: readonly { readonly model: string; readonly recorded_cost_usd: number | null }[]
}

testOnData('data/usage/dev.jsonl.gz', 'recorded traffic as transcripts costs the recorded dollars', async (path) => {
  const book = loadPriceBook(priceList)
  const atMs = Date.UTC(2026, 10, 1)
  const home = makeHome()
  const runs = gunzipSync(readFileSync(path))
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line): UsageRun => JSON.parse(line))
  let [count, recordedUsd] = [0, 0]
  for (const { id, calls } of runs) {
    const entries = calls.flatMap(({ model, recorded_cost_usd: usd, ...usage }, index) => {
      if (usd === null || findPrice(book, model, atMs) === null) return []
      count += 1
      recordedUsd += usd
      const entry = answer({ message: `${id}-${index}`, session: id, model, usage, at: new Date(atMs).toISOString() })
      return [entry, entry]
    })
    if (entries.length > 0) writeTranscript(home, `recorded/${id}.jsonl`, entries)
  }
  const { total } = await report(home)
  expect(count).toBeGreaterThan(1_000)
  expect(total.calls).toBe(count)
  expect(Number(total.costUsd)).toBeCloseTo(recordedUsd, 6)
})
