import Anthropic from '@anthropic-ai/sdk'
import { auditBills, type RunningSimulator, startSimulator, type VirtualClock, virtualClock } from '@runguard/simulator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BudgetExceededError } from '../../core/refusal/refusal-error.js'
import type { Runtime } from '../../engine/runtime.js'
import { manualRuntime } from '../../testing/manual-runtime.js'
import type { Middleware } from '../door/middleware-types.js'
import { type Batches, openBatches } from './batches.js'
import { BatchInputError, BatchSubmitError } from './batches-errors.js'
import { retrieveBatchResults } from './batches-promised.js'
import type { SubmitStep } from './batches-submit.js'

const createPath = '/v1/messages/batches'

let clock: VirtualClock
let simulator: RunningSimulator
let client: Anthropic
let runtime: Runtime
let batches: Batches

beforeEach(async () => {
  clock = virtualClock()
  simulator = await startSimulator({ clock })
  client = new Anthropic({ apiKey: 'sk-ant-test', baseURL: simulator.url, maxRetries: 2 })
  runtime = { ...manualRuntime(), now: () => clock.now(), sleep: (ms) => clock.advance(ms) }
  batches = openBatches({ client, runtime, limits: { items: 2, bytes: 100_000 } })
})

afterEach(async () => {
  await simulator.close()
})

function prompts(count: number) {
  return Array.from({ length: count }, (_, index) => ({ custom_id: `r${index}`, user_message: `number ${index}` }))
}

/** Prompts of which the third one calls `strike`: by then the first batch of two is about to exist. */
async function* promptsWithTrouble(strike: () => void) {
  for (const [index, prompt] of prompts(4).entries()) {
    if (index === 3) strike()
    yield prompt
  }
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  )
}

async function listed(): Promise<string[]> {
  const ids: string[] = []
  for await (const { id } of client.messages.batches.list()) ids.push(id)
  return ids
}

describe('a creation that is refused', () => {
  it('in the middle keeps the batches that exist, and says where to go on', async () => {
    const submitted = batches.submit(
      promptsWithTrouble(() => simulator.fault({ kind: 'status', status: 403 }, { path: createPath })),
    )
    const error = await errorOf(submitted)
    if (!(error instanceof BatchSubmitError)) throw error
    expect(error).toMatchObject({ outcome: 'not-created', submittedItems: 2, cause: { status: 403 } })
    expect(error.batchIds).toEqual(await listed())
    expect(await retrieveBatchResults(client, error.jobId ?? '', { runtime })).toHaveLength(2)
    await (await batches.submit(prompts(4).slice(error.submittedItems))).wait()
    expect(auditBills(simulator.log).byRequest.size).toBe(4)
  })

  it('at the start is the error of the client itself', async () => {
    simulator.fault({ kind: 'status', status: 402 }, { path: createPath })
    await expect(batches.submit(prompts(2))).rejects.toMatchObject({ status: 402 })
    expect(await listed()).toEqual([])
  })

  it('for being too early is tried again when the API says, once it has room', async () => {
    simulator.fault({ kind: 'status', status: 429, retryAfterSeconds: 30 }, { path: createPath })
    simulator.fault({ kind: 'status', status: 529 }, { path: createPath })
    const before = clock.now()
    const job = await batches.submit(prompts(2))
    expect(clock.now() - before).toBeGreaterThanOrEqual(32_000)
    expect(await listed()).toEqual(job.batchIds)
  })

  it('by a guard is its error, at once', async () => {
    const refusal = new BudgetExceededError('The budget of today is used up.')
    const refuse: Middleware = async (request, next) => {
      if (request.method === 'POST') throw refusal
      return await next(request)
    }
    const guarded = new Anthropic({ apiKey: 'sk-ant-test', baseURL: simulator.url, middleware: [refuse] })
    const before = clock.now()
    expect(await errorOf(openBatches({ client: guarded, runtime }).submit(prompts(2)))).toBe(refusal)
    expect(clock.now()).toBe(before)
  })

  it('keeps being refused only three times', async () => {
    simulator.fault({ kind: 'status', status: 429 }, { path: createPath, times: 3 })
    await expect(batches.submit(prompts(2))).rejects.toMatchObject({ status: 429 })
  })
})

describe('a creation without an answer', () => {
  it('is found in the list, and not sent twice', async () => {
    await batches.submit(prompts(2))
    simulator.fault({ kind: 'cut', afterBytes: 0 }, { path: createPath })
    const job = await batches.submit(prompts(4))
    expect([...job.batchIds].reverse()).toEqual((await listed()).slice(0, 2))
    expect(await listed()).toHaveLength(3)
    expect(await job.bill()).toMatchObject({ succeeded: 4 })
  })

  it('is unknown when the list shows nothing', async () => {
    simulator.fault({ kind: 'cut-before-head' }, { path: createPath })
    const error = await errorOf(batches.submit(prompts(2)))
    expect(error).toBeInstanceOf(BatchSubmitError)
    expect(error).toMatchObject({ outcome: 'unknown', candidateIds: [], batchIds: [], jobId: null })
    expect(await listed()).toEqual([])
  })

  it('is unknown when the list shows two that could be it', async () => {
    const rival = prompts(2).map(({ custom_id }) => ({
      custom_id,
      params: { model: 'claude-haiku-5-5', max_tokens: 9, messages: [{ role: 'user' as const, content: 'x' }] },
    }))
    const sleep = async (ms: number): Promise<void> => {
      if ((await listed()).length < 2) await client.messages.batches.create({ requests: rival })
      await clock.advance(ms)
    }
    simulator.fault({ kind: 'cut', afterBytes: 0 }, { path: createPath })
    const submitted = openBatches({ client, runtime: { ...runtime, sleep } }).submit(prompts(2))
    expect(await errorOf(submitted)).toMatchObject({ outcome: 'unknown', candidateIds: await listed() })
  })

  it('taken for a batch of somebody else is noticed when its results are read', async () => {
    const stranger = ['x', 'y'].map((custom_id) => ({
      custom_id,
      params: { model: 'claude-haiku-5-5', max_tokens: 9, messages: [{ role: 'user' as const, content: 'x' }] },
    }))
    const sleep = async (ms: number): Promise<void> => {
      if ((await listed()).length === 0) await client.messages.batches.create({ requests: stranger })
      await clock.advance(ms)
    }
    simulator.fault({ kind: 'cut-before-head' }, { path: createPath })
    const job = await openBatches({ client, runtime: { ...runtime, sleep } }).submit(prompts(2))
    await expect(job.bill()).rejects.toMatchObject({ name: 'BatchResultsError', problem: 'foreign' })
  })

  it('can be looked for by another process, which was told of it before it began', async () => {
    const steps: SubmitStep[] = []
    await batches.submit(prompts(3))
    await batches.submit(prompts(2), { onStep: (step) => void steps.push(step) })
    const [begun, done] = steps
    expect(begun).toMatchObject({ batchIds: [], submittedItems: 0, creating: { items: 2 } })
    expect(done).toMatchObject({ submittedItems: 2, creating: null })
    const { creating } = begun as SubmitStep
    if (creating === null) throw new Error('the first step creates nothing')
    expect(await batches.findCreated(creating)).toEqual(done?.batchIds)
    expect(await batches.findCreated({ ...creating, items: 3 })).toEqual([])
  })

  it('is not begun where whoever notes it down fails', async () => {
    const onStep = () => Promise.reject(new Error('no space'))
    await expect(batches.submit(prompts(2), { onStep })).rejects.toThrow('no space')
    expect(await listed()).toEqual([])
  })

  it('is not broken off by a caller who stops: what it came to is told, and the next one is not begun', async () => {
    const controller = new AbortController()
    const stopping = new Anthropic({
      apiKey: 'sk-ant-test',
      baseURL: simulator.url,
      fetch: async (url, init) => {
        if (init?.method === 'POST') controller.abort()
        return await fetch(url, init)
      },
    })
    const limits = { items: 2, bytes: 10_000 }
    const { signal } = controller
    const submitted = openBatches({ client: stopping, runtime, limits }).submit(prompts(5), { signal })
    const error = await errorOf(submitted)
    expect(error).toMatchObject({ name: 'BatchSubmitError', outcome: 'not-created', submittedItems: 2 })
    expect(error).toMatchObject({ batchIds: await listed() })
  })
})

describe('results', () => {
  it('that are cut in the middle are an error, and whole when read again', async () => {
    const job = await batches.submit(prompts(2))
    simulator.fault({ kind: 'cut', afterBytes: 100 }, { path: `${createPath}/{id}/results` })
    await expect(job.bill()).rejects.toThrow()
    expect(await job.bill()).toMatchObject({ succeeded: 2 })
  })

  it('that end early without a word are noticed', async () => {
    const job = await batches.submit(prompts(2))
    await job.wait()
    const shortening = new Anthropic({
      apiKey: 'sk-ant-test',
      baseURL: simulator.url,
      fetch: async (url, init) => {
        const response = await fetch(url, init)
        if (!String(url).endsWith('/results')) return response
        const [line] = (await response.text()).split('\n')
        return new Response(`${line}\n`, { status: 200 })
      },
    })
    const reading = openBatches({ client: shortening, runtime }).open(job.id).bill()
    await expect(reading).rejects.toMatchObject({ name: 'BatchResultsError', problem: 'incomplete' })
  })
})

describe('input that cannot be sent', () => {
  it.each<[string, unknown, RegExp]>([
    ['no id', { user_message: 'x' }, /prompt 2: has no custom_id/],
    ['an id that is a number', { custom_id: 7, user_message: 'x' }, /prompt 2: has no custom_id/],
    ['an id twice', { custom_id: 'r1', user_message: 'x' }, /prompt 2: uses the id "r1" again/],
    ['an id too long to carry', { custom_id: `é${'x'.repeat(60)}`, user_message: 'x' }, /prompt 2: the id .* 62 bytes/],
    ['no message', { custom_id: 'a' }, /prompt 2: has neither/],
    ['a message and params', { custom_id: 'a', user_message: 'x', params: {} }, /prompt 2: has a user_message and/],
    ['params that are a list', { custom_id: 'a', params: [] }, /prompt 2: has params that are not/],
    ['a stream', { custom_id: 'a', params: { stream: true } }, /prompt 2: asks for a stream/],
    ['too much', { custom_id: 'a', user_message: 'x'.repeat(100_000) }, /prompt 2: is too large for any batch/],
    ['nothing', null, /prompt 2: has no custom_id/],
  ])('%s: refused before anything is sent', async (_name, bad, message) => {
    const list = [...prompts(2), bad] as ReturnType<typeof prompts>
    const error = await errorOf(batches.submit(list))
    expect(error).toBeInstanceOf(BatchInputError)
    expect(error).toMatchObject({ index: 2, message: expect.stringMatching(message) })
    expect(simulator.log).toHaveLength(0)
  })

  it('keeps what was sent when prompts come one by one', async () => {
    async function* coming() {
      yield* prompts(3)
      yield { custom_id: 'r0', user_message: 'again' }
    }
    const error = await errorOf(batches.submit(coming()))
    expect(error).toMatchObject({ name: 'BatchSubmitError', submittedItems: 2, cause: { name: 'BatchInputError' } })
  })

  it('no prompts at all, or an id of a job that is none', async () => {
    await expect(batches.submit([])).rejects.toThrow(BatchInputError)
    expect(() => batches.open('../../secrets')).toThrow(RangeError)
    expect(() => batches.open('')).toThrow(RangeError)
    await expect(retrieveBatchResults(client, 'a,,b')).rejects.toThrow(RangeError)
  })
})
