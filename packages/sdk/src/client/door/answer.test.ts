import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Script } from '@runguard/simulator'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { asking, type ClientStage, openStage, rejection } from '../../../test/client-stage.js'
import { type Guard, type GuardOptions, memoryStore } from '../index.js'

/** None of them comes twice in a row: an answer that says the same again and again would be ended. */
const WORDS = Array.from({ length: 3_000 }, (_, n) => (n + 700).toString(26).replace(/\d/g, 'w')).join(' ')

/** Long enough to be left, or cut, before its end. */
const slow: Script = () => ({
  parts: [{ kind: 'text', text: WORDS }],
  pacing: { betweenEventsMs: 1, chunkCharacters: 100 },
})
const SLOW = { 'x-sim-script': 'slow' }

let stage: ClientStage

beforeEach(async () => {
  stage = await openStage({ scripts: { slow } })
})

afterEach(() => stage.close())

const budget = (limit: string): GuardOptions => ({ budgets: [{ scope: 'everything', limit, window: 'day' }] })

describe('a stream', () => {
  it('that the program leaves is settled by what was seen, and the API is left as well', async () => {
    const claude = stage.guard(budget('$10')).wrap(stage.client())
    const stream = await claude.messages.create({ ...asking('hello'), stream: true }, { headers: SLOW })
    for await (const event of stream) if (event.type === 'content_block_delta') break
    expect(stage.records).toMatchObject([{ ending: { kind: 'at-least', reason: 'caller-aborted' } }])
    expect(stage.records[0]?.usage?.parts[0]?.input).toBeGreaterThan(0)
    await stage.simulator.idle()
    expect(stage.simulator.log).toMatchObject([{ ending: 'aborted' }])
  })

  it('that is aborted by a signal throws what it threw before', async () => {
    const abort = new AbortController()
    const claude = stage.guard().wrap(stage.client())
    const stream = claude.messages.stream(asking('hello'), { signal: abort.signal, headers: SLOW })
    stream.on('text', () => abort.abort())
    expect(await rejection(stream.finalMessage())).toMatchObject({ message: 'Request was aborted.' })
    expect(stage.records).toMatchObject([{ ending: { reason: 'caller-aborted' } }])
  })

  it.each([
    ['from fetch', (guard) => guard.fetch(`${stage.simulator.url}/v1/messages`, streamRequest())],
    ['from the client', (guard) => askFor(guard).asResponse()],
    ['from the client, with a signal', (guard) => askFor(guard, new AbortController().signal).asResponse()],
  ] satisfies [string, (guard: Guard) => Promise<Response>][])(
    'that is dropped unread is settled when it is collected: %s',
    async (_, drop) => {
      setFlagsFromString('--expose-gc')
      const collect = runInNewContext('gc') as () => void
      await drop(stage.guard(budget('$10')))
      const collected = (): void => {
        collect()
        expect(stage.records).toMatchObject([{ ending: { kind: 'at-least', reason: 'caller-aborted' } }])
      }
      await vi.waitFor(collected, { timeout: 10_000, interval: 20 })
    },
  )

  it('that breaks off throws what it threw before, and is settled by what was seen', async () => {
    stage.simulator.fault({ kind: 'cut', afterBytes: 900 })
    const claude = stage.guard().wrap(stage.client())
    const error = await rejection(claude.messages.stream(asking('[[sim:text 400]]')).finalMessage())
    stage.simulator.fault({ kind: 'cut', afterBytes: 900 })
    const unguarded = await rejection(stage.client().messages.stream(asking('[[sim:text 400]]')).finalMessage())
    expect(String(error)).toBe(String(unguarded))
    expect(stage.records).toMatchObject([{ ending: { kind: 'at-least', reason: 'upstream-failed' } }])
  })

  it('is read no faster than the program reads', async () => {
    const claude = stage.guard().wrap(stage.client())
    const response = await claude.messages.create({ ...asking('[[sim:text 900]]'), stream: true }).asResponse()
    const reader = response.body?.getReader()
    const { value } = (await reader?.read()) ?? {}
    expect(value?.length).toBeGreaterThan(0)
    expect(stage.records).toEqual([])
    await reader?.cancel()
    expect(stage.records[0]?.responseBytes).toBe(value?.length)
  })

  it('can be split, and is counted once', async () => {
    const claude = stage.guard().wrap(stage.client())
    const response = await claude.messages.create({ ...asking('hello'), stream: true }).asResponse()
    const copy = response.clone()
    expect(await copy.text()).toBe(await response.text())
    expect(stage.records).toMatchObject([{ ending: { kind: 'exact' } }])
  })

  it('is ended cleanly where its budget ends, and the budget is kept', async () => {
    const claude = stage.guard(budget('$0.01')).wrap(stage.client())
    const stream = claude.messages.stream({ ...asking('hello'), max_tokens: 20_000 }, { headers: SLOW })
    const message = await stream.finalMessage()
    expect(message.stop_reason).toBe('end_turn')
    expect(JSON.stringify(message.content.at(-1))).toMatch(/RunGuard ended this answer here/)
    expect(stage.records).toMatchObject([{ ending: { kind: 'at-least', reason: 'budget-cut' } }])
    const { nano } = stage.records[0]?.cost ?? { nano: 0 }
    expect(nano).toBeGreaterThan(5_000_000)
    expect(nano).toBeLessThanOrEqual(10_000_000)
    await stage.simulator.idle()
    expect(stage.simulator.log).toMatchObject([{ ending: 'aborted' }])
  })
})

describe('a stream that waits for the ledger', () => {
  /** A store that keeps whoever asks for more waiting until it is told to answer. */
  function slowStore() {
    const store = memoryStore()
    let answer = (): void => {}
    const told = new Promise<void>((resolve) => {
      answer = resolve
    })
    const asked = vi.fn()
    const post: typeof store.post = async (batch) => {
      if (batch.events.some(({ kind }) => kind === 'extend')) {
        asked()
        await told
      }
      return await store.post(batch)
    }
    return { store: { ...store, post }, asked, answer }
  }

  function streamWith(store: GuardOptions['store'], signal?: AbortSignal) {
    const claude = stage.guard({ ...budget('$10'), store }).wrap(stage.client())
    const request = { ...asking('hello'), max_tokens: 30_000 }
    return claude.messages.stream(request, { headers: SLOW, ...(signal && { signal }) })
  }

  it('goes on when that has answered', async () => {
    const { store, asked, answer } = slowStore()
    const stream = streamWith(store)
    const message = stream.finalMessage()
    await vi.waitFor(() => expect(asked).toHaveBeenCalled())
    answer()
    expect((await message).usage.output_tokens).toBeGreaterThan(2_000)
    expect(stage.records).toMatchObject([{ ending: { kind: 'exact' } }])
  })

  it('stands still, and can be left', async () => {
    const { store, asked, answer } = slowStore()
    const abort = new AbortController()
    let said = ''
    const stream = streamWith(store, abort.signal).on('text', (text) => {
      said += text
    })
    const left = rejection(stream.finalMessage())
    await vi.waitFor(() => expect(asked).toHaveBeenCalled())
    let before = ''
    const standsStill = (): void => {
      const [last, now] = [before, said]
      before = now
      expect(now).toBe(last)
    }
    await vi.waitFor(standsStill, { interval: 100, timeout: 5_000 })
    expect(said.length).toBeLessThan(WORDS.length)
    abort.abort()
    expect(await left).toMatchObject({ message: 'Request was aborted.' })
    expect(stage.records).toMatchObject([{ ending: { kind: 'at-least', reason: 'caller-aborted' } }])
    answer()
  })
})

describe('an answer in one piece', () => {
  it('that nobody reads is settled all the same', async () => {
    const claude = stage.guard(budget('$10')).wrap(stage.client())
    await claude.messages.create(asking('hello')).asResponse()
    expect(stage.records).toMatchObject([{ ending: { kind: 'exact' } }])
  })

  it('whose request is aborted is settled as sent', async () => {
    stage.simulator.fault({ kind: 'hang' })
    const abort = new AbortController()
    const claude = stage.guard(budget('$10')).wrap(stage.client())
    const answer = rejection(claude.messages.create(asking('hello'), { signal: abort.signal }))
    await vi.waitFor(() => expect(stage.simulator.inFlight()).toBe(1))
    abort.abort()
    expect(await answer).toMatchObject({ message: 'Request was aborted.' })
    expect(stage.records).toMatchObject([{ ending: { kind: 'at-least', reason: 'caller-aborted' } }])
  })

  it('whose request is aborted while it is being sent is no answer', async () => {
    const abort = new AbortController()
    const network = stage.guard(budget('$10')).guardFetch((url, init) => {
      abort.abort(new Error('left'))
      return fetch(url, { ...init, signal: null })
    })
    const request = { ...plainRequest(), signal: abort.signal }
    await expect(network(`${stage.simulator.url}/v1/messages`, request)).rejects.toThrow('left')
    expect(stage.records).toMatchObject([{ ending: { kind: 'at-least', reason: 'caller-aborted' } }])
  })

  it('that comes too late for the client is settled, and tried again as before', async () => {
    stage.simulator.fault({ kind: 'hang' })
    const claude = stage.guard().wrap(stage.client({ maxRetries: 1, timeout: 200 }))
    await claude.messages.create(asking('hello'))
    expect(stage.records.map(({ ending }) => ending.reason)).toEqual(['caller-aborted', 'complete'])
  })

  it('that breaks off after all was said is given, not paid twice', async () => {
    stage.simulator.fault({ kind: 'wrong-length', differenceBytes: 10 })
    const claude = stage.guard().wrap(stage.client())
    const message = await claude.messages.create(asking('hello there'))
    expect(message.content).toMatchObject([{ text: 'You said: hello there' }])
    expect(stage.records).toMatchObject([{ ending: { kind: 'exact' } }])
  })

  it('may come compressed', async () => {
    stage.simulator.fault({ kind: 'gzip' })
    stage.simulator.fault({ kind: 'gzip' })
    const claude = stage.guard().wrap(stage.client())
    await claude.messages.create(asking('hello'))
    await claude.messages.stream(asking('hello')).finalMessage()
    expect(stage.records.map(({ ending }) => ending.kind)).toEqual(['exact', 'exact'])
  })
})

describe('a request', () => {
  it('that reaches nobody costs nothing', async () => {
    const gone = await openStage()
    await gone.close()
    const claude = stage.guard(budget('$10')).wrap(stage.client({ baseURL: gone.simulator.url }))
    expect(await rejection(claude.messages.create(asking('hello')))).toMatchObject({ message: 'Connection error.' })
    expect(stage.records).toMatchObject([{ ending: { kind: 'not-billed', reason: 'never-sent' } }])
  })

  it('that its budget can pay only in part goes out with fewer tokens, and else as it was', async () => {
    const bodies: string[] = []
    const fetch: typeof globalThis.fetch = (url, init) => {
      if (String(url).endsWith('/v1/messages')) bodies.push(String(init?.body))
      return globalThis.fetch(url, init)
    }
    const claude = stage.guard(budget('$0.02')).wrap(stage.client({ fetch }))
    const request = { ...asking('häßlich 🙂'), max_tokens: 20_000 }
    await claude.messages.create(request)
    const sent = JSON.parse(bodies[0] ?? '') as typeof request
    expect(sent.max_tokens).toBeLessThan(1_000)
    expect(bodies[0]).toBe(JSON.stringify({ ...request, max_tokens: sent.max_tokens }))
  })
})

function askFor(guard: Guard, signal?: AbortSignal) {
  const options = { headers: SLOW, ...(signal && { signal }) }
  return guard.wrap(stage.client()).messages.create({ ...asking('hello'), stream: true }, options)
}

const HEADERS = { 'x-api-key': 'sk-ant-test', 'anthropic-version': '2023-06-01', 'content-type': 'application/json' }

function plainRequest(): RequestInit {
  return { method: 'POST', headers: HEADERS, body: JSON.stringify(asking('hello')) }
}

function streamRequest(): RequestInit {
  return {
    method: 'POST',
    headers: { ...SLOW, ...HEADERS },
    body: JSON.stringify({ ...asking('hello'), stream: true }),
  }
}
