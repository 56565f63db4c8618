import { describe, expect, test } from 'vitest'
import { readProblems } from './type-checks.js'

function report(...problems: readonly object[]): string {
  return JSON.stringify({ analysis: {}, problems: { some: problems } })
}

describe('what attw reports', () => {
  test('is no problem where nothing is wrong', () => {
    expect(readProblems(JSON.stringify({ analysis: {}, problems: {} }))).toEqual([])
  })

  test('is no problem for whoever cannot load ESM at all', () => {
    const meant = { kind: 'NoResolution', entrypoint: '.', resolutionKind: 'node10' }
    expect(readProblems(report(meant, { ...meant, resolutionKind: 'node16-cjs' }))).toEqual([])
  })

  test('is a problem for everybody else, each once', () => {
    const wrong = { kind: 'UntypedResolution', entrypoint: './core', resolutionKind: 'bundler' }
    expect(readProblems(report(wrong, wrong))).toEqual([expect.stringMatching(/types of \.\/core .*bundler .*Untyped/)])
    expect(readProblems(report({ kind: 'InternalResolutionError' }))).toEqual([
      expect.stringMatching(/a file are wrong/),
    ])
  })

  test('is a problem where it reports nothing', () => {
    expect(readProblems('')).toEqual([expect.stringMatching(/could not be checked/)])
  })
})
