import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningSimulator, startSimulator } from '@runguard/simulator'
import Database from 'libsql'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ask, makeHome, runCli, startCli, startGateway } from './cli.js'

let simulator: RunningSimulator
beforeEach(async () => {
  simulator = await startSimulator()
})
afterEach(async () => {
  await simulator.close()
})

const SECRET = /^rgk_[a-z2-7]{50}$/

async function json(home: string, args: readonly string[]) {
  const { code, stdout, stderr } = await runCli(home, [...args, '--json'])
  expect([code, stderr.includes('    at ')]).toEqual([0, false])
  return JSON.parse(stdout)
}

async function addKey(home: string, ...flags: string[]): Promise<{ id: string; secret: string }> {
  const { key, secret } = await json(home, ['key', 'add', 'ci', ...flags])
  return { id: key.id, secret }
}

function callWith(url: string, key: string): Promise<Response> {
  const body = JSON.stringify({
    model: 'claude-sonnet-5-5',
    max_tokens: 50,
    messages: [{ role: 'user', content: 'hi' }],
  })
  const headers = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': key }
  return fetch(`${url}/v1/messages`, { method: 'POST', headers, body })
}

test('a key is printed once, listed without its secret, and every call with it is on its account and budget', async () => {
  const home = makeHome()
  const config = join(home, 'runguard.yaml')
  writeFileSync(config, `access:\n  requireKeys: true\n  upstreamKey: '\${UPSTREAM}'\n`)
  const added = await runCli(home, ['key', 'add', 'ci', '--team', 'web', '--user', 'ann', '--budget', '$0.01/day'], {
    UPSTREAM: 'sk-ant-test',
  })
  const secret = added.stdout.trim()
  expect([added.code, secret]).toEqual([0, expect.stringMatching(SECRET)])
  expect(added.stderr).toMatch(/only time that the key is shown/)
  const id = secret.slice(0, 14)
  const gateway = startCli(home, ['--port', '0', '--upstream', simulator.url], { UPSTREAM: 'sk-ant-test' })
  const [, url = ''] = await gateway.outputOf('stderr', /ANTHROPIC_BASE_URL=(\S+)/)
  expect((await ask(url, 'hi')).status).toBe(401)
  expect((await callWith(url, secret)).status).toBe(200)
  expect((await ask(url, 'hi', { max_tokens: 64_000 })).status).toBe(401)
  const call = JSON.parse(
    (await gateway.outputOf('stdout', /./)) &&
      (await runCli(home, ['explain', 'last', '--json'], { UPSTREAM: 'x' })).stdout,
  )
  expect(JSON.stringify(call)).toContain(id)
  expect(JSON.stringify(call)).not.toContain(secret)
  const { budgets, warnings } = JSON.parse((await runCli(home, ['budget', 'ls', '--json'], { UPSTREAM: 'x' })).stdout)
  expect(budgets[0]).toMatchObject({ id: `key:${id}/day` })
  expect(warnings).toEqual([])
  const listed = await runCli(home, ['key', 'ls'], { UPSTREAM: 'x' })
  expect(listed.stdout).toMatch(new RegExp(`^${id} +ci +team:web user:ann +active`, 'm'))
  expect(listed.stdout).not.toContain(secret.slice(14))
  await runCli(home, ['key', 'revoke', secret], { UPSTREAM: 'x' })
  await expect.poll(async () => (await callWith(url, secret)).status, { timeout: 5_000, interval: 200 }).toBe(401)
})

test('a key is rotated with a time of grace or without, and says what cannot be done', async () => {
  const home = makeHome()
  const { id, secret } = await addKey(home, '--expires', '90d')
  const rotated = await runCli(home, ['key', 'rotate', id])
  expect(rotated.stdout.trim()).toMatch(SECRET)
  expect(rotated.stdout).toContain(id)
  expect(rotated.stdout).not.toContain(secret)
  expect(rotated.stderr).toMatch(/accepted for 24h more/)
  expect(await json(home, ['key', 'rotate', id, '--grace', '0'])).toMatchObject({ kind: 'key-rotated', key: { id } })
  expect(await json(home, ['key', 'revoke', id])).toMatchObject({ key: { status: 'revoked' } })
  const listed = await runCli(home, ['key', 'ls', '--limit', '1', '--json'])
  expect(JSON.parse(listed.stdout)).toEqual({ keys: [] })
  expect(listed.stderr).toBe('Older keys than the newest 1 were not looked at. See them with a higher --limit.\n')
  expect((await json(home, ['key', 'ls', '--all'])).keys).toMatchObject([{ id, status: 'revoked' }])
  for (const [args, code, words] of [
    [['key', 'rotate', id], 1, /revoked or has expired/],
    [['key', 'revoke', 'rgk_nobody'], 1, /no key/],
    [['key', 'add', 'x\u0007'], 4, /one line/],
    [['key', 'add', 'x', '--expires', 'soon'], 4, /--expires is a time/],
    [['key', 'add', 'x', '--budget', '5 apples/day'], 4, /limit/],
    [['key', 'rotate', id, '--grace', '400d'], 4, /30 days/],
  ] as const) {
    const failed = await runCli(home, args)
    expect([failed.code, failed.stderr]).toEqual([code, expect.stringMatching(words)])
  }
})

test('people are added with a token, changed and removed', async () => {
  const home = makeHome()
  const added = await runCli(home, ['user', 'add', 'ann', '--role', 'operator', '--email', 'Ann@Example.com'])
  expect([added.code, added.stdout.trim()]).toEqual([0, expect.stringMatching(/^rgu_[a-z2-7]{50}$/)])
  await json(home, ['user', 'add', 'bob', '--no-token'])
  expect(await json(home, ['user', 'set', 'bob', '--role', 'admin', '--disable'])).toMatchObject({ token: null })
  const { users } = await json(home, ['user', 'ls'])
  expect(users).toMatchObject([
    { id: 'ann', email: 'ann@example.com', role: 'operator', hasToken: true },
    { id: 'bob', role: 'admin', isDisabled: true, hasToken: false },
  ])
  expect((await runCli(home, ['user', 'ls'])).stdout).toMatch(/^bob +bob +admin \(disabled\) +never$/m)
  expect(await json(home, ['user', 'rm', 'bob'])).toEqual({ kind: 'user-removed', id: 'bob' })
  for (const [args, code, words] of [
    [['user', 'add', 'ann'], 1, /already/],
    [['user', 'add', 'eve', '--email', 'ann@example.com'], 1, /that of the user ann/],
    [['user', 'add', 'eve', '--role', 'adminn'], 4, /Did you mean admin\?/],
    [['user', 'set', 'ann'], 2, /Say what to change/],
    [['user', 'rm', 'bob'], 1, /no user/],
  ] as const) {
    const failed = await runCli(home, args)
    expect([failed.code, failed.stderr]).toEqual([code, expect.stringMatching(words)])
  }
})

test('everything that was changed stands in the audit log, without a secret, and nobody edits that unnoticed', async () => {
  const home = makeHome()
  const { id, secret } = await addKey(home, '--budget', '5/day')
  const { token } = await json(home, ['user', 'add', 'ann'])
  await json(home, ['user', 'set', 'ann', '--role', 'admin'])
  await json(home, ['key', 'revoke', id])
  await json(home, ['budget', 'rm', `key:${id}/day`])
  const admin = await json(home, ['user', 'admin-token'])
  const { stdout } = await runCli(home, ['audit', 'tail', '--json'])
  const entries = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(entries.map(({ sequence, action, subject }) => [sequence, action, subject])).toEqual([
    [1, 'keys.create', id],
    [2, 'budgets.write', `key:${id}/day`],
    [3, 'users.write', 'ann'],
    [4, 'users.write', 'ann'],
    [5, 'keys.revoke', id],
    [6, 'budgets.remove', `key:${id}/day`],
    [7, 'users.admin-token', ''],
  ])
  expect(entries[3]).toMatchObject({ before: { role: 'viewer' }, after: { role: 'admin' }, actor: { kind: 'cli' } })
  const exported = await runCli(home, ['audit', 'export'])
  for (const planted of [secret, token, admin.token]) {
    expect(stdout + exported.stdout).not.toContain(String(planted).slice(14))
  }
  const { head } = JSON.parse(exported.stdout.trim().split('\n').at(-1) ?? '')
  expect(await json(home, ['audit', 'verify', '--head', head])).toMatchObject({ isSound: true, entries: 8, head })
  const table = await runCli(home, ['audit', 'tail', '-n', '1', '--subject', 'ann'])
  expect(table.stdout).toMatch(/^4 +\S+ \S+ \S+ +cli .* +users\.write +ann$/m)
  const raw = new Database(join(home, '.runguard', 'runguard.db'))
  raw.exec("UPDATE audit_entries SET subject = 'bob' WHERE sequence = 4")
  raw.close()
  const broken = await runCli(home, ['audit', 'verify'])
  expect([broken.code, broken.stdout]).toEqual([1, 'entry 4 was changed after it was written\n'])
})

test('a gateway listens for others only with rules of who may use it, and prints its admin token once', async () => {
  const home = makeHome()
  const refused = await runCli(home, ['start', '--port', '0', '--host', '0.0.0.0'])
  expect([refused.code, refused.stderr]).toEqual([4, expect.stringMatching(/everybody there could send calls/)])
  writeFileSync(join(home, 'runguard.yaml'), 'access:\n  requireKeys: true\n')
  const first = startCli(home, ['start', '--port', '0', '--host', '0.0.0.0', '--upstream', simulator.url])
  const [, token = ''] = await first.outputOf('stderr', /shown only now: {2}(rga_[a-z2-7]{50})/)
  await first.outputOf('stderr', /ANTHROPIC_BASE_URL/)
  first.child.kill('SIGTERM')
  await first.finished
  const second = startCli(home, ['start', '--port', '0', '--host', '0.0.0.0', '--upstream', simulator.url])
  const [, greeting = ''] = await second.outputOf('stderr', /^([\s\S]*ANTHROPIC_BASE_URL)/)
  expect(greeting).not.toContain('rga_')
  const noted = await json(home, ['audit', 'tail', '--action', 'users.admin-token'])
  expect(noted).toMatchObject({ action: 'users.admin-token', actor: { kind: 'cli' } })
  expect(token).not.toBe('')
})

test('a budget for a key or team that nobody has is said to count nothing, until somebody has it', async () => {
  const home = makeHome()
  const { stderr } = await runCli(home, ['budget', 'add', '5', '--per', 'day', '--scope', 'team:web'])
  expect(stderr).toMatch(/warning: The budget team:web\/day counts nothing: there is no gateway key of the team web/)
  const gateway = await startGateway(home, simulator.url)
  await gateway.outputOf('stderr', /warning: The budget team:web\/day counts nothing/)
  await addKey(home, '--team', 'web')
  expect((await runCli(home, ['budget', 'set', 'team:web/day', '--limit', '6'])).stderr).not.toContain('warning')
})
