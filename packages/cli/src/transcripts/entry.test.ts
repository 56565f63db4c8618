import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readEntry } from './entry.js'

const usage = {
  input_tokens: 3,
  output_tokens: 40,
  cache_read_input_tokens: 500,
  cache_creation_input_tokens: 70,
  cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 50 },
}

function entry(changes: Record<string, unknown> = {}, message: Record<string, unknown> = {}) {
  return {
    type: 'assistant',
    sessionId: 's1',
    cwd: '/srv/app',
    version: '2.1.330',
    isSidechain: false,
    requestId: 'req_1',
    uuid: 'u1',
    timestamp: '2026-11-20T10:00:00.000Z',
    message: { id: 'msg_1', role: 'assistant', model: 'claude-opus-5-5', stop_reason: 'end_turn', usage, ...message },
    ...changes,
  }
}

test('an answer is a call with its tokens, both lifetimes of the cache apart', () => {
  expect(readEntry(entry())).toEqual({
    id: 'msg_1 req_1',
    atMs: Date.UTC(2026, 10, 20, 10),
    session: 's1',
    isSubagent: false,
    directory: '/srv/app',
    model: 'claude-opus-5-5',
    usage: {
      parts: [{ kind: 'message', model: 'claude-opus-5-5', input: 3, write5m: 20, write1h: 50, read: 500, output: 40 }],
      webSearches: 0,
      speed: 'standard',
      geo: null,
      tier: 'standard',
    },
    isPlausible: true,
    isWhole: true,
  })
})

test('what a sub-agent says within the progress of its parent is a call of a sub-agent, in the parent’s session', () => {
  const { sessionId, cwd, version, ...inner } = entry({ timestamp: '2026-11-20T10:00:05.000Z' })
  const progress = { type: 'progress', sessionId, cwd, version, timestamp: '2026-11-20T10:00:09.000Z' }
  const call = readEntry({ ...progress, data: { type: 'agent_progress', agentId: 'a1', message: inner } })
  expect(call).toMatchObject({ id: 'msg_1 req_1', session: 's1', isSubagent: true, atMs: Date.parse(inner.timestamp) })
})

test('a sub-agent’s own file and side chains of older versions are calls of sub-agents', () => {
  expect(readEntry(entry({ isSidechain: true, agentId: 'a1' }))).toMatchObject({ isSubagent: true, session: 's1' })
})

test('an entry of an early version, without ids of request and message, is known by its own', () => {
  const old = entry({ version: '0.2.29', costUSD: 0.02, durationMs: 900, requestId: undefined }, { id: undefined })
  expect(readEntry(old)).toMatchObject({ id: 'u1' })
  expect(readEntry(entry({ uuid: undefined }, { id: undefined }))).toMatchObject({ id: null })
})

test.each([
  ['2.1.330', 'end_turn', true],
  ['2.1.330', null, false],
  ['1.0.60', undefined, false],
  ['2.1.5', null, true],
  ['2.1.7', null, true],
  ['2.1.8', null, false],
  ['2.1.12', 'end_turn', false],
  ['2.1.29', 'tool_use', false],
  ['2.1.30', 'tool_use', true],
])('version %s that ends with %s: is the output whole? %s', (version, stopReason, isWhole) => {
  expect(readEntry(entry({ version }, { stop_reason: stopReason }))).toMatchObject({ isWhole })
})

test('what is no call is passed over: people, results with a usage inside, the client itself, no usage, no time', () => {
  const others = [
    entry({ type: 'user', toolUseResult: { usage } }),
    entry({}, { model: '<synthetic>' }),
    entry({}, { usage: null }),
    entry({}, { usage: [usage] }),
    entry({}, { model: 7 }),
    entry({ timestamp: 'yesterday' }),
    entry({ timestamp: undefined }),
    { type: 'progress', data: { message: entry({ type: 'user' }) } },
    null,
    [],
    'assistant',
  ]
  expect(others.map(readEntry)).toEqual(others.map(() => null))
})

test('counters that cannot be right are told of', () => {
  expect(readEntry(entry({}, { usage: { ...usage, output_tokens: -5 } }))).toMatchObject({ isPlausible: false })
})

test('nothing that JSON can hold makes reading fail', () => {
  const hostile = fc.record({
    type: fc.constantFrom('assistant', 'progress'),
    message: fc.jsonValue(),
    data: fc.jsonValue(),
  })
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), hostile), (value) => {
      const call = readEntry(value)
      expect(call === null || Number.isFinite(call.atMs)).toBe(true)
    }),
  )
})
