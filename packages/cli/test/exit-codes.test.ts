/** One row for each exit code of the table, and the ways to it that scripts rely on. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exitCodes } from '../src/exit.js'
import { makeHome, runCli } from './cli.js'

/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:1'

const rows: readonly (readonly [keyof typeof exitCodes, readonly string[], string])[] = [
  ['ok', ['status', '--gateway', NOWHERE], ''],
  ['ok', ['report'], 'No calls in'],
  ['ok', ['--help'], ''],
  ['ok', ['budget', 'ls', '--check'], ''],
  ['failure', ['explain', 'rg_none'], ''],
  ['failure', ['replay', '--policy', 'good.yaml'], 'No calls in'],
  ['failure', ['run', '--', 'no-such-program'], 'Cannot run'],
  ['failure', ['init'], 'There is a runguard.yaml already'],
  ['usage', ['reprot'], 'Did you mean report?'],
  ['usage', ['report', '--dayly'], 'unknown option'],
  ['usage', ['report', 'dayly'], 'There is no report "dayly"'],
  ['usage', ['explain'], 'missing required argument'],
  ['budget', ['budget', 'ls', '--check', '--config', 'spent.yaml'], ''],
  ['config', ['start', '--port', '70000'], 'A port is'],
  ['config', ['report', '--since', 'yesterday'], 'is no point in time'],
  ['config', ['replay', '--since', '1h', '--until', '2h'], 'there is nothing between them'],
  ['config', ['export', '--since', '2026-11-02', '--until', '2026-10-01'], 'there is nothing between them'],
  ['config', ['status', '--config', 'bad.yaml'], 'bad.yaml:1:1'],
  ['config', ['start', '--config', 'none.yaml'], 'Cannot read the configuration none.yaml'],
  ['unreachable', ['batch', 'ls', '--base-url', NOWHERE], ''],
  ['unreachable', ['reconcile', '--base-url', NOWHERE], `Cannot reach ${NOWHERE}`],
]

test('every code of the table has a row', () => {
  expect(new Set(rows.map(([name]) => name))).toEqual(new Set(Object.keys(exitCodes)))
})

test.each(rows)('%s: runguard %j', async (name, args, words) => {
  const home = makeHome()
  writeFileSync(join(home, 'runguard.yaml'), 'mode: observe\n')
  writeFileSync(join(home, 'good.yaml'), 'mode: enforce\n')
  writeFileSync(join(home, 'bad.yaml'), 'mood: enforce\n')
  writeFileSync(join(home, 'spent.yaml'), 'budgets:\n  - { scope: everything, window: day, limit: 0 }\n')
  const keys = { ANTHROPIC_ADMIN_KEY: 'sk-ant-admin-test', ANTHROPIC_API_KEY: 'sk-ant-test' }
  const { code, stderr } = await runCli(home, args, keys)
  expect({ code, stderr }).toEqual({ code: exitCodes[name], stderr: expect.stringContaining(words) })
  expect(stderr).not.toContain('    at ')
})
