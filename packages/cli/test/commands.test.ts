import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nobody } from '@runguard/sdk/core'
import { sqliteStore } from '@runguard/sdk/store'
import Database from 'libsql'
import { expect, onTestFinished, test } from 'vitest'
import { makeHome, program, runCli, startCli } from './cli.js'
import { billedRecord, record } from './records.js'

/** A home with calls on two days, in two sessions and a project. */
async function homeWithCalls(): Promise<string> {
  const home = makeHome()
  mkdirSync(join(home, '.runguard'))
  const store = sqliteStore(new Database(join(home, '.runguard', 'runguard.db')))
  const late = Date.UTC(2026, 10, 25, 23, 30)
  const ending = { kind: 'at-least', reason: 'caller-aborted' } as const
  await store.addRecords([
    billedRecord({ input: 500, output: 100 }, { id: 'rg_a', upstreamId: 'req_a', startedAt: late }),
    billedRecord(
      { model: 'claude-haiku-5-5', input: 1_000, read: 9_000 },
      { id: 'rg_b', upstreamId: 'req_b', ending, scope: { ...nobody, project: 'web', session: '=HYPERLINK("x")' } },
    ),
    record({
      id: 'rg_c',
      upstreamId: null,
      ending: { kind: 'unmetered', reason: 'unmetered-endpoint' },
      startedAt: late,
    }),
  ])
  await store.close()
  return home
}

test('the report adds up by day, in the time zone of the machine', async () => {
  const home = await homeWithCalls()
  const days = async (zone: string, ...flags: string[]): Promise<string[]> => {
    const { stdout } = await runCli(home, ['report', '--json', ...flags], { TZ: zone })
    return JSON.parse(stdout).rows.map(({ group, calls }: { group: string; calls: number }) => `${group} ${calls}`)
  }
  expect(await days('UTC')).toEqual(['2026-11-25 2', '2026-11-26 1'])
  expect(await days('Europe/Berlin')).toEqual(['2026-11-26 3'])
  expect(await days('Europe/Berlin', '--utc')).toEqual(['2026-11-25 2', '2026-11-26 1'])
  expect(await days('UTC', '--since', '2026-11-26')).toEqual(['2026-11-26 1'])
  expect(await days('UTC', '--until', '2026-11-25')).toEqual(['2026-11-25 2'])
})

test('weeks begin on Monday', async () => {
  const { stdout } = await runCli(await homeWithCalls(), ['report', 'weekly', '--json'], { TZ: 'UTC' })
  expect(JSON.parse(stdout).rows).toMatchObject([{ group: '2026-11-23', calls: 3 }])
})

test('a table for people: total, estimates marked, no colours in a pipe', async () => {
  const { code, stdout, stderr } = await runCli(await homeWithCalls(), ['report', 'model'])
  expect(code).toBe(0)
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^claude-haiku-5-5 +1 +1,000 +0 +0 +9,000 +0 +\$0\.00019 +est\. \(1\)$/m)
  expect(stdout).toMatch(/^total +3 +1,500 /m)
  expect(stdout).toContain('1 call went to endpoints that are passed on unmetered')
  expect(stdout).not.toContain('\u001b')
})

test('a session named like a formula is text in the CSV', async () => {
  const { stdout } = await runCli(await homeWithCalls(), ['report', 'session', '--csv'])
  expect(stdout).toMatch(/^"'=HYPERLINK\(""x""\)",1,1,0,1000,0,0,9000,0,0\.00019\r$/m)
})

test('a call is found by either id and by last, and its arithmetic adds up', async () => {
  const home = await homeWithCalls()
  for (const id of ['rg_a', 'req_a']) {
    const { stdout } = await runCli(home, ['explain', id])
    expect(stdout).toMatch(/^input +500 +4\.00 \/ M +0\.002 +base$/m)
    expect(stdout).toMatch(/^sum +0\.004$/m)
  }
  expect(JSON.parse((await runCli(home, ['explain', 'last', '--json'])).stdout).id).toBe('rg_b')
})

test.each([["rg_nobody' OR 1=1"], ['']])('an unknown id (%j) is said to be unknown', async (id) => {
  const { code, stdout, stderr } = await runCli(await homeWithCalls(), ['explain', id])
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain(`No call ${JSON.stringify(id)}`)
})

test('without any calls every command says what to do next, and leaves no file behind', async () => {
  const home = makeHome()
  const report = await runCli(home, ['report'])
  expect([report.code, report.stdout]).toEqual([0, ''])
  expect(report.stderr).toContain('Start the gateway with:  runguard')
  expect((await runCli(home, ['explain', 'last'])).code).toBe(1)
  expect((await runCli(home, ['prices', 'check'])).stdout).toContain('The price list')
  expect(JSON.parse((await runCli(home, ['report', '--json'])).stdout)).toMatchObject({ rows: [], total: { calls: 0 } })
  expect(readdirSync(home)).toEqual([])
})

test('RUNGUARD_HOME and --data say where calls are kept, the flag first', async () => {
  const data = join(await homeWithCalls(), '.runguard')
  const home = makeHome()
  const calls = async (args: string[], environment?: Record<string, string>): Promise<number> =>
    JSON.parse((await runCli(home, ['report', '--json', ...args], environment)).stdout).total.calls
  expect(await calls([], { RUNGUARD_HOME: data })).toBe(3)
  expect(await calls(['--data', data], { RUNGUARD_HOME: home })).toBe(3)
})

test.each([['report'], ['explain', 'last'], ['start', '--port', '0'], ['prices', 'check']])(
  'a file that is no database stops %s %s and is left as it was',
  async (...args) => {
    const home = makeHome()
    const path = join(home, '.runguard', 'runguard.db')
    mkdirSync(join(home, '.runguard'))
    writeFileSync(path, 'these are my notes, not a database'.repeat(200))
    const { code, stderr } = await runCli(home, args)
    expect(code).toBe(1)
    expect(stderr).toContain(`${path} is not a database`)
    expect(readFileSync(path, 'utf8')).toMatch(/^these are my notes/)
  },
)

test('a database whose pages are damaged is reported as damaged', async () => {
  const home = await homeWithCalls()
  const path = join(home, '.runguard', 'runguard.db')
  const database = new Database(path)
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
  const bytes = readFileSync(path)
  writeFileSync(path, Buffer.concat([bytes.subarray(0, 4_096), Buffer.alloc(bytes.length - 4_096, 0xaa)]))
  const { code, stderr } = await runCli(home, ['report'])
  expect(code).toBe(1)
  expect(stderr).toContain('is damaged')
})

test('a database of a newer RunGuard is not touched', async () => {
  const home = await homeWithCalls()
  const database = new Database(join(home, '.runguard', 'runguard.db'))
  database.exec('UPDATE runguard_schema SET version = 999')
  database.close()
  const { code, stderr } = await runCli(home, ['report'])
  expect(code).toBe(1)
  expect(stderr).toContain('schema version 999')
})

test('a directory in the place of the file is named', async () => {
  const home = makeHome()
  mkdirSync(join(home, '.runguard', 'runguard.db'), { recursive: true })
  for (const args of [['report'], ['start', '--port', '0']]) {
    const { code, stderr } = await runCli(home, args)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^runguard: Cannot (?:use|write to) .*runguard\.db: /)
  }
})

test('a data directory that cannot be made is named, with a way out', async () => {
  const home = makeHome()
  writeFileSync(join(home, 'taken'), '')
  const { code, stderr } = await runCli(home, ['start', '--port', '0', '--data', join(home, 'taken', 'data')])
  expect(code).toBe(1)
  expect(stderr).toMatch(/^runguard: Cannot write to .*taken.*\n.*--data or RUNGUARD_HOME/)
})

test.each([
  { args: ['strat'], code: 2, says: 'Did you mean start?' },
  { args: ['--prot', '1'], code: 2, says: 'Did you mean --port?' },
  { args: ['report', 'hourly'], code: 2, says: 'daily, weekly, session, model, project' },
  { args: ['report', 'daily', 'extra'], code: 2, says: 'too many arguments' },
  { args: ['explain'], code: 2, says: "missing required argument 'id'" },
  { args: ['report', '--json', '--csv'], code: 2, says: 'cannot be used with' },
  { args: ['--port', '70000'], code: 4, says: 'whole number from 0' },
  { args: ['--upstream', 'api.anthropic.com'], code: 4, says: 'Write the whole URL' },
  { args: ['--upstream', 'https://user:secret@host'], code: 4, says: 'no query, fragment, user name or password' },
  { args: ['--port', '4141', '--upstream', 'http://localhost:4141'], code: 4, says: 'this gateway itself' },
  { args: ['--host', '0.0.0.0'], code: 4, says: 'everybody there could send calls through it' },
  { args: ['--unknown-model', 'free'], code: 4, says: 'Allowed choices are dearest, flag, refuse' },
  { args: ['report', '--since', '2026-02-30'], code: 4, says: 'no point in time' },
  { args: ['report', '--since', '1d', '--until', '7d'], code: 4, says: 'nothing between them' },
  { args: ['prices', 'show', '--at', 'tomorrow'], code: 4, says: 'no point in time' },
  { args: ['prices', 'show', 'claude-opus-9'], code: 1, says: 'Listed opus models: claude-opus-5-5' },
])('runguard $args: exit code $code', async ({ args, code, says }) => {
  const finished = await runCli(makeHome(), args)
  expect(finished.code).toBe(code)
  expect(finished.stdout).toBe('')
  expect(finished.stderr).toContain(says)
})

test('help opens with examples, and every command has help', async () => {
  expect((await runCli(makeHome(), ['--help'])).stdout).toMatch(/^Examples:\n( {2}runguard.*\n){3}/)
  for (const command of ['start', 'report', 'explain', 'prices', 'sim', 'demo']) {
    const { code, stdout } = await runCli(makeHome(), [command, '--help'])
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^Examples:\n {2}runguard/)])
    expect(stdout).toContain(`Usage: runguard ${command}`)
  }
})

test('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  expect((await runCli(makeHome(), ['--version'])).stdout).toBe(`${version}\n`)
})

test.each([['report', 'model'], ['prices', 'show'], ['explain', 'last', '--json'], ['--help']])(
  'a reader that leaves %s %s early is no error',
  async (...args) => {
    const command = startCli(await homeWithCalls(), args)
    command.child.stdout.destroy()
    const { code, stderr } = await command.finished
    expect([code, stderr]).toEqual([0, ''])
  },
)

test('a disk that is full is an error', (context) => {
  if (!existsSync('/dev/full')) context.skip('there is no /dev/full here')
  const full = openSync('/dev/full', 'w')
  onTestFinished(() => closeSync(full))
  const { status, stderr } = spawnSync(process.execPath, [program, 'prices', 'show'], {
    stdio: ['ignore', full, 'pipe'],
  })
  expect(status).toBe(1)
  expect(stderr.toString()).toMatch(/^runguard: cannot write the output: /)
})

test('a model without a listed price that was paid for fails the check of the prices', async () => {
  const home = makeHome()
  mkdirSync(join(home, '.runguard'))
  const store = sqliteStore(new Database(join(home, '.runguard', 'runguard.db')))
  await store.addRecords([billedRecord({ model: 'claude-opus-9', input: 10 }, { startedAt: Date.now() })])
  await store.close()
  const { code, stdout } = await runCli(home, ['prices', 'check', '--json'])
  expect(code).toBe(1)
  expect(JSON.parse(stdout).findings[0]).toEqual({ kind: 'attention', text: expect.stringContaining('claude-opus-9') })
})

test('prices are shown as of a day', async () => {
  const show = async (...args: string[]) =>
    JSON.parse((await runCli(makeHome(), ['prices', 'show', ...args, '--json'])).stdout).models
  expect(await show('claude-opus-4-6', '--at', '2026-03-12')).toMatchObject([
    {
      prices: [{ from: '2026-02-05', base: { input: '5.00' }, long: { abovePromptTokens: 200_000, output: '37.50' } }],
    },
  ])
  expect(await show('claude-opus-4-6')).toMatchObject([{ prices: [{ from: '2026-02-05' }, { long: null }] }])
  expect((await show('--at', '2024-03-01')).map(({ model }: { model: string }) => model)).toEqual([
    'claude-mythos-preview',
    'claude-3-opus-20240229',
    'claude-3-sonnet-20240229',
  ])
})
