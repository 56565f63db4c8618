/** The examples that need the official client alone, each run as its user would run it, against the simulator. */

import { startSimulator } from '@runguard/simulator'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { compileExamples, missingIn, runExample, scriptOf, smallExamples } from './examples.js'

let complaints: readonly string[]

beforeAll(async () => {
  complaints = await compileExamples(smallExamples.map(({ name }) => name))
}, 60_000)

test('they compile', () => {
  expect(complaints).toEqual([])
})

test.each(smallExamples.map((example) => [example.name, example] as const))('%s runs', async (name, example) => {
  const simulator = await startSimulator({ script: scriptOf(example) })
  onTestFinished(() => simulator.close())
  const { code, stdout, stderr } = await runExample(name, simulator.url)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(missingIn(stdout, example.prints), stdout).toEqual([])
})
