/** A guard in a program that does nothing else: the process lives as long as a call waits, and no longer. */

import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { type ProgramEnd, runToEnd } from './user-program.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const built = `${root}packages/sdk/dist`

/** The upstream is a function: nothing but the guard keeps the process alive. */
const opening = (library: string) => `
  import { createGuard } from ${JSON.stringify(`${library}/client/index.js`)}
  const call = { method: 'POST', body: JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 100, stream: true,
    messages: [{ role: 'user', content: 'Hello! '.repeat(2000) }] }) }
  const hang = async (url) => url.includes('count_tokens') ? new Response('{}', { status: 404 })
    : new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } })
  const budgets = [{ scope: 'everything', limit: '$0.10', window: 'day' }]
  const open = (waitForMoneyMs) => createGuard({ budgets, waitForMoneyMs }).guardFetch(hang)
  const address = 'https://api.test/v1/messages'
`

function makeHome(): string {
  const home = mkdtempSync(`${tmpdir()}/runguard-process-`)
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  return home
}

function runProgram(text: string, library = built): Promise<ProgramEnd> {
  const home = makeHome()
  const run = { environment: { HOME: home }, workingDirectory: home }
  return runToEnd(process.execPath, ['--input-type=module', '-e', opening(library) + text], run)
}

/** A library as a bad disk or a careless bundler leaves it. */
function copyWithoutEngine(): string {
  const home = makeHome()
  const library = `${home}/library`
  cpSync(built, library, { recursive: true, filter: (path) => !path.endsWith('/engine/engine.js') })
  cpSync(`${built}/../package.json`, `${home}/package.json`)
  mkdirSync(`${home}/node_modules`)
  symlinkSync(`${root}node_modules/zod`, `${home}/node_modules/zod`)
  return library
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
    const running = [await fetch(address, call)]
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

test('a guard that nobody uses does not keep its process alive either', async () => {
  const end = await runProgram("open(300); console.log('made')")
  expect(end).toEqual({ code: 0, stdout: 'made\n', stderr: '' })
})

test('a process may end while the engine of its guard is being loaded', async () => {
  const end = await runProgram("open(300)(address, call); console.log('called'); process.exit(3)")
  expect(end).toEqual({ code: 3, stdout: 'called\n', stderr: '' })
})

test('where the engine cannot be loaded nothing is sent, each call says why, and the program goes on', async () => {
  const end = await runProgram(
    `
    let sent = 0
    const client = { baseURL: 'https://api.test', get: () => sent++, post: () => sent++ }
    const guard = createGuard({ budgets, client })
    const fetch = guard.guardFetch(async () => (sent++, new Response('{}')))
    guard.setBudgets(budgets)
    const session = guard.session()
    session.presence('closed')
    guard.deferred('job')
    const answer = await fetch(address, call)
    const { error } = await answer.json()
    console.log(answer.status, answer.headers.get('x-should-retry'), error.details.error_code)
    console.log(/engine\\.js/.test(error.message), error.message.length < 1000)
    const next = async () => (sent++, new Response('{}'))
    const through = guard.middleware({ url: address, method: 'POST', headers: new Headers(), body: call.body }, next)
    const request = { model: 'claude-haiku-5-5', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }
    const asked = [through, guard.report({ groupBy: 'total' }), guard.cacheStats(), guard.learned(), guard.flush(),
      guard.feedback('one', true), guard.defer(request, { within: '6h' }), guard.deferred('job').status()]
    for (const { reason } of await Promise.allSettled(asked)) console.log(reason.code)
    await guard.close()
    await new Promise((resolve) => setTimeout(resolve, 50))
    console.log('sent', sent)
  `,
    copyWithoutEngine(),
  )
  const refused = 'runguard_not_loaded'
  const lines = [`402 false ${refused}`, 'true true', ...Array.from({ length: 8 }, () => refused), 'sent 0', '']
  expect(end).toEqual({ code: 0, stdout: lines.join('\n'), stderr: '' })
})
