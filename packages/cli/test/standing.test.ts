import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningSimulator, startSimulator } from '@runguard/simulator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ask, makeHome, program, runCli, startGateway } from './cli.js'

let simulator: RunningSimulator

beforeEach(async () => {
  simulator = await startSimulator()
})

afterEach(async () => {
  await simulator.close()
})

function statusline(home: string, input: string): string {
  const env = { PATH: process.env.PATH ?? '', HOME: home }
  const { stdout, status } = spawnSync(process.execPath, [program, 'statusline'], {
    cwd: home,
    env,
    input,
    encoding: 'utf8',
  })
  expect(status).toBe(0)
  return stdout
}

test('status shows what is spent, the budget that decides and the gateway', async () => {
  const home = makeHome()
  await runCli(home, ['budget', 'add', '$20', '--per', 'month'])
  const gateway = await startGateway(home, simulator.url)
  await (await ask(gateway.url, '[[sim:text 100]]')).text()
  await gateway.outputOf('stdout', /100 out/)
  const { code, stdout } = await runCli(home, ['status', '--gateway', gateway.url])
  expect(code).toBe(0)
  expect(stdout).toMatch(
    /^today +\$0\.0020 in 1 call\n7 days +\$0\.0020 in 1 call\nbudget +\$20\.00 of \$20\.00 left \(month, everything\)\n/,
  )
  expect(stdout).toContain(`gateway   ${gateway.url}, 0.`)
  const json = JSON.parse((await runCli(home, ['status', '--json', '--gateway', gateway.url])).stdout)
  expect(json).toMatchObject({ today: { calls: 1, costUsd: '0.00204' }, gateway: { url: gateway.url } })
})

test('a gateway that hangs is not taken for one that runs, nor for none', async () => {
  const home = makeHome()
  const gateway = await startGateway(home, simulator.url)
  const flags = ['--gateway', gateway.url]
  gateway.child.kill('SIGSTOP')
  expect((await runCli(home, ['status', ...flags])).stdout).toContain(`gateway   ${gateway.url} does not answer`)
  expect(JSON.parse((await runCli(home, ['status', '--json', ...flags])).stdout).gateway).toEqual({
    url: gateway.url,
    version: null,
    isSilent: true,
  })
  const doctor = await runCli(home, ['doctor', ...flags])
  expect([doctor.code, doctor.stdout]).toEqual([1, expect.stringMatching(/^FAIL {2}gateway {3}\S+ does not answer/m)])
  gateway.child.kill('SIGCONT')
  expect((await runCli(home, ['status', ...flags])).stdout).toContain(`gateway   ${gateway.url}, 0.`)
})

test('with nothing set up, status and doctor say how to begin', async () => {
  const home = makeHome()
  const status = await runCli(home, ['status', '--gateway', simulator.url])
  expect(status.stdout).toContain("none that refuses:  runguard budget add '$20' --per month")
  const doctor = await runCli(home, ['doctor', '--gateway', simulator.url])
  expect(doctor.code).toBe(0)
  expect(doctor.stdout).toMatch(/^look {2}gateway {3}none at /m)
  expect(doctor.stdout).toContain('runguard init')
  expect(doctor.stdout).toContain(`export ANTHROPIC_BASE_URL=${simulator.url}`)
})

test('the status line has the exact cost of a guarded session, and what Claude Code says of any other', async () => {
  const home = makeHome()
  await runCli(home, ['budget', 'add', '$20', '--per', 'month'])
  const gateway = await startGateway(home, simulator.url)
  const body = { model: 'claude-opus-5-5', max_tokens: 500, messages: [{ role: 'user', content: '[[sim:text 100]]' }] }
  const headers = {
    'content-type': 'application/json',
    'anthropic-version': '2023-06-01',
    'x-api-key': 'sk-ant-test',
    'x-claude-code-session-id': 's1',
  }
  await (await fetch(`${gateway.url}/v1/messages`, { method: 'POST', headers, body: JSON.stringify(body) })).text()
  await gateway.outputOf('stdout', /100 out/)
  const about = (session: string) =>
    JSON.stringify({ session_id: session, model: { display_name: 'Opus 5.5' }, cost: { total_cost_usd: 0.5 } })
  expect(statusline(home, about('s1'))).toMatch(
    /^Opus 5\.5 {2}· {2}\$0\.0020 session {2}· {2}0% cached {2}· {2}\$20\.00 of \$20\.00 left/,
  )
  expect(statusline(home, about('s2'))).toMatch(/^Opus 5\.5 {2}· {2}\$0\.50 session, est\., not guarded {2}· {2}\$20/)
})

test('the status line of a session shows its own budget and how much was read from the cache, not what others used up', async () => {
  const home = makeHome()
  await runCli(home, ['budget', 'add', '$2', '--scope', 'session:*'])
  const gateway = await startGateway(home, simulator.url)
  for (const [session, tokens] of [
    ['mine', 100],
    ['other', 4_000],
  ] as const) {
    const body = {
      model: 'claude-opus-5-5',
      max_tokens: 5_000,
      messages: [{ role: 'user', content: `[[sim:text ${tokens}]]` }],
    }
    const headers = { 'content-type': 'application/json', 'x-api-key': 'sk-ant-test', 'x-runguard-session': session }
    const request = {
      method: 'POST',
      headers: { ...headers, 'anthropic-version': '2023-06-01' },
      body: JSON.stringify(body),
    }
    await (await fetch(`${gateway.url}/v1/messages`, request)).text()
  }
  await gateway.outputOf('stdout', /4\.0k out/)
  expect(statusline(home, JSON.stringify({ session_id: 'mine' }))).toBe(
    '$0.0020 session  ·  0% cached  ·  $2.00 of $2.00 left (session, session:mine)\n',
  )
  expect(statusline(home, JSON.stringify({ session_id: 'other' }))).toMatch(/\$1\.92 of .*session:other\)$/m)
})

test.each(['', 'no JSON', 'null', '{"session_id":7,"cost":{"total_cost_usd":-1}}'])(
  'the status line survives %j',
  (input) => {
    expect(statusline(makeHome(), input)).toBe('\n')
  },
)

test('doctor knows its gateway by another name, and says of a key only whether it is there', async () => {
  const home = makeHome()
  const settings = { env: { ANTHROPIC_BASE_URL: 'http://localhost:4999/p/web' } }
  mkdirSync(join(home, 'elsewhere'))
  writeFileSync(join(home, 'elsewhere', 'settings.json'), JSON.stringify(settings))
  const shell = { ANTHROPIC_BASE_URL: 'http://127.0.0.1:4999', CLAUDE_CONFIG_DIR: join(home, 'elsewhere') }
  const args = ['doctor', '--gateway', 'http://127.0.0.1:4999/']
  const without = await runCli(home, args, shell)
  expect(without.stdout.match(/^.*base URL.*$/gm)).toEqual([
    expect.stringMatching(/^ok .*in the shell$/),
    expect.stringMatching(/^ok .*in Claude Code's settings.json$/),
  ])
  expect(without.stdout).toMatch(/^look {2}key /m)
  const withKey = await runCli(home, args, { ...shell, ANTHROPIC_API_KEY: 'sk-ant-test-PLANTED' })
  expect(withKey.stdout).toMatch(/^ok {4}key {7}ANTHROPIC_API_KEY is set/m)
  expect(withKey.stdout).not.toContain('PLANTED')
})

test('doctor finds what is broken, says how to mend it, and fails', async () => {
  const home = makeHome()
  writeFileSync(join(home, 'runguard.yaml'), 'mode: obzerve\n')
  writeFileSync(join(home, 'file'), '')
  mkdirSync(join(home, '.claude'))
  const settings = { env: { ANTHROPIC_BASE_URL: 'https://proxy.example' } }
  writeFileSync(join(home, '.claude', 'settings.json'), JSON.stringify(settings))
  const { code, stdout } = await runCli(home, [
    'doctor',
    '--data',
    join(home, 'file'),
    '--json',
    '--gateway',
    simulator.url,
  ])
  expect(code).toBe(1)
  const findings: { name: string; state: string; text: string; mend: string }[] = JSON.parse(stdout).findings
  const stateOf = (name: string) => findings.find((finding) => finding.name === name)?.state
  expect(stateOf('config')).toBe('failure')
  expect(stateOf('store')).toBe('failure')
  expect(findings.find(({ name }) => name === 'base URL')?.text).toContain(
    "https://proxy.example in Claude Code's settings.json",
  )
  expect(findings.filter(({ state, mend }) => state !== 'ok' && mend === '')).toEqual([])
})

test('doctor reads what is kept, and finds a damaged file', async () => {
  const home = makeHome()
  await runCli(home, ['budget', 'add', '$20', '--per', 'month'])
  const file = join(home, '.runguard', 'runguard.db')
  const bytes = readFileSync(file)
  // All pages but the first, which has the list of tables.
  bytes.fill(0xff, 4_096)
  writeFileSync(file, bytes)
  const { code, stdout } = await runCli(home, ['doctor', '--gateway', simulator.url])
  expect(code).toBe(1)
  expect(stdout).toMatch(/^FAIL {2}store .*is damaged/m)
})

test('an empty HOME makes no store in the working directory', async () => {
  const { stdout } = await runCli(makeHome(), ['status', '--gateway', simulator.url], { HOME: '' })
  expect(stdout).toMatch(/^store +\//m)
})

test('init writes a configuration that the gateway takes, once', async () => {
  const home = makeHome()
  expect((await runCli(home, ['init'])).code).toBe(0)
  const written = readFileSync(join(home, 'runguard.yaml'), 'utf8')
  const { stdout } = await runCli(home, ['budget', 'ls', '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ budgets: [{ limitUsd: '100' }, { limitUsd: '10' }], problems: [] })
  const again = await runCli(home, ['init'])
  expect(again.code).toBe(1)
  expect(again.stderr).toContain('left as it is')
  expect(readFileSync(join(home, 'runguard.yaml'), 'utf8')).toBe(written)
})
