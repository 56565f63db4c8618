import { expect, it } from 'vitest'
import { resolveEndpoint } from '../core/body/endpoint.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import type { CallRecord } from '../core/cost/record.js'
import { memoryStore } from '../store/memory.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { engineDefaults } from './desk.js'
import { createEngine } from './engine.js'
import type { Runtime } from './runtime.js'

const book = loadPriceBook(priceList)
const endpoint = resolveEndpoint('POST', '/v1/messages')
const answer = Buffer.from(
  JSON.stringify({ model: 'claude-opus-5-5', content: [], usage: { input_tokens: 9_000, output_tokens: 5 } }),
)

/** An agent that reads page after page, most of them the same, until it is told of its loop. */
function* conversation(): Generator<Uint8Array> {
  const page = 'The boats go down to the "sea".\n'.repeat(60)
  const messages: object[] = [{ role: 'user', content: 'Read it all.' }]
  for (let turn = 0; turn < 40; turn++) {
    const input = { page: turn < 25 ? turn : 0 }
    const marker = turn % 3 === 0 ? { cache_control: { type: 'ephemeral' } } : {}
    const result = { type: 'tool_result', tool_use_id: `t${turn}`, content: `${page}${input.page}` }
    messages.push({ role: 'assistant', content: [{ type: 'tool_use', id: `t${turn}`, name: 'read', input }] })
    const last = { role: 'user', content: [{ ...result, ...marker }] }
    yield Buffer.from(JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 900, messages: [...messages, last] }))
    messages.push({ role: 'user', content: [result] })
  }
}

/** What was sent and what was recorded of all calls. */
async function run(seal: Runtime['seal']): Promise<{ sent: (string | null)[]; records: CallRecord[] }> {
  const runtime = { ...manualRuntime(), seal }
  const records: CallRecord[] = []
  const sent: (string | null)[] = []
  const engine = createEngine({
    config: { ...engineDefaults, book },
    store: memoryStore(),
    runtime,
    onRecord: (record) => records.push(record),
  })
  for (const body of conversation()) {
    const headers = { 'x-api-key': 'sk-ant-test' }
    const call = { method: 'POST', endpoint, headers, body, receivedBytes: body.length, readAtTick: runtime.tick() }
    const admission = await engine.admit({ ...call, problem: null })
    sent.push(admission.kind === 'send' ? Buffer.from(admission.body ?? body).toString() : null)
    if (admission.kind !== 'send') continue
    admission.watch.sent()
    admission.watch.head(200, { 'content-type': 'application/json' })
    admission.watch.chunk(answer)
    admission.watch.end('complete')
  }
  await engine.close()
  return { sent, records }
}

it('decides of a conversation that is known as if it were read anew each time', async () => {
  let seals = 0
  const counted = (bytes: Uint8Array): string => {
    seals += 1
    return Buffer.from(bytes).toString('latin1')
  }
  const known = await run(counted)
  expect(known).toEqual(await run(null))
  expect(seals).toBeGreaterThan(20)
  expect(known.records.some(({ loop }) => loop !== null)).toBe(true)
  // The caller had marked nothing there.
  expect(known.sent[1]).toContain('cache_control')
})

it.each([
  ['credential', { headers: { 'x-api-key': 'sk-ant-other' } }],
  ['gateway key', { account: { key: 'key_2', team: null, user: null, project: null } }],
])('reads anew what has come with another %s', async (_, other) => {
  const sealed: number[] = []
  const seal = (bytes: Uint8Array): string => {
    sealed.push(bytes.length)
    return Buffer.from(bytes).toString('latin1')
  }
  const runtime = { ...manualRuntime(), seal }
  const engine = createEngine({ config: { ...engineDefaults, book }, store: memoryStore(), runtime })
  const [first, second] = [...conversation()].slice(20, 22) as [Uint8Array, Uint8Array]
  const send = (body: Uint8Array, more = {}) => {
    const call = {
      method: 'POST',
      endpoint,
      body,
      receivedBytes: body.length,
      readAtTick: runtime.tick(),
      problem: null,
    }
    return engine.admit({ ...call, headers: { 'x-api-key': 'sk-ant-test' }, ...more })
  }
  for (const more of [{}, {}, other]) await send(more === other ? second : first, more)
  await send(second)
  await engine.close()
  const [kept, compared, keptOfOther, comparedAgain] = sealed
  // Of the other everything was read: so a later place was kept of it. That nobody but its owner finds.
  expect([compared, comparedAgain]).toEqual([kept, kept])
  expect(keptOfOther).toBeGreaterThan(kept ?? 0)
})
