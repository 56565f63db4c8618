import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testOnData } from './testing/shared-data.js'

const script = fileURLToPath(new URL('./dist/check-cost.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'check-cost-'))
afterAll(() => rmSync(folder, { recursive: true }))

const call = { model: 'claude-haiku-4-5', input_tokens: 10_000, output_tokens: 1_000, recorded_cost_usd: 0.015 }
const lineOf = (...calls: readonly object[]) => `${JSON.stringify({ id: 'a', source: 'here', calls })}\n`

function run(...options: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...options], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

beforeAll(() => {
  if (!existsSync(script)) throw new Error('build first: npx tsc -b scripts')
})

describe('the check of recorded costs', () => {
  test('passes on equal costs, plain or compressed', () => {
    const line = lineOf(call)
    for (const path of [write('plain.jsonl', line), write('packed.jsonl.gz', gzipSync(line))]) {
      expect(run('--data', path)).toMatchObject({ status: 0, stderr: '' })
    }
  })

  test('fails on a cost that differs', () => {
    const { status, stdout } = run(
      '--data',
      write('other.jsonl', lineOf({ ...call, recorded_cost_usd: 0.016 })),
      '--json',
    )
    expect(status).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ isEqual: false, sources: [{ source: 'here', differingCalls: 1 }] })
  })

  test.each([
    [
      'a line that is none',
      () => write('bad.jsonl', `${lineOf(call)}\n{"id":\n`),
      /bad\.jsonl: line 3: not a JSON object/,
    ],
    ['a file that is not there', () => join(folder, 'nowhere'), /nowhere: ENOENT/],
    ['a file without runs', () => write('empty.jsonl', '\n'), /no run/],
    ['a cut archive', () => write('cut.gz', gzipSync(lineOf(call)).subarray(0, 20)), /cut\.gz: /],
  ])('says what is wrong with %s', (_what, path, message) => {
    const { status, stderr } = run('--data', path())
    expect(status).toBe(2)
    expect(stderr).toMatch(message)
  })

  test('says which option it needs', () => {
    expect(run()).toMatchObject({ status: 2, stderr: expect.stringContaining('--data PATH') })
    expect(run('--date', 'x')).toMatchObject({ status: 2, stderr: expect.stringContaining('--date') })
  })

  testOnData(
    'data/usage/dev.jsonl.gz',
    'reproduces the recorded traffic to the last cent of each trajectory',
    (path) => {
      const { status, stdout } = run('--data', path, '--json')
      expect(status).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({
        isEqual: true,
        sources: [
          { source: 'claude-code-rows', calls: 921, pricedCalls: 921, pricedUsd: expect.closeTo(81.82, 2) },
          { source: 'entire-cli', calls: 15_506, pricedCalls: 15_506, pricedUsd: expect.closeTo(1_130.79, 2) },
          { source: 'pi-mono', comparedCalls: 452, recomputedUsd: expect.closeTo(30.330198, 6), differingCalls: 0 },
          { source: 'tau2-bench', comparedCalls: 558, recomputedUsd: expect.closeTo(17.582505, 6), differingRuns: 0 },
        ],
      })
    },
  )
})
