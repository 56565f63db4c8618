import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const program = fileURLToPath(new URL('../dist/stress-batches.js', import.meta.url))
const run = (...args: string[]) => promisify(execFile)(process.execPath, [program, ...args], { env: {} })

/** What it says is wrong stands in what it prints: that is what a red test is to show. */
const runEvenIfWrong = (...args: string[]) =>
  run(...args).catch((error: { stdout?: string }) => {
    if (!error.stdout) throw error
    return { stdout: error.stdout }
  })

it('batches through a gateway are answered once, billed alike by all, and half the price', async () => {
  const { stdout } = await runEvenIfWrong('--items', '300', '--megabytes', '1', '--kills', '0', '--json')
  const { sets } = JSON.parse(stdout) as { sets: { answered: number; faults: string[]; api: { nano: string } }[] }
  expect(sets).toMatchObject([
    { answered: 300, faults: [] },
    { answered: 4, faults: [] },
  ])
  expect(Number(sets[0]?.api.nano)).toBeGreaterThan(0)
}, 60_000)

it('calls that may wait are answered once and billed once, however often the gateway is killed', async () => {
  const { stdout } = await runEvenIfWrong('--items', '0', '--megabytes', '0', '--kills', '4', '--json')
  const { deferred } = JSON.parse(stdout) as { deferred: { kills: number; calls: number; faults: string[] } }
  expect(deferred).toMatchObject({ kills: 4, faults: [] })
  expect(deferred.calls).toBeGreaterThan(20)
}, 120_000)

it('say what is wrong with an option', async () => {
  await expect(run('--items', 'many')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--items is a whole number\nUsage: npm run stress:batches/),
  })
})
