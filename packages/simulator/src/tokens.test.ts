import { describe, expect, it } from 'vitest'
import type { JsonObject } from './json.js'
import { type Model, modelNamed } from './models.js'
import { countBlock, countCall, countText, countTool } from './tokens.js'

function model(name: string): Model {
  const found = modelNamed(name)
  if (found === undefined) throw new Error(`no model ${name}`)
  return found
}

const newer = model('claude-opus-5-5')
const older = model('claude-haiku-4-5')

/** The head of a PNG with these measures. */
function png(width: number, height: number): JsonObject {
  const head = Buffer.alloc(24)
  head.write('\x89PNG\r\n\x1a\n', 'latin1')
  head.writeUInt32BE(width, 16)
  head.writeUInt32BE(height, 20)
  return { type: 'image', source: { type: 'base64', media_type: 'image/png', data: head.toString('base64') } }
}

describe('the counting rule', () => {
  it.each([
    ['', 0, 0],
    ['a', 1, 1],
    ['abcd', 2, 1],
    ['abcdefghijkl', 4, 3],
    ['日本語', 3, 3],
  ])('counts the UTF-8 bytes of %j', (text, forNewer, forOlder) => {
    expect(countText(text, newer)).toBe(forNewer)
    expect(countText(text, older)).toBe(forOlder)
  })

  it('counts calls, results and definitions as the README says', () => {
    expect(countCall('f', { a: 1 }, newer)).toBe(8 + 3)
    expect(countBlock({ type: 'tool_use', id: 'long id', name: 'f', input: { a: 1 } }, newer)).toBe(8 + 3)
    expect(countBlock({ type: 'tool_result', tool_use_id: 't', content: 'abcdef' }, newer)).toBe(8 + 2)
    const parts = [{ type: 'text', text: 'abcdef' }]
    expect(countBlock({ type: 'tool_result', tool_use_id: 't', content: parts }, newer)).toBe(8 + 2)
    const tool = { name: 'f', input_schema: {} }
    expect(countTool({ ...tool, cache_control: { type: 'ephemeral' } }, newer)).toBe(8 + 10)
  })

  it('never counts markers or signatures', () => {
    expect(countBlock({ type: 'text', text: 'abc', cache_control: { type: 'ephemeral' } }, newer)).toBe(1)
    expect(countBlock({ type: 'thinking', thinking: 'abc', signature: 'x'.repeat(900) }, newer)).toBe(1)
  })

  it.each([
    [1000, 1000, 1296, 1296],
    [1920, 1080, 2691, 1568],
    [9000, 9000, 4784, 1568],
    [1, 1, 1, 1],
    [0, 0, 1296, 1296],
  ])('counts an image of %i by %i in tiles, up to the cap of the model', (width, height, forNewer, forOlder) => {
    expect(countBlock(png(width, height), newer)).toBe(forNewer)
    expect(countBlock(png(width, height), older)).toBe(forOlder)
  })

  it('counts a document by its text or its size', () => {
    const document = (source: JsonObject) => countBlock({ type: 'document', source }, newer)
    expect(document({ type: 'text', data: 'abcdef' })).toBe(2)
    expect(document({ type: 'base64', data: 'A'.repeat(250_000) })).toBe(4500)
    expect(document({ type: 'url', url: 'x' })).toBe(1500)
  })
})
