import { describe, expect, it } from 'vitest'
import { scanCall } from '../core/body/scan.js'
import { nanoUsd } from '../core/cost/money.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import type { LoopPolicy } from '../core/loop/loop-verdict.js'
import { memoryStore } from '../store/memory.js'
import type { SessionStore } from '../store/session-store.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { sampleRecord, sampleScope } from '../testing/sample-record.js'
import { type Inspection, type Loops, watchLoops } from './loops.js'

const policy: LoopPolicy = { mode: 'enforce', nudge: false, onStop: 'stop', noticeLimit: null, tools: {}, limits: {} }

function watch(rules: Partial<LoopPolicy> = {}, store: SessionStore = memoryStore()): Loops {
  return watchLoops({
    store,
    runtime: manualRuntime(),
    policy: { ...policy, ...rules },
    book: loadPriceBook(priceList),
  })
}

const person = (text: string) => ({ role: 'user', content: text })

/** Rounds of one and the same call, numbered from `from`. */
function rounds(count: number, from = 0): unknown[] {
  return Array.from({ length: count }, (_, index) => `t${from + index}`).flatMap((id) => [
    { role: 'assistant', content: [{ type: 'tool_use', id, name: 'Bash', input: { command: 'npm install' } }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'nothing to do' }] },
  ])
}

const written = (messages: readonly unknown[]): string => JSON.stringify({ model: 'claude-opus-5-5', messages })

async function look(loops: Loops, messages: readonly unknown[], agent: string | null = null): Promise<Inspection> {
  const body = new TextEncoder().encode(written(messages))
  const inspection = await loops.inspect({ view: scanCall(body), body, scope: sampleScope({ session: 's', agent }) })
  if (inspection === null) throw new Error('loops are not looked for')
  return inspection
}

/** What is done at each request of a conversation that goes in a loop, each call at a thousandth of a dollar. */
async function course(loops: Loops, upTo: number, agent: string | null = null): Promise<(string | undefined)[]> {
  const actions: (string | undefined)[] = []
  for (let count = 0; count <= upTo; count++) {
    const inspection = await look(loops, [person('go'), ...rounds(count)], agent)
    actions.push(inspection.loop?.action)
    if (inspection.refusal === null) loops.ended(inspection, sampleRecord(), null)
  }
  return actions
}

const LOOPING = [undefined, undefined, undefined, 'notice', 'stop']

describe('an agent that goes in a loop', () => {
  it('is told of and stopped, with what its rounds cost', async () => {
    const loops = watch()
    expect(await course(loops, 4)).toEqual(LOOPING)
    const { refusal } = await look(loops, [person('go'), ...rounds(4)])
    expect(refusal?.details).toMatchObject({ spent_usd: '0.004', rounds: 4, rule: 'repeat' })
  })

  it('is stopped again when it sends the same request again, and by a gateway that never saw it before', async () => {
    const loops = watch()
    await course(loops, 4)
    for (let tries = 0; tries < 3; tries++) {
      expect((await look(loops, [person('go'), ...rounds(4)])).loop).toMatchObject({ action: 'stop', rounds: 4 })
    }
    expect((await look(watch(), [person('go'), ...rounds(4)])).loop).toMatchObject({ action: 'stop', spent: 0 })
  })

  it('is stopped where the gateway was restarted in between, and knows what it cost', async () => {
    const store = memoryStore()
    const before = watch({}, store)
    await course(before, 3)
    await before.flush()
    const { loop } = await look(watch({}, store), [person('go'), ...rounds(4)])
    expect(loop).toMatchObject({ action: 'stop', rounds: 4 })
    expect(loop?.spent).toBeGreaterThanOrEqual(nanoUsd(3_000_000))
  })

  it('is stopped across a summary of its conversation', async () => {
    const loops = watch()
    await course(loops, 3)
    const summary = person('This session is being continued from a previous conversation that was long')
    expect((await look(loops, [summary, ...rounds(1, 3)])).loop?.action).toBe('stop')
  })

  it('is stopped across a summary that the API made, and that stands in the place of all before it', async () => {
    const loops = watch()
    await course(loops, 3)
    const compaction = { type: 'compaction', content: 'So far: npm install, three times.' }
    const [asked, answered] = rounds(1, 3) as [{ content: unknown[] }, object]
    const summed = [{ role: 'assistant', content: [compaction, ...asked.content] }, answered]
    for (const head of [[], [person('go')]]) {
      expect((await look(loops, [...head, ...summed])).loop).toMatchObject({ action: 'stop', rounds: 4 })
    }
  })

  it('goes on when a person writes, behind the refused results or after them, and then starts at one', async () => {
    const stopped = [person('go'), ...rounds(4)]
    const words = { type: 'text', text: 'try it another way' }
    const result = { type: 'tool_result', tool_use_id: 't3', content: 'nothing to do' }
    const merged = [...stopped.slice(0, -1), { role: 'user', content: [result, words] }]
    for (const messages of [merged, [...stopped, person('try it another way')]]) {
      const loops = watch()
      await course(loops, 4)
      expect(await look(loops, messages)).toMatchObject({ isFromPerson: true, refusal: null, loop: null, body: null })
      const actions: (string | undefined)[] = []
      for (const count of [1, 2, 3, 4]) {
        actions.push((await look(loops, [...messages, ...rounds(count, 50)])).loop?.action)
      }
      expect(actions).toEqual([undefined, undefined, 'notice', 'stop'])
    }
  })

  it('goes on when an operator resumes it, once for each time', async () => {
    const store = memoryStore()
    const loops = watch({}, store)
    await course(loops, 4)
    await store.putMark({ session: 's', resumedAt: 2e12, isExempt: false, by: 'cli', at: 2e12 })
    const actions: (string | undefined)[] = []
    for (const count of [4, 5, 6, 7, 8]) {
      actions.push((await look(loops, [person('go'), ...rounds(count)])).loop?.action)
    }
    expect(actions).toEqual([undefined, undefined, undefined, 'notice', 'stop'])
  })

  it('says nothing about another agent of its session', async () => {
    const loops = watch()
    await course(loops, 4)
    expect(await course(loops, 3, 'sub')).toEqual([undefined, undefined, undefined, 'notice'])
  })

  it('is left alone where its tool is declared to be exempt', async () => {
    expect(new Set(await course(watch({ tools: { Bash: 'exempt' } }), 6))).toEqual(new Set([undefined]))
  })
})

describe('an agent that is nudged', () => {
  const third = [person('go'), ...rounds(3)]
  const sent = ({ body }: Inspection): string => new TextDecoder().decode(body ?? new Uint8Array())

  it('reads the text once, and every later request says it in the same place, also through another gateway', async () => {
    const store = memoryStore()
    const loops = watch({ nudge: true }, store)
    await course(loops, 2)
    const nudged = await look(loops, third)
    expect(nudged.loop?.action).toBe('nudge')
    expect(sent(nudged)).toContain('RunGuard noticed that Bash was called 3 times')
    await loops.flush()
    const later = [...third, { role: 'assistant', content: 'I see' }, person('well?')]
    for (const gateway of [loops, watch({ nudge: true }, store)]) {
      expect(sent(await look(gateway, later)).startsWith(sent(nudged).slice(0, -2))).toBe(true)
    }
  })

  it('is not in observe: not a byte changes', async () => {
    const loops = watch({ nudge: true, mode: 'observe' })
    await course(loops, 2)
    expect(await look(loops, third)).toMatchObject({ body: null, loop: { action: 'nudge', isEnforced: false } })
  })
})
