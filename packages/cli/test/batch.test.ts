import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningSimulator, startSimulator } from '@runguard/simulator'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { makeHome, runCli, startCli } from './cli.js'

let simulator: RunningSimulator
beforeEach(async () => {
  simulator = await startSimulator({ batchMs: 0 })
  onTestFinished(() => simulator.close())
})

const key = () => ({ ANTHROPIC_API_KEY: 'sk-ant-test', ANTHROPIC_BASE_URL: simulator.url })

function write(home: string, lines: readonly unknown[]): string {
  const file = join(home, 'prompts.jsonl')
  writeFileSync(file, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n\n`)
  return file
}

const PARAMS = { model: 'claude-haiku-5-5', max_tokens: 50, messages: [{ role: 'user', content: 'params' }] }

test('a file of prompts in any form is submitted, and its answers are printed as JSON lines', async () => {
  const home = makeHome()
  const file = write(home, [
    'a text',
    { custom_id: 'own id/1', user_message: 'message' },
    { custom_id: 'p', params: PARAMS },
    PARAMS,
  ])
  const submitted = await runCli(home, ['batch', 'submit', file], key())
  expect(submitted).toMatchObject({ code: 0, stderr: expect.stringContaining('4 prompts in a batch') })
  const id = submitted.stdout.trim()
  expect(id).toMatch(/^msgbatch_\w+$/)
  const { code, stdout, stderr } = await runCli(home, ['batch', 'results', id], key())
  expect(code).toBe(0)
  const texts = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { custom_id: string; text: string; cost_usd: string })
  expect(texts.map(({ custom_id, text }) => `${custom_id}: ${text}`).sort()).toEqual([
    'line-1: You said: a text',
    'line-4: You said: params',
    'own id/1: You said: message',
    'p: You said: params',
  ])
  expect(Number(texts[0]?.cost_usd)).toBeGreaterThan(0)
  expect(stderr).toMatch(/4 answered; \$0\.\d+, \$0\.\d+ less than as single calls/)
  const shown = await runCli(home, ['batch', 'status', id], key())
  expect(shown.stdout).toMatch(/^4 items, all ended: 4 succeeded\n$/)
  const listed = await runCli(home, ['batch', 'ls', '--json'], key())
  expect(JSON.parse(listed.stdout)).toMatchObject({ batches: [{ id, processing_status: 'ended' }] })
}, 60_000)

test('a file is not submitted twice, unless that is wanted', async () => {
  const home = makeHome()
  const file = write(home, ['once'])
  const first = await runCli(home, ['batch', 'submit', file], key())
  const second = await runCli(home, ['batch', 'submit', file, '--json'], key())
  expect(JSON.parse(second.stdout)).toMatchObject({ id: first.stdout.trim(), items: 1 })
  expect(second.stderr).toContain('was submitted before')
  const third = await runCli(home, ['batch', 'submit', file, '--again'], key())
  expect(third.stdout).not.toBe(first.stdout)
}, 60_000)

test('waiting can be interrupted and goes on, and a job can be cancelled', async () => {
  await simulator.close()
  simulator = await startSimulator({ batchMs: 3_600_000, batchCancelMs: 0 })
  const home = makeHome()
  const id = (await runCli(home, ['batch', 'submit', write(home, ['slow'])], key())).stdout.trim()
  const waiting = startCli(home, ['batch', 'results', id], key())
  while (!simulator.log.some(({ method, path }) => method === 'GET' && path.endsWith(id))) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  waiting.child.kill('SIGINT')
  expect(await waiting.finished).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining(`results ${id}`),
  })
  expect((await runCli(home, ['batch', 'status', id], key())).stdout).toMatch(
    /^1 items; .* so far, given up in 23 h 5\d min/,
  )
  expect((await runCli(home, ['batch', 'cancel', id], key())).code).toBe(0)
  const { code, stdout } = await runCli(home, ['batch', 'results', id], key())
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({ custom_id: 'line-1', error: { type: 'canceled' } })
}, 60_000)

test('what is wrong is said, with the exit code for it', async () => {
  const home = makeHome()
  expect(await runCli(home, ['batch', 'ls'])).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('ANTHROPIC_API_KEY'),
  })
  expect(await runCli(home, ['batch', 'submit', 'none.jsonl'], key())).toMatchObject({ code: 4 })
  const file = write(home, [7])
  expect(await runCli(home, ['batch', 'submit', file], key())).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/prompts\.jsonl:1 is neither/),
  })
  expect(await runCli(home, ['batch', 'status', 'a b'], key())).toMatchObject({ code: 4 })
  expect(await runCli(home, ['batch', 'status', 'msgbatch_none'], key())).toMatchObject({ code: 1 })
  const nobody = { ...key(), ANTHROPIC_BASE_URL: 'http://127.0.0.1:9' }
  expect(await runCli(home, ['batch', 'ls'], nobody)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('cannot be reached'),
  })
  expect(readFileSync(file, 'utf8')).toBe('7\n\n')
}, 60_000)
