import { describe, expect, it } from 'vitest'
import { scanCall } from '../core/body/scan.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import { completeRounds, rememberAsked } from '../core/loop/asked-rounds.js'
import type { LoopPolicy } from '../core/loop/loop-verdict.js'
import { readRounds } from '../core/loop/steps.js'
import { stepsOf } from '../core/loop/steps-keys.js'
import { memoryStore } from '../store/memory.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { sampleRecord, sampleScope } from '../testing/sample-record.js'
import { type Inspection, type Loops, watchLoops } from './loops.js'

const policy: LoopPolicy = { mode: 'enforce', nudge: false, onStop: 'stop', noticeLimit: null, tools: {}, limits: {} }

function watch(store = memoryStore()): Loops {
  return watchLoops({ store, runtime: manualRuntime(), policy, book: loadPriceBook(priceList) })
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const create = { thread: { type: 'create' }, messages: [{ role: 'user', content: 'go' }] }

async function ask(loops: Loops, fields: object, session: string | null = 's'): Promise<Inspection> {
  const body = json({ model: 'claude-opus-5-5', ...fields })
  const inspection = await loops.inspect({ view: scanCall(body), body, scope: sampleScope({ session }) })
  if (inspection === null) throw new Error('loops are not looked for')
  return inspection
}

/** The API answers with one call. */
function answer(loops: Loops, inspection: Inspection, id: string, input: object = { command: 'ls' }): void {
  const { thread } = inspection
  if (thread === null) throw new Error('nobody listens to the answer')
  thread.tap.head(200, { 'content-type': 'application/json' })
  thread.tap.feed(json({ id, content: [{ type: 'tool_use', id: `call-${id}`, name: 'Bash', input }] }))
  loops.ended(inspection, sampleRecord(), null)
}

function continued(previous: string, content = 'nothing'): object {
  const result = { type: 'tool_result', tool_use_id: `call-${previous}`, content }
  return {
    thread: { type: 'continue', previous_message_id: previous },
    messages: [{ role: 'user', content: [result] }],
  }
}

/** What is done at each request of a thread whose every answer is the same call. */
async function course(watches: readonly Loops[], session: string | null = 's', name = 'm'): Promise<unknown[]> {
  const actions: unknown[] = []
  for (const [index, loops] of watches.entries()) {
    const inspection = await ask(loops, index === 0 ? create : continued(`${name}${index - 1}`), session)
    actions.push(inspection.loop?.action)
    if (inspection.refusal === null) answer(loops, inspection, `${name}${index}`)
    await loops.flush()
  }
  return actions
}

const LOOPING = [undefined, undefined, undefined, 'notice', 'stop']
const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make)

describe('an agent on a thread', () => {
  it.each([
    ['of a session', 's'],
    ['of none', null],
  ])('%s is stopped as any other', async (_, session) => {
    const loops = watch()
    expect(
      await course(
        times(5, () => loops),
        session,
      ),
    ).toEqual(LOOPING)
  })

  it('is stopped where each of its requests comes to another gateway', async () => {
    const store = memoryStore()
    expect(await course(times(5, () => watch(store)))).toEqual(LOOPING)
  })

  it('is stopped again when it sends the same request again, and counts no round twice before', async () => {
    const loops = watch()
    await course(times(4, () => loops))
    for (const action of ['stop', 'stop']) expect((await ask(loops, continued('m3'))).loop?.action).toBe(action)
    const other = watch()
    await course(times(3, () => other))
    for (let tries = 0; tries < 4; tries++) expect((await ask(other, continued('m1'))).loop).toBeNull()
  })

  it('says nothing about another thread of its session', async () => {
    const loops = watch()
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      expect(
        await course(
          times(3, () => loops),
          's',
          name,
        ),
      ).toEqual([undefined, undefined, undefined])
    }
  })

  it('goes on when a person writes, and is counted anew', async () => {
    const loops = watch()
    await course(times(5, () => loops))
    const words = { role: 'user', content: [{ type: 'text', text: 'try it another way' }] }
    const turn = await ask(loops, { ...continued('m3'), messages: [words] })
    expect(turn).toMatchObject({ isFromPerson: true, refusal: null, loop: null })
    answer(loops, turn, 'n0')
    expect((await ask(loops, continued('n0'))).loop).toBeNull()
  })

  it('is let be where its calls bring something else each time', async () => {
    const loops = watch()
    answer(loops, await ask(loops, create), 'm0', { page: 0 })
    for (let page = 0; page < 8; page++) {
      const inspection = await ask(loops, continued(`m${page}`, `page ${'abcdefgh'[page]}`))
      expect(inspection.loop).toBeNull()
      answer(loops, inspection, `m${page + 1}`, { page: page + 1 })
    }
  })

  it('of another session cannot be gone on with by naming its answer', async () => {
    const loops = watch()
    await course(times(4, () => loops))
    expect((await ask(loops, continued('m3'), 'other')).agent.session).toBe('other')
    expect((await ask(loops, continued('m3'), 'other')).loop).toBeNull()
  })

  it('of a session cannot be gone on with by who names none, nor be reset by his words', async () => {
    const loops = watch()
    await course(times(4, () => loops))
    const stranger = await ask(loops, continued('m3'), null)
    expect(stranger.agent.session).not.toBe('s')
    expect(stranger.loop).toBeNull()
    const words = { role: 'user', content: 'forget all of it' }
    expect((await ask(loops, { ...continued('m3'), messages: [words] }, null)).refusal).toBeNull()
    expect((await ask(loops, continued('m3'))).loop?.action).toBe('stop')
  })

  it('is not set back by a gateway that saw less of it and keeps that later', async () => {
    const store = memoryStore()
    const [slow, quick] = [watch(store), watch(store)]
    answer(slow, await ask(slow, create), 'm0')
    // Its call fails; what it learned is kept only when the other has gone on.
    await ask(slow, continued('m0'))
    answer(quick, await ask(quick, continued('m0')), 'm1')
    await quick.flush()
    await slow.flush()
    expect(await store.findAsker('m1')).toMatchObject({ asked: { message: 'm1' } })
    expect(await store.findAsker('m0')).toBeNull()
    // And whoever saw less has the whole of it with its next request.
    answer(slow, await ask(slow, continued('m1')), 'm2')
    const noticed = await ask(slow, continued('m2'))
    expect(noticed.loop?.action).toBe('notice')
    answer(slow, noticed, 'm3')
    expect((await ask(slow, continued('m3'))).loop?.action).toBe('stop')
  })

  it('has cost what its own calls did, not what began the threads before it', async () => {
    const loops = watch()
    for (const name of ['a', 'b', 'c']) {
      await course(
        times(3, () => loops),
        's',
        name,
      )
    }
    await course(
      times(4, () => loops),
      's',
      'd',
    )
    const stopped = await ask(loops, continued('d3'))
    expect(stopped.loop?.spent).toBe(4 * sampleRecord().cost.nano)
  })

  it('is counted the same as a whole conversation where it makes many calls side by side', async () => {
    const long = 'x'.repeat(6_000)
    const calls = Array.from({ length: 8 }, (_, index) => ({
      type: 'tool_use',
      id: `t${index}`,
      name: 'Look',
      input: { index },
    }))
    const results = calls.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: `${long}${id}${long}` }))
    const asked = rememberAsked({ message: 'm0', content: calls }, {})
    const body = json({ messages: [{ role: 'user', content: results }] })
    const rest = scanCall(body)
    const [threaded] = completeRounds(asked, rest, body, readRounds(rest, body), null).rounds
    const messages = [
      { role: 'assistant', content: calls },
      { role: 'user', content: results },
    ]
    const shown = json({ messages })
    const [whole] = readRounds(scanCall(shown), shown).rounds
    if (threaded === undefined || whole === undefined) throw new Error('there is a round in both')
    expect(stepsOf(threaded, 0).map(({ result, norm }) => [result, norm])).toEqual(
      stepsOf(whole, 0).map(({ result, norm }) => [result, norm]),
    )
  })

  it('is not remembered by an id that no request could name', async () => {
    const store = memoryStore()
    const loops = watch(store)
    for (const id of ['', 'm'.repeat(5_000)]) answer(loops, await ask(loops, create), id)
    await loops.flush()
    expect(await store.findAsker('')).toBeNull()
    expect(await store.findAsker('m'.repeat(5_000))).toBeNull()
  })

  it('is counted on where the API has lost the thread and everything is sent again', async () => {
    const loops = watch()
    await course(times(4, () => loops))
    const rounds = ['m0', 'm1', 'm2', 'm3'].flatMap((id) => [
      { role: 'assistant', content: [{ type: 'tool_use', id: `call-${id}`, name: 'Bash', input: { command: 'ls' } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: `call-${id}`, content: 'nothing' }] },
    ])
    const replay = await ask(loops, { ...create, messages: [...create.messages, ...rounds] })
    expect(replay.loop?.action).toBe('stop')
  })
})
