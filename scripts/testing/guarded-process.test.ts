/** A guard in a program that does nothing else: the process lives as long as a call waits, and no longer. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { type ProgramEnd, runToEnd } from './user-program.js'

const library = new URL('../../packages/sdk/dist/client/index.js', import.meta.url)

/** The upstream is a function: nothing but the guard keeps the process alive. */
const opening = `
  import { createGuard } from ${JSON.stringify(fileURLToPath(library))}
  const call = { method: 'POST', body: JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 100, stream: true,
    messages: [{ role: 'user', content: 'Hello! '.repeat(2000) }] }) }
  const hang = async (url) => url.includes('count_tokens') ? new Response('{}', { status: 404 })
    : new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } })
  const budgets = [{ scope: 'everything', limit: '$0.10', window: 'day' }]
  const open = (waitForMoneyMs) => createGuard({ budgets, waitForMoneyMs }).guardFetch(hang)
  const address = 'https://api.test/v1/messages'
`

function runProgram(text: string): Promise<ProgramEnd> {
  const home = mkdtempSync(`${tmpdir()}/runguard-process-`)
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  const run = { environment: { HOME: home }, workingDirectory: home }
  return runToEnd(process.execPath, ['--input-type=module', '-e', opening + text], run)
}

test('a call that waits for money is answered before its process ends', async () => {
  const end = await runProgram(`
    const fetch = open(300)
    const answers = [await fetch(address, call)]
    while (answers.at(-1).status === 200) answers.push(await fetch(address, call))
    console.log(answers.at(-1).status)
  `)
  expect(end).toEqual({ code: 0, stdout: '402\n', stderr: '' })
})

test('a call that waited and got its money does not keep its process alive', async () => {
  const end = await runProgram(`
    const fetch = open(10 * 60 * 1000)
    const soon = () => new Promise((resolve) => setTimeout(resolve, 200, null))
    const running = []
    let next = null
    do {
      if (next !== null) running.push(await next)
      next = fetch(address, call)
    } while ((await Promise.race([next, soon()])) !== null)
    // It waits until one of the others ends.
    await running[0].body.cancel()
    console.log((await next).status)
  `)
  expect(end).toEqual({ code: 0, stdout: '200\n', stderr: '' })
})

test('a guard that nobody closes does not keep its process alive', async () => {
  const end = await runProgram('console.log((await open(300)(address, call)).status)')
  expect(end).toEqual({ code: 0, stdout: '200\n', stderr: '' })
})
