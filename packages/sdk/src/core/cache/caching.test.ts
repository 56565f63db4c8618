import { describe, expect, it } from 'vitest'
import { readConfig } from '../config/config.js'
import { bindsThinking } from './cache-model.js'
import { cacheModeOf, defaultCaching, presenceOf } from './caching.js'

describe('the mode of a call', () => {
  it.each([
    ['a request without markers', defaultCaching, {}, 0, 'fill'],
    ['one with markers', defaultCaching, {}, 1, 'explain'],
    ['what is configured', { mode: 'off', ttl: null } as const, {}, 0, 'off'],
    ['a header before that', { mode: 'off', ttl: null } as const, { 'x-runguard-cache': ' Fill ' }, 3, 'fill'],
    ['a header that is no word', defaultCaching, { 'x-runguard-cache': '__proto__' }, 0, 'fill'],
  ] as const)('goes by %s', (_, policy, headers, markers, mode) => {
    expect(cacheModeOf(policy, headers, markers)).toBe(mode)
  })

  it('and its presence are known by their words alone', () => {
    const words = ['waiting', 'done', 'closed', 'constructor', ''].map((word) =>
      presenceOf({ 'x-runguard-presence': word }),
    )
    expect(words).toEqual(['busy', 'idle', 'closed', null, null])
  })
})

describe('the configuration', () => {
  it.each([
    [
      { mode: 'explain', ttl: '1h' },
      { mode: 'explain', ttl: '1h' },
    ],
    [{}, { mode: null, ttl: null }],
  ])('takes %o', (caching, expected) => {
    expect(readConfig({ caching })).toMatchObject({ kind: 'config', config: { caching: expected } })
  })

  it('says what is wrong with another one', () => {
    const reading = readConfig({ caching: { mode: 'full', tll: '5m', ttl: '10m' } })
    const problems = reading.kind === 'problems' ? reading.problems : []
    expect(problems.map(({ path, message }) => `${path}: ${message}`).sort()).toEqual([
      expect.stringMatching(/^caching.mode: .*fill/),
      expect.stringMatching(/^caching.ttl: .*5m/),
      expect.stringMatching(/^caching: unknown key "tll", did you mean "ttl"\?/),
    ])
  })
})

describe('thinking', () => {
  it.each([
    ['claude-fable-5-2', true],
    ['claude-mythos-5-1', true],
    ['claude-opus-5-5', true],
    ['claude-haiku-6', true],
    ['claude-fable-5', false],
    ['claude-opus-5', false],
    ['claude-sonnet-4-5-20250929', false],
    ['claude-3-7-sonnet-20250219', false],
    ['one-that-nobody-knows', true],
  ])('of %s is bound to its prompt: %s', (model, isBound) => {
    expect(bindsThinking(model)).toBe(isBound)
  })
})
