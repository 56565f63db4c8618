/** The examples that need more than the official client, each run as its user would run it. */

import { spawn } from 'node:child_process'
import { startSimulator } from '@runguard/simulator'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import {
  compileExamples,
  largeExamples,
  missingIn,
  programOf,
  runExample,
  scriptOf,
} from '../scripts/testing/examples.js'
import { runToEnd } from '../scripts/testing/user-program.js'
import { claudeEnvironment } from './clients/claude-code.js'
import { expectBooksToAgree } from './stage/books.js'
import { openStage } from './stage/stage.js'

let complaints: readonly string[]

beforeAll(async () => {
  complaints = await compileExamples([...largeExamples.map(({ name }) => name), 'agent-sdk', 'express-server'])
}, 60_000)

test('they compile', () => {
  expect(complaints).toEqual([])
})

test.each(largeExamples.map((example) => [example.name, example] as const))('%s runs', async (name, example) => {
  const simulator = await startSimulator({ script: scriptOf(example) })
  onTestFinished(() => simulator.close())
  const { code, stdout, stderr } = await runExample(name, simulator.url)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(missingIn(stdout, example.prints), stdout).toEqual([])
})

test('agent-sdk runs through the gateway, which has every call of it on its books', async () => {
  const stage = await openStage({
    script: (request, { round }) => {
      const isAtWork = request.tools.length > 0 && round === 0
      if (!isAtWork) return { parts: [{ kind: 'text', text: 'It has three lines.' }] }
      return { parts: [{ kind: 'tool', name: 'Bash', input: { command: 'echo 3', description: 'Counts lines' } }] }
    },
  })
  const run = { environment: claudeEnvironment(stage), workingDirectory: stage.home, timeoutMs: 40_000 }
  const { code, stdout, stderr } = await runToEnd(process.execPath, [programOf('agent-sdk')], run)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(missingIn(stdout, [/→ Bash .*echo 3/, /It has three lines\./]), stdout).toEqual([])
  const calls = await expectBooksToAgree(stage)
  expect(calls.map(({ entry }) => entry.stopReason)).toEqual(['tool_use', 'end_turn'])
})

test('express-server gives each user a budget, and says so when it is spent', async () => {
  const simulator = await startSimulator()
  onTestFinished(() => simulator.close())
  const url = await startServer(simulator.url)
  const ask = (user: string, words: string): Promise<Response> =>
    fetch(`${url}/ask`, { method: 'POST', headers: { 'content-type': 'text/plain', 'x-user': user }, body: words })

  expect(await (await ask('ada', 'Hello!')).json()).toMatchObject([{ type: 'text', text: 'You said: Hello!' }])
  const answers: Response[] = []
  while (answers.at(-1)?.status !== 402 && answers.length < 20) answers.push(await ask('ada', '[[sim:text 16000]]'))
  expect(answers.length).toBeGreaterThan(1)
  expect(Number(answers.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await answers.at(-1)?.json()).toMatchObject({
    code: 'runguard_budget_exceeded',
    message: expect.stringMatching(/budget for user:ada .* It resets at/),
  })
  expect((await ask('bob', 'Hello!')).status).toBe(200)
})

/** Starts the example until the test ends. Answers its address. */
async function startServer(upstream: string): Promise<string> {
  const environment = { PORT: '0', ANTHROPIC_BASE_URL: upstream, ANTHROPIC_API_KEY: 'sk-ant-test-0000' }
  const child = spawn(process.execPath, [programOf('express-server')], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  for await (const chunk of child.stdout) {
    said += String(chunk)
    const port = /Listening on port (\d+)/.exec(said)?.[1]
    if (port !== undefined) return `http://127.0.0.1:${port}`
  }
  throw new Error(`The server ended: ${said}`)
}
