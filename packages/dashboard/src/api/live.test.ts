import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { listen } from './live.js'

/** The stream of a gateway, spoken by the test. */
class SpokenEvents extends EventTarget {
  static last: SpokenEvents | null = null
  constructor() {
    super()
    SpokenEvents.last = this
  }
  say(kind: string): void {
    this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify({ kind }) }))
  }
  close(): void {}
}

afterEach(() => vi.unstubAllGlobals())

it('an overview that the gateway has just made for others is not taken for one with what has happened since', async () => {
  vi.stubGlobal('EventSource', SpokenEvents)
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const queries = new QueryClient()
  let [madeAt, made] = [Date.now(), 'before']
  let now = 'before'
  const queryFn = async () => {
    if (Date.now() - madeAt >= 500) [madeAt, made] = [Date.now(), now]
    return made
  }
  const observer = new QueryObserver(queries, { queryKey: ['overview'], queryFn })
  const leave = observer.subscribe(() => {})
  const stop = listen(queries, () => {})
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
  const stop = listen(queries, () => {})
  SpokenEvents.last?.say('budgets')
  await vi.waitFor(() => expect(queries.getQueryState(['budgets'])?.isInvalidated).toBe(true))
  answers[0]?.('as it was before')
  await vi.waitFor(() => expect(answers).toHaveLength(2))
  answers[1]?.('as it is')
  await vi.waitFor(() => expect(observer.getCurrentResult().data).toBe('as it is'))
  stop()
  leave()
})
