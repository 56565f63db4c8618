import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { type Connection, listen } from './live.js'

/** The stream of a gateway, spoken by the test. */
class SpokenEvents extends EventTarget {
  static readonly CLOSED = 2
  static opened: SpokenEvents[] = []
  static get last(): SpokenEvents | undefined {
    return SpokenEvents.opened.at(-1)
  }
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  readyState = 1
  readonly url: string
  constructor(url: string) {
    super()
    this.url = url
    SpokenEvents.opened.push(this)
  }
  say(kind: string, lastEventId = ''): void {
    this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify({ kind }), lastEventId }))
  }
  close(): void {
    this.readyState = SpokenEvents.CLOSED
  }
}

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
  SpokenEvents.opened = []
})

/** Listens until the test ends, with a clock that the test moves. Answers how the connection was from time to time. */
function listenOn(queries: QueryClient, lastEvent: string | null = null): readonly Connection[] {
  vi.stubGlobal('EventSource', SpokenEvents)
  vi.useFakeTimers({ now: 0 })
  const told: Connection[] = []
  onTestFinished(listen(queries, (connection) => told.push(connection), lastEvent))
  return told
}

it('what happened between the first reading and the opening of the stream is read once it is open', async () => {
  const queries = new QueryClient()
  const states = ['before', 'after']
  const observer = new QueryObserver(queries, { queryKey: ['sessions'], queryFn: async () => states.shift() ?? 'more' })
  onTestFinished(observer.subscribe(() => {}))
  listenOn(queries)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(observer.getCurrentResult().data).toBe('before')
  SpokenEvents.last?.onopen?.()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(observer.getCurrentResult().data).toBe('after')
  await vi.advanceTimersByTimeAsync(10_000)
  expect(observer.getCurrentResult().data).toBe('after')
})

it('what was read after the place where the stream begins is read again only if something has happened', async () => {
  const queries = new QueryClient()
  let reads = 0
  const observer = new QueryObserver(queries, { queryKey: ['sessions'], queryFn: async () => ++reads })
  onTestFinished(observer.subscribe(() => {}))
  listenOn(queries, 'hub/7-3')
  expect(SpokenEvents.last?.url).toBe('/runguard/events?after=hub%2F7-3')
  SpokenEvents.last?.onopen?.()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(reads).toBe(1)
  SpokenEvents.last?.say('call', 'hub/7-4')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(reads).toBe(2)
})

it('a stream that is opened anew goes on behind the last event that was heard', async () => {
  listenOn(new QueryClient(), 'hub-3')
  SpokenEvents.last?.onopen?.()
  SpokenEvents.last?.say('call', 'hub-4')
  SpokenEvents.last?.say('beat')
  await vi.advanceTimersByTimeAsync(36_000)
  expect(SpokenEvents.opened.map(({ url }) => url.replace(/.*after=/, ''))).toEqual(['hub-3', 'hub-4'])
})

it('a reading that was on its way when the stream opened is made again, and no other one twice', async () => {
  const queries = new QueryClient()
  listenOn(queries)
  const reads = { slow: 0, fast: 0 }
  const read = (name: keyof typeof reads, ms: number) => async () => {
    reads[name] += 1
    await new Promise((resolve) => setTimeout(resolve, ms))
    return reads[name]
  }
  for (const [name, ms] of [
    ['slow', 3_000],
    ['fast', 10],
  ] as const) {
    const observer = new QueryObserver(queries, { queryKey: [name], queryFn: read(name, ms) })
    onTestFinished(observer.subscribe(() => {}))
  }
  SpokenEvents.last?.onopen?.()
  await vi.advanceTimersByTimeAsync(20_000)
  expect(reads).toEqual({ slow: 2, fast: 2 })
})

it('a stream on which nothing comes for a while is not called live, and is opened anew', async () => {
  const told = listenOn(new QueryClient())
  SpokenEvents.last?.onopen?.()
  for (let beats = 0; beats < 8; beats++) {
    await vi.advanceTimersByTimeAsync(15_000)
    SpokenEvents.last?.say('beat')
  }
  expect(told).toEqual([{ kind: 'live' }])
  await vi.advanceTimersByTimeAsync(36_000)
  expect(told.at(-1)).toEqual({ kind: 'lost', heardAtMs: 120_000 })
  expect(SpokenEvents.opened.map(({ readyState }) => readyState)).toEqual([2, 1])
  SpokenEvents.last?.onopen?.()
  expect(told.at(-1)).toEqual({ kind: 'live' })
})

it('a gateway that takes connections and says nothing is asked again and again', async () => {
  const told = listenOn(new QueryClient())
  await vi.advanceTimersByTimeAsync(200_000)
  expect(SpokenEvents.opened.filter(({ readyState }) => readyState !== 2)).toHaveLength(1)
  expect(SpokenEvents.opened.length).toBeGreaterThan(4)
  expect(told).toContainEqual({ kind: 'lost', heardAtMs: 0 })
  expect(told).not.toContainEqual({ kind: 'live' })
})

it('a stream that was refused is opened anew, and who is signed in is asked anew', async () => {
  const queries = new QueryClient()
  let asked = 0
  const observer = new QueryObserver(queries, { queryKey: ['session'], queryFn: async () => ++asked })
  onTestFinished(observer.subscribe(() => {}))
  listenOn(queries)
  await vi.advanceTimersByTimeAsync(10)
  SpokenEvents.last?.close()
  SpokenEvents.last?.onerror?.()
  await vi.advanceTimersByTimeAsync(2_500)
  expect([asked, SpokenEvents.opened.length]).toEqual([2, 2])
})

it('an overview that the gateway has just made for others is not taken for one with what has happened since', async () => {
  vi.stubGlobal('EventSource', SpokenEvents)
  vi.useFakeTimers()
  const queries = new QueryClient()
  let [madeAt, made] = [Date.now(), 'before']
  let now = 'before'
  const queryFn = async () => {
    if (Date.now() - madeAt >= 500) [madeAt, made] = [Date.now(), now]
    return made
  }
  const observer = new QueryObserver(queries, { queryKey: ['overview'], queryFn })
  const leave = observer.subscribe(() => {})
  const stop = listen(queries, () => {}, null)
  await vi.advanceTimersByTimeAsync(100)
  now = 'after'
  SpokenEvents.last?.say('budgets')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(observer.getCurrentResult().data).toBe('after')
  stop()
  leave()
})

it('what happens while a page is being read is shown when it has been read, without another event', async () => {
  vi.stubGlobal('EventSource', SpokenEvents)
  const queries = new QueryClient()
  const answers: ((text: string) => void)[] = []
  const queryFn = () => new Promise<string>((resolve) => answers.push(resolve))
  const observer = new QueryObserver(queries, { queryKey: ['budgets'], queryFn })
  const leave = observer.subscribe(() => {})
  const stop = listen(queries, () => {}, null)
  SpokenEvents.last?.say('budgets')
  await vi.waitFor(() => expect(queries.getQueryState(['budgets'])?.isInvalidated).toBe(true))
  answers[0]?.('as it was before')
  await vi.waitFor(() => expect(answers).toHaveLength(2))
  answers[1]?.('as it is')
  await vi.waitFor(() => expect(observer.getCurrentResult().data).toBe('as it is'))
  stop()
  leave()
})
