import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
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

/** The simulator behind a line that passes on creations, and keeps their answers until they are let through. */
async function holdAnswers() {
  const held: (() => void)[] = []
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const body = pieces.length === 0 ? null : new Uint8Array(Buffer.concat(pieces))
    const headers = {
      'content-type': 'application/json',
      'x-api-key': 'sk-ant-test',
      'anthropic-version': '2023-06-01',
    }
    const answer = await fetch(simulator.url + request.url, { method: request.method ?? 'GET', headers, body })
    const text = await answer.text()
    const send = (): void => void response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text)
    if (request.method === 'POST') held.push(send)
    else send()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const heldOne = async (): Promise<() => void> => {
    for (;;) {
      const send = held.shift()
      if (send !== undefined) return send
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  return { environment: { ...key(), ANTHROPIC_BASE_URL: url }, heldOne }
}

const batchCount = () =>
  simulator.log.filter(({ method, path }) => method === 'POST' && path.endsWith('/batches')).length

test('a submission that is killed while its batch is created goes on with that batch', async () => {
  const home = makeHome()
  const file = write(home, ['once'])
  const { environment, heldOne } = await holdAnswers()
  const first = startCli(home, ['batch', 'submit', file], environment)
  await heldOne()
  first.child.kill('SIGKILL')
  await first.finished
  const second = await runCli(home, ['batch', 'submit', file], environment)
  expect(second).toMatchObject({ code: 0, stderr: expect.stringContaining('1 prompt in a batch') })
  expect(batchCount()).toBe(1)
  expect((await runCli(home, ['batch', 'results', second.stdout.trim()], environment)).stdout).toContain('once')
}, 60_000)

test('Ctrl-C while a batch is created waits for its id, and begins no other', async () => {
  const home = makeHome()
  const file = write(home, ['once'])
  const { environment, heldOne } = await holdAnswers()
  const running = startCli(home, ['batch', 'submit', file], environment)
  const answer = await heldOne()
  running.child.kill('SIGINT')
  answer()
  expect(await running.finished).toMatchObject({ code: 0, stdout: expect.stringMatching(/^msgbatch_\w+\n$/) })
}, 60_000)

test('a file that was submitted elsewhere, or by somebody else, was not submitted here', async () => {
  const home = makeHome()
  const file = write(home, ['once'])
  const first = await runCli(home, ['batch', 'submit', file], key())
  const other = await runCli(home, ['batch', 'submit', file], { ...key(), ANTHROPIC_API_KEY: 'sk-ant-test-2' })
  expect(other.stderr).not.toContain('submitted before')
  expect(other.stdout).not.toBe(first.stdout)
}, 60_000)

test('nothing is submitted where that cannot be noted down', async () => {
  const home = makeHome()
  const file = write(home, ['once'])
  const blocked = join(home, 'blocked')
  writeFileSync(blocked, '')
  const { code, stderr } = await runCli(home, ['batch', 'submit', file], { ...key(), RUNGUARD_HOME: blocked })
  expect(code).toBe(1)
  expect(stderr).toContain('cannot be noted down')
  expect(batchCount()).toBe(0)
}, 60_000)

test('lines end where lines of JSON do', async () => {
  const home = makeHome()
  const file = join(home, 'prompts.jsonl')
  writeFileSync(file, '\uFEFF"one\u2028two"\r\n\r\n"three"')
  const { code, stderr } = await runCli(home, ['batch', 'submit', file], key())
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('2 prompts in a batch') })
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
  const twice = write(home, ['first', { custom_id: 'x', user_message: 'a' }, { custom_id: 'x', user_message: 'b' }])
  expect(await runCli(home, ['batch', 'submit', twice], key())).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('prompt 3: uses the id "x" again.'),
  })
  writeFileSync(file, '\n')
  expect(await runCli(home, ['batch', 'submit', file], key())).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('no prompt in it'),
  })
  expect(await runCli(home, ['batch', 'status', 'a b'], key())).toMatchObject({ code: 4 })
  expect(await runCli(home, ['batch', 'status', 'msgbatch_none'], key())).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/not found\.\n$/),
  })
  const nobody = { ...key(), ANTHROPIC_BASE_URL: 'http://127.0.0.1:9' }
  expect(await runCli(home, ['batch', 'ls'], nobody)).toMatchObject({
    code: 5,
    stderr: expect.stringContaining('cannot be reached'),
  })
}, 60_000)
