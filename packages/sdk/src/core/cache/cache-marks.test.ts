import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type MarkableRequest, markTail, withCache } from './cache-marks.js'

const mark = { type: 'ephemeral' }
const hour = { type: 'ephemeral', ttl: '1h' }
const tools = [{ name: 'a' }, { name: 'b' }]
const said = [{ role: 'user', content: 'hi' }]

test('the system text and the last tool are marked, and nothing is changed in place', () => {
  const request = { model: 'm', system: 'Be brief.', tools, messages: said }
  const marked = withCache(request)
  expect(marked).toEqual({
    model: 'm',
    system: [{ type: 'text', text: 'Be brief.', cache_control: mark }],
    tools: [{ name: 'a' }, { name: 'b', cache_control: mark }],
    messages: said,
  })
  expect(request).toEqual({ model: 'm', system: 'Be brief.', tools: [{ name: 'a' }, { name: 'b' }], messages: said })
})

test('of several system blocks the last with words is marked', () => {
  const system = [
    { type: 'text', text: 'One.' },
    { type: 'text', text: 'Two.' },
    { type: 'text', text: ' ' },
  ]
  expect(withCache({ system }).system).toEqual([system[0], { ...system[1], cache_control: mark }, system[2]])
})

test('a tool that is loaded later carries no marker', () => {
  const later = { name: 'later', defer_loading: true }
  expect(withCache({ tools: [{ name: 'a' }, later] }).tools).toEqual([{ name: 'a', cache_control: mark }, later])
})

test.each([{}, { system: '' }, { system: '  ' }, { system: [], tools: [] }, { system: null, tools: 'none' }])(
  '%j has nothing to mark and stays as it is',
  (request) => {
    expect(withCache(request)).toBe(request)
  },
)

test('with one free slot the system text gets it, whose prefix holds the tools', () => {
  const messages = [
    { role: 'user', content: Array.from({ length: 3 }, () => ({ type: 'text', text: 'x', cache_control: mark })) },
  ]
  const marked = withCache({ system: 'S', tools, messages })
  expect(marked.system).toEqual([{ type: 'text', text: 'S', cache_control: mark }])
  expect(marked.tools).toBe(tools)
})

test('automatic caching takes a slot too', () => {
  const messages = [
    { role: 'user', content: Array.from({ length: 3 }, () => ({ type: 'text', text: 'x', cache_control: mark })) },
  ]
  const request = { cache_control: mark, system: 'S', tools, messages }
  expect(withCache(request)).toBe(request)
})

test('a marker inside a tool result is one of the four', () => {
  const parts = Array.from({ length: 4 }, () => ({ type: 'text', text: 'x', cache_control: mark }))
  const request = { system: 'S', messages: [{ role: 'user', content: [{ type: 'tool_result', content: parts }] }] }
  expect(withCache(request)).toBe(request)
})

test('the lifetime can be an hour, and a marker of the caller stays what it is', () => {
  const marked = withCache({ system: [{ type: 'text', text: 'S', cache_control: mark }], tools }, { ttl: '1h' })
  expect(marked.system).toEqual([{ type: 'text', text: 'S', cache_control: mark }])
  expect(marked.tools).toEqual([tools[0], { ...tools[1], cache_control: hour }])
})

test('no five-minute marker is put in front of one for an hour, which the API would refuse', () => {
  const messages = [{ role: 'user', content: [{ type: 'text', text: 'x', cache_control: hour }] }]
  expect(withCache({ system: 'S', messages }).system).toEqual([{ type: 'text', text: 'S', cache_control: hour }])
  const marked = withCache({ system: 'S', tools: [{ name: 'a', cache_control: mark }] }, { ttl: '1h' })
  expect(marked.system).toEqual([{ type: 'text', text: 'S', cache_control: mark }])
})

test('the tail of a conversation is its last block that can carry a marker', () => {
  const content = [
    { type: 'text', text: 'x' },
    { type: 'thinking', thinking: '…' },
  ]
  expect(markTail({ messages: [...said, { role: 'assistant', content }] })).toEqual([
    said[0],
    { role: 'assistant', content: [{ type: 'text', text: 'x', cache_control: mark }, content[1]] },
  ])
})

test.each([
  { messages: [] },
  { messages: [{ role: 'user', content: '' }] },
  { messages: said, cache_control: mark },
  { messages: [{ role: 'user', content: [{ type: 'text', text: 'x', cache_control: hour }] }] },
] as { messages: { role: string; content: unknown }[] }[])('there is no tail to mark in %j', (request) => {
  expect(markTail(request)).toBeNull()
})

const anyMark = fc.constantFrom(undefined, mark)
const block = fc.record(
  { type: fc.constant('text'), text: fc.string(), cache_control: anyMark },
  { requiredKeys: ['type', 'text'] },
)
const request = fc.record({
  system: fc.oneof(fc.string(), fc.array(block, { maxLength: 3 })),
  tools: fc.array(fc.record({ name: fc.string(), cache_control: anyMark }, { requiredKeys: ['name'] }), {
    maxLength: 3,
  }),
  messages: fc.array(fc.record({ role: fc.constant('user'), content: fc.array(block, { maxLength: 3 }) }), {
    minLength: 1,
    maxLength: 3,
  }),
})

test('there is never a fifth marker of ours, and every marker of the caller stays in its place', () => {
  fc.assert(
    fc.property(request, (asked: MarkableRequest) => {
      const before = countMarks(asked)
      const marked = withCache(asked) as { messages: { content: unknown }[] }
      const tail = markTail(marked)
      const sent = tail === null ? marked : { ...marked, messages: tail }
      expect(countMarks(sent)).toBeLessThanOrEqual(Math.max(before, 4))
      expect(withoutMarks(sent)).toEqual(withoutMarks(asked))
      expect(placesOfMarks(sent)).toEqual(expect.arrayContaining(placesOfMarks(asked)))
    }),
  )
})

function countMarks(value: unknown): number {
  return JSON.stringify(value).split('"cache_control":{').length - 1
}

function placesOfMarks(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, each]) =>
    key === 'cache_control' && each !== undefined
      ? [`${path} ${JSON.stringify(each)}`]
      : placesOfMarks(each, `${path}/${key}`),
  )
}

/** The request as the model reads it: without markers, a text as a block. */
function withoutMarks(value: object): unknown {
  const { system, ...rest } = value as { system?: unknown }
  const blocks = typeof system === 'string' ? [{ type: 'text', text: system }] : system
  return JSON.parse(
    JSON.stringify({ ...rest, system: blocks }, (key, each) =>
      key === 'cache_control' && each !== undefined ? undefined : each,
    ),
  )
}
