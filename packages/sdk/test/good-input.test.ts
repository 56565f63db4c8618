import { runInNewContext } from 'node:vm'
import Anthropic from '@anthropic-ai/sdk'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import * as sdk from '../src/client/index.js'
import { outcomeOf } from './bad-input.js'
import { asking } from './client-stage.js'
import { type CallsOnStage, openPublicCalls } from './public-calls.js'

let opened: CallsOnStage
let stage: CallsOnStage['stage']

beforeAll(async () => {
  opened = await openPublicCalls()
  stage = opened.stage
})
afterAll(() => opened.close())

class Settings {
  constructor(fields: object) {
    Object.assign(this, fields)
  }

  get [Symbol.toStringTag](): string {
    return 'Settings'
  }
}

const inOtherRealm = runInNewContext(`(fields) => {
  const own = (value) => (Array.isArray(value) ? [...value] : value)
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, own(value)]))
}`) as (fields: object) => object

/** What programs write instead of an object literal. */
const forms: Readonly<Record<string, (fields: object) => object>> = {
  'a frozen one': (fields) => Object.freeze({ ...fields }),
  'one without a prototype': (fields) => Object.assign(Object.create(null), fields),
  'one of a class': (fields) => new Settings(fields),
  'one of another realm': inOtherRealm,
  'a proxy': (fields) => new Proxy(fields, {}),
  'one with a symbol': (fields) => ({ ...fields, [Symbol('traced')]: true }),
  'one with getters': (fields) =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        Object.entries(fields).map(([name, value]) => [name, { enumerable: true, get: () => value as unknown }]),
      ),
    ),
  'one with more that is undefined': (fields) => ({ ...fields, notSet: undefined }),
}

/** A configuration is a file, or could be one: there a name that is not known is a slip, whatever it says. */
const strict = ['createGuard']

describe('an object that is as good as a literal', () => {
  it.each(Object.entries(forms))('is taken wherever one is: %s', async (form, make) => {
    const refused: unknown[] = []
    for (const [name, { working }] of Object.entries(opened.calls)) {
      if (form.includes('undefined') && strict.includes(name)) continue
      const outcome = await outcomeOf(() => {
        const [call, ...args] = working()
        return call(...(args.map((arg) => (isLiteral(arg) ? make(arg) : arg)) as never[]))
      })
      if (outcome.kind !== 'accepted') refused.push([name, String(outcome.error)])
    }
    expect(refused).toEqual([])
  })
})

function isLiteral(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** As libraries for tracing do: every object and function of the client is stood in for. */
function traced<Part extends object>(part: Part, seen: string[], path = ''): Part {
  return new Proxy(part, {
    get: (target, name, receiver) => {
      const value: unknown = Reflect.get(target, name, path === '' ? target : receiver)
      if (typeof value === 'object' && value !== null) return traced(value, seen, `${path}.${String(name)}`)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        seen.push(`${path}.${String(name)}`)
        return Reflect.apply(value, target, args) as unknown
      }
    },
  })
}

class OwnClient extends Anthropic {}

describe('a client that is as good as a new one', () => {
  const forms: readonly [string, () => Anthropic][] = [
    [
      'of a class of its own',
      () => new OwnClient({ apiKey: 'sk-ant-test', baseURL: stage.simulator.url, maxRetries: 0 }),
    ],
    ['traced', () => traced(stage.client(), [])],
    ['frozen', () => Object.freeze(stage.client()) as Anthropic],
    ['guarded by another guard', () => stage.guard().wrap(stage.client())],
  ]

  it.each(forms)('is taken: %s', async (_, open) => {
    const client = open()
    const message = await sdk.callWithCaching(client, asking('hello'))
    expect(message.content).toMatchObject([{ text: 'You said: hello' }])
    const guarded = stage.guard().wrap(client)
    expect((await guarded.messages.create(asking('again'))).content).toMatchObject([{ text: 'You said: again' }])
    const agent = new sdk.AgentSession({ client })
    expect(await agent.turn('classify', 'and again')).toBe('You said: and again')
    expect(await sdk.submitBatchJob(client, [{ custom_id: 'a', user_message: 'b' }])).toMatch(/^msgbatch_/)
  })

  it('is traced still where it was', async () => {
    const seen: string[] = []
    await sdk.callWithCaching(traced(stage.client(), seen), asking('hello'))
    expect(seen).toContain('.messages.create')
  })

  it('may be a mock, all parts of which are functions', async () => {
    const create = Object.assign(() => Promise.resolve({ id: 'mocked' }), {})
    const batches = Object.assign(() => {}, { create: () => {}, results: () => {}, retrieve: () => {}, list: () => {} })
    const messages = Object.assign(() => {}, { create, batches })
    const client = Object.assign(() => {}, { messages }) as unknown as Anthropic
    expect(await sdk.callWithCaching(client, asking('hello'))).toEqual({ id: 'mocked' })
    expect(sdk.openBatches({ client }).open('msgbatch_1').id).toBe('msgbatch_1')
  })
})

describe('options of a call', () => {
  it('may be such as only the client and its middleware know', async () => {
    const seen: unknown[] = []
    const client = stage.client({
      middleware: [
        (request, next, context) => {
          seen.push(context.options)
          return next(request)
        },
      ],
    })
    const options = { idempotencyKey: 'k', query: { beta: 'true' }, myContext: 'c', tag: 't', stream: undefined }
    await sdk.callWithCaching(client, asking('hello'), { ...options, ttl: '5m' } as never)
    expect(seen).toMatchObject([{ myContext: 'c', tag: 't', query: { beta: 'true' } }])
    const cascade = stage.guard().cascade(['small'], () => true)
    await cascade.create(client, asking('hello'), options as never)
  })

  it.each([
    ['an object', { 'x-a': 'b' }],
    ['Headers', new Headers({ 'x-a': 'b' })],
    ['a list of pairs', [['x-a', 'b']]],
    ['none', null],
  ])('have headers in every form that the client takes: %s', async (_, headers) => {
    await sdk.callWithCaching(stage.client(), asking('hello'), { headers: headers as never })
  })

  it('have a signal of whatever make', async () => {
    const { signal } = new AbortController()
    const listening = {
      aborted: false,
      addEventListener: () => {},
      removeEventListener: () => {},
    } as unknown as AbortSignal
    for (const each of [signal, listening, null]) {
      await sdk.callWithCaching(
        stage.client({ fetch: (url, init) => fetch(url, { ...init, signal: null }) }),
        asking('hello'),
        { signal: each },
      )
    }
  })
})

test('a run may be stopped by a signal that a library has made', async () => {
  const heard = new EventTarget()
  const signal = Object.assign(heard, { aborted: false, reason: undefined }) as unknown as AbortSignal
  const run = new sdk.AgentSession({ client: stage.client() }).run('hello', { signal })
  heard.dispatchEvent(new Event('abort'))
  expect((await run.result).reason).toMatchObject({ kind: 'aborted', cause: { name: 'AbortError' } })
})

test('times and books may be of another realm', () => {
  const at = runInNewContext('new Date(1790000000000)') as Date
  expect(sdk.estimateCost('claude-haiku-5-5', 1_000, 1_000, { at })).toBe(
    sdk.estimateCost('claude-haiku-5-5', 1_000, 1_000, { at: 1_790_000_000_000 }),
  )
})

test('a runtime that was written before there were seals serves large calls too', async () => {
  const { seal: _, ...runtime } = sdk.systemRuntime()
  const client = stage.guard({ runtime }).wrap(stage.client())
  const [said] = asking('hello '.repeat(1_000)).messages
  const messages = Array.from({ length: 9 }, () => said as Anthropic.MessageParam)
  for (const more of [messages, [...messages, ...messages]]) {
    expect((await client.messages.create({ ...asking(''), messages: more })).type).toBe('message')
  }
})

test('params of a session may name what it sets itself, as long as they say nothing of it', () => {
  const params = { model: undefined, stream: undefined, temperature: 1 } as object
  expect(() => new sdk.AgentSession({ client: stage.client(), params })).not.toThrow()
})
