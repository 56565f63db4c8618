import { memoryStore } from '@runguard/sdk/store'
import { manualRuntime } from '@runguard/sdk/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createEventHub, SHARED_MS } from '../src/control/event-hub.js'
import { openEventStream } from '../src/control/event-stream.js'
import { startControlHouse } from './control-house.js'

/** Reads events until one matches; fails the test by its own time-out if none does. */
async function readUntil(url: string, wanted: RegExp, headers: Record<string, string> = {}): Promise<string> {
  const leave = new AbortController()
  onTestFinished(() => leave.abort())
  const response = await fetch(url, { headers, signal: leave.signal })
  let text = ''
  for await (const piece of response.body ?? []) {
    text += Buffer.from(piece).toString()
    if (wanted.test(text)) break
  }
  leave.abort()
  return text
}

describe('what happens, as it happens', () => {
  it('tells of a call within a moment, and goes on where a listener stopped', async () => {
    const house = await startControlHouse({ store: memoryStore() })
    const listening = readUntil(`${house.url}/runguard/events`, /event: call\n[^\n]+\n\n/)
    await house.call({ 'x-runguard-session': 'live' })
    const [, id, data] = /id: (\S+)\nevent: call\ndata: (.+)/.exec(await listening) ?? []
    expect(JSON.parse(data ?? '{}').call.scope.session).toBe('live')
    await house.call({ 'x-runguard-session': 'missed' })
    const resumed = await readUntil(`${house.url}/runguard/events`, /event: call\n[^\n]+\n\n/, {
      'last-event-id': id ?? '',
    })
    expect(resumed).toContain('"session":"missed"')
    expect(resumed).not.toContain('"session":"live"')
  })

  it('says that something may be missing where it cannot know', async () => {
    const house = await startControlHouse()
    const text = await readUntil(`${house.url}/runguard/events`, /event: gap/, { 'last-event-id': 'another-hub-7' })
    expect(text).toContain('"kind":"gap"')
  })

  it('tells whoever listens after the session was read what has happened since, and nothing twice', async () => {
    const house = await startControlHouse({ store: memoryStore() })
    await house.call({ 'x-runguard-session': 'before' })
    await new Promise((resolve) => setTimeout(resolve, SHARED_MS + 100))
    const { lastEvent } = (await house.ask('session')).body as { lastEvent: string }
    await house.call({ 'x-runguard-session': 'between' })
    const text = await readUntil(`${house.url}/runguard/events?after=${lastEvent}`, /event: call\n[^\n]+\n\n/)
    expect(text).toContain('"session":"between"')
    expect(text).not.toMatch(/"session":"before"|event: gap/)
  })

  it('tells nobody who is not signed in how much has happened', async () => {
    const house = await startControlHouse({
      requireLogin: true,
      adminToken: 'an-admin-token-of-this-test-only-0123456789',
    })
    expect((await house.ask('session')).body.lastEvent).toBeNull()
  })

  it('has no listener behind a request for the head alone', async () => {
    const house = await startControlHouse()
    const head = await fetch(`${house.url}/runguard/events`, { method: 'HEAD' })
    expect(head.headers.get('content-type')).toContain('text/event-stream')
    let wasAsked = false
    const alert = new Proxy(
      {},
      {
        get: () => {
          wasAsked = true
          return undefined
        },
      },
    )
    house.control.ears.alert(alert as Parameters<typeof house.control.ears.alert>[0])
    expect(wasAsked).toBe(false)
  })

  it('ends its streams with the gateway', async () => {
    const house = await startControlHouse()
    const response = await fetch(`${house.url}/runguard/events`)
    house.control.close()
    let text = ''
    for await (const piece of response.body ?? []) text += Buffer.from(piece).toString()
    expect(text).toContain('retry:')
  })
})

describe('a stream of events', () => {
  const publish = (hub: ReturnType<typeof createEventHub>): void =>
    hub.publish('budgets', () => ({ kind: 'budgets', at: 1 }))

  /** How many events a stream begins with, and how many gaps. */
  const begin = async (stream: ReadableStream<Uint8Array>): Promise<readonly number[]> => {
    const reader = stream.getReader()
    const text = Buffer.from((await reader.read()).value ?? []).toString()
    await reader.cancel()
    return [/event: budgets/g, /event: gap/g].map((kind) => text.match(kind)?.length ?? 0)
  }

  it('lets go of a listener who does not read, and of nobody else', async () => {
    const runtime = manualRuntime()
    const hub = createEventHub(runtime)
    const signal = new AbortController().signal
    const open = () => openEventStream({ hub, runtime, lastId: null, signal, mayListen: async () => true })
    const [slow, quick] = [open().getReader(), open().getReader()]
    let heard = 0
    for (let count = 0; count < 700; count++) {
      publish(hub)
      heard +=
        Buffer.from((await quick.read()).value ?? [])
          .toString()
          .match(/event: budgets/g)?.length ?? 0
    }
    expect(heard).toBeGreaterThan(690)
    let isDone = false
    for (let reads = 0; reads < 100 && !isDone; reads++) isDone = (await slow.read()).done
    expect(isDone).toBe(true)
  })

  it('tells all that was missed, however much that is, as long as it is remembered', async () => {
    const runtime = manualRuntime()
    const hub = createEventHub(runtime)
    const lastId = hub.place()
    for (let count = 0; count < 1_001; count++) {
      const { signal } = new AbortController()
      const stream = openEventStream({ hub, runtime, lastId, signal, mayListen: async () => true })
      if (count % 250 === 0) expect(await begin(stream)).toEqual([count, 0])
      else await stream.cancel()
      publish(hub)
    }
    const { signal } = new AbortController()
    const late = openEventStream({ hub, runtime, lastId, signal, mayListen: async () => true })
    expect(await begin(late)).toEqual([0, 1])
  })

  it('can be begun where nothing is missed by answers that were put together for others a moment before', async () => {
    const runtime = manualRuntime()
    const hub = createEventHub(runtime)
    const missedNow = () => hub.listen(hub.place(), () => {}).missed?.length
    publish(hub)
    publish(hub)
    await runtime.advance(SHARED_MS - 1)
    publish(hub)
    expect(missedNow()).toBe(3)
    await runtime.advance(2)
    expect(missedNow()).toBe(1)
    await runtime.advance(SHARED_MS)
    expect(missedNow()).toBe(0)
  })

  it('is forgotten by the hub once its listener has left', async () => {
    const runtime = manualRuntime()
    const hub = createEventHub(runtime)
    const open = new Set<() => void>()
    const atClose = (task: () => void) => {
      open.add(task)
      const stop = hub.atClose(task)
      return () => {
        open.delete(task)
        stop()
      }
    }
    for (let count = 0; count < 20; count++) {
      const leave = new AbortController()
      const parts = { hub: { ...hub, atClose }, runtime, lastId: null, mayListen: async () => true }
      openEventStream({ ...parts, signal: leave.signal })
      expect(open.size).toBe(1)
      leave.abort()
      expect(open.size).toBe(0)
    }
  })

  it('ends when its listener may no longer listen', async () => {
    const runtime = manualRuntime()
    const hub = createEventHub(runtime)
    let may = true
    const { signal } = new AbortController()
    const reader = openEventStream({ hub, runtime, lastId: null, signal, mayListen: async () => may }).getReader()
    await reader.read()
    await runtime.advance(3_000)
    may = false
    await runtime.advance(3_000)
    expect((await reader.read()).done).toBe(true)
  })
})
