import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sqliteStore } from '@runguard/sdk/store'
import { type RunningSimulator, startSimulator } from '@runguard/simulator'
import Database from 'libsql'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ask, makeHome, runCli, startGateway } from './cli.js'

let simulator: RunningSimulator

beforeEach(async () => {
  simulator = await startSimulator()
})

afterEach(async () => {
  await simulator.close()
})

const tools = [{ name: 'Bash', input_schema: { type: 'object' } }]

/** Asks as an agent that has gone so many rounds of one call since a person wrote; ids of calls come only once. */
async function askInLoop(url: string, rounds: number, turn = 1): Promise<Response> {
  const messages: unknown[] = [{ role: 'user', content: 'Go. [[sim:looping Bash {"command":"npm install"}]]' }]
  for (let round = 0; round < rounds; round++) {
    const id = `toolu_${turn}_${round}`
    messages.push({
      role: 'assistant',
      content: [{ type: 'tool_use', id, name: 'Bash', input: { command: 'npm install' } }],
    })
    messages.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'up to date' }] })
  }
  const response = await ask(url, '', {
    messages,
    tools,
    metadata: { user_id: JSON.stringify({ session_id: 'night job' }) },
  })
  await response.clone().text()
  return response
}

async function loopUntilStopped(url: string, turn = 1): Promise<void> {
  for (let rounds = 0; rounds < 4; rounds++) expect((await askInLoop(url, rounds, turn)).status).toBe(200)
  expect((await askInLoop(url, 4, turn)).status).toBe(402)
}

test('a loop is a line when it is noticed and one when it is stopped, and the call says why', async () => {
  const home = makeHome()
  const { url, outputOf } = await startGateway(home, simulator.url)
  await loopUntilStopped(url)
  await askInLoop(url, 4)
  const [line] = await outputOf('stderr', /^loop stopped: .*$/m)
  expect(line).toMatch(
    /^loop stopped: Bash was called 4 times in a row with the same input, \$0\.0\d+ so far \(session night job\); it goes on/,
  )
  expect(line).toMatch(/with a new message, or: {2}runguard session resume 'night job'$/)
  const [lines] = await outputOf('stderr', /^loop noticed: .*\nloop stopped: [\s\S]*$/m)
  expect(lines.trimEnd().split('\n')).toHaveLength(2)
  await outputOf('stdout', /refused: runguard_loop_detected/)
  const explained = await runCli(home, ['explain', 'last'])
  expect(explained.stdout).toMatch(/^loop +stopped: Bash was called 4 times in a row with the same input, \$0\.0/m)
  const json = await runCli(home, ['explain', 'last', '--json'])
  expect(JSON.parse(json.stdout).loop).toMatchObject({ action: 'stop', rule: 'repeat', repeats: 4, rounds: 4 })
})

test('with --json a loop is an object among the calls', async () => {
  const { url, outputOf } = await startGateway(makeHome(), simulator.url, ['--json'])
  await loopUntilStopped(url)
  const [line] = await outputOf('stdout', /^\{"kind":"loop".*"stop".*$/m)
  expect(JSON.parse(line)).toMatchObject({
    kind: 'loop',
    session: 'night job',
    agent: null,
    action: 'stop',
    isEnforced: true,
    cycle: ['Bash'],
    spentNanoUsd: expect.any(Number),
  })
})

test('what the file says of loops is in force, and said at the start', async () => {
  const home = makeHome()
  writeFileSync(
    join(home, 'runguard.yaml'),
    'loops: { mode: observe }\nbreaker: { spendPerMinute: { model: 0.000001 } }\n',
  )
  const { url, outputOf } = await startGateway(home, simulator.url)
  await outputOf('stderr', /^From .*runguard\.yaml: loops observe, breaker enforce$/m)
  expect((await askInLoop(url, 4)).headers.get('x-runguard-loop')).toBe('stop; rule=repeat; repeats=4; observed')
  await outputOf('stderr', /^loop observed only: it would be stopped: Bash was called 4 times [^;]*$/m)
  await outputOf('stderr', /^breaker: model:claude-opus-5-5 is open, because \$0\.\d+ were spent in a minute/m)
  expect((await askInLoop(url, 5)).status).toBe(402)
})

test('a session in a loop is listed, goes on when it is resumed, and is left alone when it is exempt', async () => {
  const home = makeHome()
  expect((await runCli(home, ['session', 'ls'])).stderr).toMatch(/^No sessions in /)
  const { url } = await startGateway(home, simulator.url)
  await loopUntilStopped(url)
  const listed = await runCli(home, ['session', 'ls'])
  expect(listed.stdout).toMatch(/^night job +1 +\S+ \S+ \S+ +in a loop$/m)

  expect(await runCli(home, ['session', 'resume', 'night job'])).toMatchObject({
    code: 0,
    stdout: 'night job: goes on; what it did before counts no more\n',
    stderr: '',
  })
  for (let rounds = 4; rounds < 8; rounds++) expect((await askInLoop(url, rounds)).status).toBe(200)
  expect((await askInLoop(url, 8)).status).toBe(402)
  await runCli(home, ['session', 'exempt', 'night job'])
  for (let rounds = 8; rounds < 20; rounds++) expect((await askInLoop(url, rounds)).status).toBe(200)
  const { sessions } = JSON.parse((await runCli(home, ['session', 'ls', '--json'])).stdout)
  expect(sessions).toMatchObject([
    { session: 'night job', agents: 1, mark: { isExempt: true, by: expect.any(String) } },
  ])

  await runCli(home, ['session', 'watch', 'night job'])
  for (let rounds = 20; rounds < 24; rounds++) expect((await askInLoop(url, rounds)).status).toBe(200)
  expect((await askInLoop(url, 24)).status).toBe(402)
})

test('resuming a session closes the breaker that its own loops opened, and says so of an unknown id', async () => {
  const home = makeHome()
  const unknown = await runCli(home, ['session', 'resume', 'night jop'])
  expect([unknown.code, unknown.stderr]).toEqual([0, expect.stringContaining('nothing was known of this session')])
  expect(await runCli(home, ['session', 'resume', ' '])).toMatchObject({ code: 4 })

  const { url, outputOf } = await startGateway(home, simulator.url)
  for (const turn of [1, 2, 3]) await loopUntilStopped(url, turn)
  const [line] = await outputOf('stderr', /^breaker: .*$/m)
  expect(line).toMatch(/^breaker: session:night job is open, because agents went in loops, 3 times; it tries again at /)
  await runCli(home, ['session', 'resume', 'night job'])
  expect((await runCli(home, ['breaker', 'ls'])).stderr).toMatch(/^All breakers of .* are closed/)
})

test('resuming a session is heard also if the clock went back since the last time', async () => {
  const home = makeHome()
  const resume = async (): Promise<number> => {
    const { stdout } = await runCli(home, ['session', 'resume', 'night job', '--json'])
    return Date.parse(JSON.parse(stdout).resumedAt)
  }
  const first = await resume()
  const database = new Database(join(home, '.runguard', 'runguard.db'))
  await sqliteStore(database).putMark({
    session: 'night job',
    resumedAt: first + 3_600_000,
    isExempt: false,
    by: 'cli',
    at: first,
  })
  database.close()
  expect(await resume()).toBe(first + 3_600_001)
})

test('a breaker is held by hand, with words for those who are refused, and released', async () => {
  const home = makeHome()
  const { url } = await startGateway(home, simulator.url)
  const hold = ['breaker', 'hold', 'model:claude-opus-5-5', '--note']
  expect((await runCli(home, [...hold, '\n'])).code).toBe(4)
  expect((await runCli(home, ['breaker', 'hold', 'modle:x'])).stderr).toContain('"modle:x" is no key of a breaker')
  const held = await runCli(home, [...hold, 'audit until noon'])
  expect([held.code, held.stdout]).toEqual([0, 'model:claude-opus-5-5: held\n'])
  const refused = await ask(url, 'hi')
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([402, null])
  expect(await refused.text()).toMatch(/held by .+, \\"audit until noon\\"/)
  expect((await runCli(home, ['breaker', 'ls'])).stdout).toMatch(
    /^model:claude-opus-5-5 +held +\S+ \S+ \S+ +held by \S+: audit until noon$/m,
  )
  const { breakers } = JSON.parse((await runCli(home, ['breaker', 'ls', '--json'])).stdout)
  expect(breakers).toMatchObject([{ key: 'model:claude-opus-5-5', state: 'held', note: 'audit until noon' }])
  await runCli(home, ['breaker', 'release', 'model:claude-opus-5-5'])
  await expect.poll(async () => (await ask(url, 'hi')).status, { timeout: 8_000, interval: 300 }).toBe(200)
  const again = await runCli(home, ['breaker', 'release', 'model:claude-opus-5-5'])
  expect([again.code, again.stderr]).toEqual([0, 'note: it was closed before; nothing has changed.\n'])
})
