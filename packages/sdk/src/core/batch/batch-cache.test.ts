import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { markSharedPrefix, prefixKey } from './batch-cache.js'

const hour = { type: 'ephemeral', ttl: '1h' }
const short = { type: 'ephemeral' }
const messages = [{ role: 'user', content: 'hi' }]

function text(marker?: object) {
  return { type: 'text', text: 'rules', ...(marker === undefined ? {} : { cache_control: marker }) }
}

function countMarkers(value: unknown): number {
  return JSON.stringify(value).split('"cache_control":').length - 1
}

describe('the shared prefix of a batch', () => {
  it('is marked for an hour at the end of the system prompt', () => {
    expect(markSharedPrefix({ system: 'rules', messages })).toEqual({ system: [text(hour)], messages })
    expect(markSharedPrefix({ system: [text(), text()], messages })).toEqual({ system: [text(), text(hour)], messages })
  })

  it('is marked at the last tool when there is no system prompt', () => {
    expect(markSharedPrefix({ tools: [{ name: 'a' }, { name: 'b' }], system: '' })).toEqual({
      tools: [{ name: 'a' }, { name: 'b', cache_control: hour }],
      system: '',
    })
  })

  it.each([
    ['nothing is shared', { messages }],
    ['it is marked already', { system: [text(short)], messages }],
    ['a five-minute marker comes before', { tools: [{ name: 'a', cache_control: short }], system: 'rules' }],
    ['a five-minute marker comes before, in the system prompt', { system: [text(short), text()] }],
    [
      'all four markers are taken',
      { system: 'rules', cache_control: short, messages: [text(short), text(), text(short), text(short)] },
    ],
    ['the system is no text and no list', { system: 7, messages }],
  ])('is left alone when %s', (_reason, params) => {
    expect(markSharedPrefix(params)).toBe(params)
  })

  it('never gets a fifth marker, and nothing else changes', () => {
    const block = fc.constantFrom(text(), text(short), text(hour))
    const params = fc.record(
      {
        tools: fc.array(fc.constantFrom<object>({ name: 'a' }, { name: 'b', cache_control: hour })),
        system: fc.oneof(fc.string(), fc.array(block)),
        messages: fc.array(fc.record({ role: fc.constant('user'), content: fc.array(block) })),
        cache_control: fc.constantFrom(short, hour),
      },
      { requiredKeys: ['messages'] },
    )
    fc.assert(
      fc.property(params, (before) => {
        const after = markSharedPrefix(before)
        if (after === before) return
        expect(countMarkers(after)).toBe(countMarkers(before) + 1)
        expect(countMarkers(after)).toBeLessThanOrEqual(4)
        expect(after.messages).toBe(before.messages)
        expect(markSharedPrefix(after)).toBe(after)
      }),
    )
  })

  it('depends on model, tools and system alone', () => {
    const base = { model: 'm', system: 'rules', messages }
    expect(prefixKey({ ...base, messages: [] })).toBe(prefixKey(base))
    expect(prefixKey({ ...base, model: 'n' })).not.toBe(prefixKey(base))
    expect(prefixKey({ ...base, system: 'other' })).not.toBe(prefixKey(base))
  })

  it('survives params nested a hundred thousand deep', () => {
    let deep: object = {}
    for (let depth = 0; depth < 100_000; depth++) deep = { deep }
    expect(markSharedPrefix({ system: 'rules', messages: [deep] })).toMatchObject({ system: [text(hour)] })
  })
})
