import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchUserId } from '../../core/batch/batch-id.js'
import { chunkPrompts } from './batches-chunks.js'
import type { WireRequest } from './batches-client.js'
import { type ItemResult, inOrderOf } from './batches-results.js'

async function collect<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const list: Value[] = []
  for await (const value of values) list.push(value)
  return list
}

async function* shuffled(results: readonly ItemResult[]) {
  yield* results
}

function failedItem(customId: string): ItemResult {
  return { kind: 'failed', customId, reason: 'expired', error: { type: 'expired', message: '' } }
}

describe('cutting prompts into batches', () => {
  const limits = { items: 12, bytes: 3_000 }

  it('sends every prompt once, in order, in bodies within the limits', async () => {
    const lengths = fc.array(fc.nat(600), { minLength: 1, maxLength: 80 })
    await fc.assert(
      fc.asyncProperty(lengths, fc.boolean(), async (sizes, isShared) => {
        const prompts = sizes.map((size, index) => ({ custom_id: `no. ${index}`, user_message: 'é'.repeat(size) }))
        const options = isShared ? { system: 'shared' } : {}
        const chunks = await collect(chunkPrompts(prompts, options, { ...limits, largestBytes: limits.bytes }))
        const sent = chunks.flat()
        expect(sent.map(({ custom_id }) => batchUserId(custom_id))).toEqual(prompts.map(({ custom_id }) => custom_id))
        for (const requests of chunks) {
          expect(requests.length).toBeLessThanOrEqual(limits.items)
          expect(Buffer.byteLength(JSON.stringify({ requests }))).toBeLessThanOrEqual(limits.bytes)
        }
      }),
    )
  })

  it('marks the prefix of the items that share one, and of no others', async () => {
    const params = (system: string) => ({ model: 'm', max_tokens: 1, messages: [], system })
    const prompts = Array.from({ length: 12 }, (_, index) => ({
      custom_id: `r${index}`,
      params: params(index < 10 ? 'shared' : `own ${index}`),
    }))
    const [requests = []] = await collect(
      chunkPrompts(prompts, {}, { items: 100, bytes: 100_000, largestBytes: 100_000 }),
    )
    const isMarked = ({ params }: WireRequest) => JSON.stringify(params).includes('"ttl":"1h"')
    expect(requests.map(isMarked)).toEqual([...Array(10).fill(true), false, false])
  })
})

describe('a prompt that is larger than batches usually are', () => {
  const prompt = (custom_id: string, letters: number) => ({ custom_id, user_message: 'x'.repeat(letters) })
  const limits = { items: 10, bytes: 1_000, largestBytes: 5_000 }

  it('has a batch of its own', async () => {
    const prompts = [prompt('a', 10), prompt('b', 3_000), prompt('c', 10)]
    const chunks = await collect(chunkPrompts(prompts, {}, limits))
    expect(chunks.map((requests) => requests.map(({ custom_id }) => custom_id))).toEqual([['a'], ['b'], ['c']])
  })

  it('is refused if the API would not take it either', async () => {
    await expect(collect(chunkPrompts([prompt('a', 6_000)], {}, limits))).rejects.toThrow('too large for any batch')
  })
})

describe('joining results', () => {
  it('follows the given ids, whatever order the file has, and loses nothing', async () => {
    const ids = fc.uniqueArray(fc.string(), { maxLength: 30 })
    const cases = ids.chain((all) => fc.tuple(fc.shuffledSubarray(all), fc.shuffledSubarray(all)))
    await fc.assert(
      fc.asyncProperty(cases, async ([inFile, wanted]) => {
        const joined = await collect(inOrderOf(shuffled(inFile.map(failedItem)), wanted))
        expect(joined.slice(0, wanted.length).map(({ customId }) => customId)).toEqual(wanted)
        const strangers = inFile.filter((id) => !wanted.includes(id))
        expect(joined.slice(wanted.length).map(({ customId }) => customId)).toEqual(strangers)
        const missing = joined.filter((result) => result.kind === 'failed' && result.reason === 'missing')
        expect(missing.map(({ customId }) => customId)).toEqual(wanted.filter((id) => !inFile.includes(id)))
      }),
    )
  })
})
