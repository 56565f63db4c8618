/** `runguard run --` in front of the real Claude Code, of Node and of Python: the bill, signals and exit codes. */

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { type RunningSimulator, startSimulator } from '@runguard/simulator'
import { expect, onTestFinished, test } from 'vitest'
import { claudeEnvironment, claudeProgram } from './clients/claude-code.js'
import { model } from './clients/client.js'

const program = fileURLToPath(new URL('../packages/cli/bin/runguard.js', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Running {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  readonly ended: Promise<Ended>
}

interface Place {
  readonly simulator: RunningSimulator
  readonly home: string
}

async function openPlace(): Promise<Place> {
  const simulator = await startSimulator()
  onTestFinished(() => simulator.close())
  const home = mkdtempSync(join(tmpdir(), 'runguard-run-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  return { simulator, home }
}

/** All that the program may know: a key that is none, an empty home, and nowhere to go but where `run` sends it. */
function run({ simulator, home }: Place, ...command: readonly string[]): Running {
  const { ANTHROPIC_BASE_URL: _, ...environment } = claudeEnvironment({ url: '', home })
  const child = spawn(process.execPath, [program, 'run', '--upstream', simulator.url, '--', ...command], {
    cwd: home,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => {
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() })
    })
  })
  return { child, ended }
}

test('Claude Code runs as always, and its bill is told when it has ended', async () => {
  const place = await openPlace()
  const flags = ['-p', 'Hello. [[sim:text 50]]', '--model', model, '--output-format', 'json']
  const { code, stdout, stderr } = await run(place, claudeProgram, ...flags).ended
  expect(code).toBe(0)
  const result = JSON.parse(stdout) as { readonly is_error: boolean; readonly total_cost_usd: number }
  expect(result.is_error).toBe(false)
  const bill = stderr.split('\n').find((line) => line.startsWith('RunGuard: '))
  expect(bill).toMatch(/^RunGuard: \d+ calls? .*\$0\.\d+/)
  const billed = place.simulator.log.filter(({ isBilled }) => isBilled)
  expect(billed.length).toBeGreaterThan(0)
  expect(billed.every(({ sessionId }) => sessionId !== null)).toBe(true)
})

test('Claude Code that fails has its own exit code', async () => {
  const place = await openPlace()
  const { code } = await run(place, claudeProgram, '-p', 'Fail. [[sim:fault 400]]', '--model', model).ended
  expect(code).toBe(1)
})

test('a signal ends Claude Code, and what it cost until then is told', async () => {
  const place = await openPlace()
  const words = 'Go on. [[sim:every 20]] [[sim:text 4000]]'
  const running = run(place, claudeProgram, '-p', words, '--model', model)
  await expect.poll(() => place.simulator.inFlight(), { timeout: 20_000 }).toBeGreaterThan(0)
  running.child.kill('SIGTERM')
  const { code, stderr } = await running.ended
  expect(code).not.toBe(0)
  expect(stderr).toContain('RunGuard: ')
})

const asking = {
  model: 'claude-opus-5-5',
  max_tokens: 100,
  messages: [{ role: 'user', content: '[[sim:text 20]]' }],
}

test('a program in Python finds the gateway by the same variable', async () => {
  const place = await openPlace()
  const code = [
    'import json, os, sys, urllib.request',
    `body = json.dumps(json.loads(${JSON.stringify(JSON.stringify(asking))})).encode()`,
    "headers = {'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': 'sk-ant-test'}",
    "url = os.environ['ANTHROPIC_BASE_URL'] + '/v1/messages'",
    'answer = urllib.request.urlopen(urllib.request.Request(url, body, headers))',
    "print(json.load(answer)['usage']['output_tokens'])",
    'sys.exit(3)',
  ].join('\n')
  const ended = await run(place, 'python3', '-c', code).ended
  expect(ended).toMatchObject({ code: 3, stdout: '20\n' })
  expect(ended.stderr).toMatch(/^RunGuard: 1 call /m)
})

test('a program in Node does too', async () => {
  const place = await openPlace()
  const code = `
    const headers = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': 'sk-ant-test' }
    const url = process.env.ANTHROPIC_BASE_URL + '/v1/messages'
    const answer = await fetch(url, { method: 'POST', headers, body: ${JSON.stringify(JSON.stringify(asking))} })
    console.log((await answer.json()).usage.output_tokens)
    process.exitCode = 7`
  const ended = await run(place, process.execPath, '--input-type=module', '-e', code).ended
  expect(ended).toMatchObject({ code: 7, stdout: '20\n' })
  expect(ended.stderr).toMatch(/^RunGuard: 1 call /m)
})
