import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { callKey, looseCallKey } from './loop-keys.js'
import { resultKeys } from './loop-result.js'
import { toolClassOf } from './loop-tools.js'

describe('the key of a call', () => {
  test('does not depend on the order of fields, at any depth', () => {
    expect(callKey('t', { a: 1, b: { c: 2, d: [3] } })).toBe(callKey('t', { b: { d: [3], c: 2 }, a: 1 }))
  })

  test('tells tools, values, types and nesting apart', () => {
    const inputs = [{ a: 1 }, { a: '1' }, { a: [1] }, { a: { 1: null } }, { a: null }, {}, null, 'a', [], { a: true }]
    const keys = inputs.flatMap((input) => [callKey('t', input), callKey('u', input)])
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('leaves out what only describes the call, but never a time-out', () => {
    const call = callKey('Bash', { command: 'ls', timeout: 5 })
    expect(callKey('Bash', { command: 'ls', timeout: 5, description: 'look', task_progress: '3/4' })).toBe(call)
    expect(callKey('Bash', { command: 'ls', timeout: 6 })).not.toBe(call)
  })

  test('keeps a description that is the act itself', () => {
    expect(callKey('think', { thought: 'a' })).not.toBe(callKey('think', { thought: 'b' }))
    expect(callKey('comment', { issue: 7, description: 'a' })).not.toBe(
      callKey('comment', { issue: 7, description: 'b' }),
    )
  })

  test('takes hostile input in bounded time', () => {
    let deep: unknown = 1
    for (let depth = 0; depth < 100_000; depth++) deep = [deep]
    const prototype = JSON.parse('{"__proto__":{"a":1},"constructor":1}')
    const wide = Array.from({ length: 300_000 }, (_, index) => index)
    const keys = [deep, prototype, wide, { text: 'x'.repeat(5_000_000) }].map((input) => callKey('t', input))
    expect(new Set(keys).size).toBe(4)
    expect(callKey('t', prototype)).not.toBe(callKey('t', JSON.parse('{"__proto__":{"a":2},"constructor":1}')))
  })

  test('is the same for the same JSON, and differs for other JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (left, right) => {
        const copies = [left, right].map((value): unknown => JSON.parse(JSON.stringify(value)))
        expect(callKey('t', { x: copies[0] })).toBe(callKey('t', { x: left }))
        const isSame = isDeepStrictEqual(copies[0], copies[1])
        expect(callKey('t', { x: left }) === callKey('t', { x: right })).toBe(isSame)
      }),
    )
  })
})

test('the loose key overlooks numbers, spacing, quotes and where a command is piped', () => {
  const forms = ['git stash list', 'git  stash list | head -20', 'git stash list 2>/dev/null', 'git stash "list"']
  const keys = forms.map((command) => looseCallKey('Bash', { command, description: command }))
  expect(new Set(keys).size).toBe(1)
  const others = ['git log', 'cd a && grep x b', 'cd a && grep y b', "grep 'a|b' c", "grep 'a|d' c", "it's a", "it's b"]
  expect(new Set([...others.map((command) => looseCallKey('Bash', { command })), keys[0]]).size).toBe(8)
})

describe('the normalised result', () => {
  test.each([
    ['2 tests failed in 998ms', '3 tests failed in 1.02 s'],
    ['\u001b[31merror\u001b[0m in a.ts', 'error in   a.ts'],
    ['Thu Nov 27 02:04:23 UTC 2026', 'Thu Nov 27 02:04:59 UTC 2026'],
    ['id 3fa85f64-5717-4562-b3fc-2c963f66afa6', 'id 9c1185a5-c5e9-4c54-8082-8a41f1b3a2b1'],
    ['at 0x7fffaa', 'at 0x1'],
    ['commit deadbeef1 by me', 'commit 0123abc by me'],
    ['request req_011CSHoEeqs5C35K2UUqFyn3', 'request req_022DTIpFfrt6D46L3VVrGzo4'],
    ['12 mins ago, 3 kB', '1 minute ago, 940 B'],
  ])('is the same for %j and %j', (left, right) => {
    expect(resultKeys(left).norm).toBe(resultKeys(right).norm)
    expect(resultKeys(left).result).not.toBe(resultKeys(right).result)
  })

  test.each([
    ['error in a.ts', 'error in b.ts'],
    ['facade', 'decade'],
    ['1 passed', '1 failed'],
  ])('differs for %j and %j', (left, right) => {
    expect(resultKeys(left).norm).not.toBe(resultKeys(right).norm)
  })

  test('reads content blocks; two images differ', () => {
    expect(resultKeys([{ type: 'text', text: 'ok' }])).toEqual(resultKeys('ok'))
    const image = (data: string) => [{ type: 'image', source: { data } }]
    expect(resultKeys(image('aaaa')).norm).not.toBe(resultKeys(image('bbbb')).norm)
  })

  test('nothing, in its many forms, is empty', () => {
    for (const nothing of ['', ' \n', '(no output)', '[]', '{ }', null, undefined, []]) {
      expect(resultKeys(nothing).isEmpty).toBe(true)
    }
    expect(resultKeys('0').isEmpty).toBe(false)
  })
})

test('what is declared of a tool goes before what is known of its name', () => {
  expect(toolClassOf('BashOutput', {})).toBe('poll')
  expect(toolClassOf('Bash', { command: 'sleep 30 && tail build.log' })).toBe('poll')
  expect(toolClassOf('Bash', { command: 'npm run sleep' })).toBeNull()
  expect(toolClassOf('Edit', {}, { Edit: 'exempt' })).toBe('exempt')
  expect(toolClassOf('constructor', {})).toBeNull()
})
