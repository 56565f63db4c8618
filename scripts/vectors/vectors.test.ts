import { errorFromWire, LoopDetector, type LoopOptions, selectModel } from '@runguard/sdk/core'
import { describe, expect, test } from 'vitest'
import { type CostCase, priceCase } from './cost-vectors.js'
import { differingFiles, fileNames, readFile } from './files.js'

interface Vectors<Input> {
  readonly cases: readonly { readonly input: Input; readonly expect: unknown }[]
}

function casesOf<Input>(name: string): Vectors<Input>['cases'] {
  const { cases } = readFile(`vectors/${name}.json`) as Vectors<Input>
  expect(cases.length).toBeGreaterThan(10)
  return cases
}

test('the tables and vectors of the Python package are what the source gives', () => {
  expect(fileNames.length).toBeGreaterThan(5)
  expect(differingFiles(), 'run `node scripts/dist/vectors.js`').toEqual([])
})

describe('the library answers the shared vectors', () => {
  test('costs', () => {
    for (const { input, expect: wanted } of casesOf<CostCase>('cost')) expect(priceCase(input)).toEqual(wanted)
  })

  test('loops', () => {
    for (const { input, expect: wanted } of casesOf<LoopOptions & { signatures: string[] }>('loops')) {
      const { signatures, ...options } = input
      const detector = new LoopDetector(options)
      const matches = signatures.map((signature) => detector.record(signature))
      expect(matches.map((match) => match && { repeats: match.repeats, cycle: match.cycle })).toEqual(wanted)
    }
  })

  test('routes', () => {
    for (const { input, expect: wanted } of casesOf<{ task: string; length: number; options: object }>('routes')) {
      const { task, length, options } = input
      if (wanted === null) expect(() => selectModel(task, length, options)).toThrow(RangeError)
      else expect(selectModel(task, length, options)).toBe(wanted)
    }
  })

  test('refusals', () => {
    type Answer = { status: number; headers: Record<string, string>; body: unknown }
    for (const { input, expect: wanted } of casesOf<Answer>('errors')) {
      expect(errorFromWire(input.status, input.headers, input.body)?.toJSON() ?? null).toEqual(wanted)
    }
  })
})
