import Anthropic, { type ClientOptions } from '@anthropic-ai/sdk'
import type { Middleware } from '@anthropic-ai/sdk/core/middleware'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asking, type ClientStage, openStage, rejection } from '../../../test/client-stage.js'
import { BudgetExceededError } from '../index.js'

let stage: ClientStage

beforeEach(async () => {
  stage = await openStage()
})

afterEach(() => stage.close())

describe('a guarded client', () => {
  it('is of the type it was, and the client that was passed stays unguarded', async () => {
    const plain = stage.client()
    const claude: Anthropic = stage.guard().wrap(plain)
    expect(claude).toBeInstanceOf(Anthropic)
    await plain.messages.create(asking('hello'))
    expect(stage.records).toEqual([])
  })

  it('answers as before, and its call is recorded with its exact cost', async () => {
    const claude = stage.guard().wrap(stage.client())
    const message = await claude.messages.create(asking('hello there'))
    expect(message.content).toEqual([{ type: 'text', text: 'You said: hello there' }])
    expect(stage.records).toMatchObject([{ endpoint: 'messages', status: 200, ending: { kind: 'exact' } }])
    expect(stage.records[0]?.upstreamId).toBe(message._request_id)
    const { input_tokens: input, output_tokens: output } = message.usage
    expect(stage.records[0]?.usage?.parts).toMatchObject([{ input, output }])
    // 4 and 20 dollars a million tokens.
    expect(stage.records[0]?.cost.nano).toBe(input * 4_000 + output * 20_000)
  })

  it('streams as before', async () => {
    const claude = stage.guard().wrap(stage.client())
    const streamed: string[] = []
    const stream = claude.messages.stream(asking('[[sim:text 200]]')).on('text', (text) => streamed.push(text))
    const message = await stream.finalMessage()
    expect(streamed.length).toBeGreaterThan(5)
    expect(message.content).toMatchObject([{ text: streamed.join('') }])
    expect(stage.records).toMatchObject([{ isStream: true, ending: { kind: 'exact' } }])
    expect(stage.records[0]?.usage?.parts[0]?.output).toBe(message.usage.output_tokens)
  })

  it('covers the beta methods and the tool runner, each model call by itself', async () => {
    const claude = stage.guard().wrap(stage.client())
    const look = {
      name: 'look',
      description: 'Looks something up.',
      input_schema: { type: 'object' as const, properties: { path: { type: 'string' } }, required: ['path'] },
      parse: (input: unknown) => input as { path: string },
      run: () => 'nothing there',
    }
    const runner = claude.beta.messages.toolRunner({
      ...asking('[[sim:tool look {"path":"a"}]]'),
      max_iterations: 2,
      tools: [look],
    })
    await runner.runUntilDone()
    const served = stage.simulator.log.filter(({ path }) => path === '/v1/messages')
    expect(served.length).toBeGreaterThan(1)
    expect(stage.records.map(({ endpoint }) => endpoint)).toEqual(served.map(() => 'messages'))
  })

  it('counts tokens and lists models for nothing', async () => {
    const claude = stage.guard({ budgets: [{ scope: 'everything', limit: 0, window: 'day' }] }).wrap(stage.client())
    const { model, messages } = asking('hello')
    expect((await claude.messages.countTokens({ model, messages })).input_tokens).toBeGreaterThan(0)
    expect((await claude.models.list()).data.length).toBeGreaterThan(0)
    expect(stage.records.map(({ endpoint, ending }) => [endpoint, ending.kind])).toEqual([
      ['count-tokens', 'not-billed'],
      ['models', 'not-billed'],
    ])
  })

  it('is refused with an exception of ours, after no request at all', async () => {
    const guard = stage.guard({ budgets: [{ scope: 'everything', limit: '$0.000001', window: 'day' }] })
    const claude = guard.wrap(stage.client({ maxRetries: 2 }))
    const error = await rejection(claude.messages.create(asking('hello')))
    expect(error).toBeInstanceOf(BudgetExceededError)
    expect(error).toMatchObject({ code: 'runguard_budget_exceeded', scope: 'everything', limitUsd: 0.000001 })
    expect(error).toMatchObject({ requestId: stage.records[0]?.id })
    await stage.simulator.idle()
    expect(stage.simulator.log.filter(({ path }) => path === '/v1/messages')).toEqual([])
    expect(stage.records).toMatchObject([{ ending: { kind: 'not-billed', reason: 'refused' } }])
  })

  it('retries as before, and each try is a call of its own', async () => {
    stage.simulator.fault({ kind: 'status', status: 529, headers: { 'retry-after-ms': '1' } })
    stage.simulator.fault({ kind: 'cut-before-head' })
    const claude = stage.guard().wrap(stage.client({ maxRetries: 2 }))
    await claude.messages.create(asking('hello'))
    expect(stage.records.map(({ status, ending }) => [status, ending.reason])).toEqual([
      [529, 'error-status'],
      [null, 'upstream-failed'],
      [200, 'complete'],
    ])
  })

  it('hands out the answer itself, with what RunGuard knows of it in the head', async () => {
    const claude = stage.guard().wrap(stage.client())
    const response = await claude.messages.create(asking('hello')).asResponse()
    expect(response.url).toBe(`${stage.simulator.url}/v1/messages`)
    expect(response.headers.get('x-runguard-request-id')).toBe(stage.records[0]?.id)
    expect(Number(response.headers.get('x-runguard-cost-usd')) * 1e9).toBe(stage.records[0]?.cost.nano)
    expect(await response.json()).toMatchObject({ type: 'message' })
  })
})

describe('beside the middleware of a program', () => {
  it('sees what that makes of a request, and each of its tries', async () => {
    let tries = 0
    const claude = stage.guard().wrap(
      stage.client({
        middleware: [
          async (request, next) => {
            tries += 1
            const body = String(request.body).replace('claude-opus-5-5', 'claude-haiku-5-5')
            await (await next({ ...request, body })).body?.cancel()
            return await next({ ...request, body })
          },
        ],
      }),
    )
    await claude.messages.create(asking('hello'))
    expect(tries).toBe(1)
    const models = stage.records.map(({ requestedModel }) => requestedModel)
    expect(models).toEqual(['claude-haiku-5-5', 'claude-haiku-5-5'])
  })

  it('lets it look into the answer', async () => {
    const seen: unknown[] = []
    const claude = stage.guard().wrap(
      stage.client({
        middleware: [
          async (request, next, context) => {
            const response = await next(request)
            for await (const event of (await context.parse(response)) as AsyncIterable<{ type: string }>) {
              seen.push(event.type)
            }
            return response
          },
        ],
      }),
    )
    const message = await claude.messages.stream(asking('hello')).finalMessage()
    expect(seen.at(-1)).toBe('message_stop')
    expect(message.stop_reason).toBe('end_turn')
    expect(stage.records).toMatchObject([{ ending: { kind: 'exact' } }])
  })
})

describe('guarding twice', () => {
  it.each([
    ['wrapped again', (guard, client) => guard.wrap(guard.wrap(client))],
    [
      'wrapped with the middleware in place',
      (guard, client) => guard.wrap(client.withOptions({ middleware: [guard.middleware] })),
    ],
    ['wrapped over a guarded fetch', (guard, client) => guard.wrap(client.withOptions({ fetch: guard.fetch }))],
    [
      'middleware over a guarded fetch',
      (guard, client) => client.withOptions({ fetch: guard.fetch, middleware: [guard.middleware] }),
    ],
    ['a fetch guarded twice', (guard, client) => client.withOptions({ fetch: guard.guardFetch(guard.fetch) })],
    ['cloned with other options', (guard, client) => guard.wrap(guard.wrap(client).withOptions({ timeout: 5_000 }))],
  ] as const satisfies readonly (readonly [
    string,
    (guard: ReturnType<ClientStage['guard']>, client: Anthropic) => Anthropic,
  ])[])('counts a call once: %s', async (_, guardTwice) => {
    const claude = guardTwice(stage.guard(), stage.client())
    await claude.messages.create(asking('hello'))
    await claude.messages.stream(asking('hello')).finalMessage()
    expect(stage.records.length).toBe(2)
  })

  it('counts a call once where the middleware comes with the request as well', async () => {
    const guard = stage.guard()
    await guard.wrap(stage.client()).messages.create(asking('hello'), { middleware: [guard.middleware] })
    expect(stage.records.length).toBe(1)
  })

  it('counts for each of two guards', async () => {
    const claude = stage.guard().wrap(stage.guard().wrap(stage.client()))
    await claude.messages.create(asking('hello'))
    expect(stage.records.length).toBe(2)
  })

  it('moves a client to the account of a session', async () => {
    const guard = stage.guard()
    const claude = guard.session({ id: 'two' }).wrap(guard.session({ id: 'one' }).wrap(guard.wrap(stage.client())))
    await claude.messages.create(asking('hello'))
    expect(stage.records.map(({ scope }) => scope.session)).toEqual(['two'])
  })
})

describe('other clients', () => {
  /** As the clients for other clouds do it: behind all middleware the call becomes one of another API. */
  class Elsewhere extends Anthropic {
    protected override backendMiddleware(): Middleware[] {
      return [(request, next) => next({ ...request, url: 'https://elsewhere.invalid/model/opus/invoke' })]
    }
  }

  it('are seen in the form of the Claude API', async () => {
    const sent: string[] = []
    const options: ClientOptions = {
      apiKey: 'sk-ant-test',
      baseURL: stage.simulator.url,
      fetch: (url, init) => {
        sent.push(String(url))
        return fetch(`${stage.simulator.url}/v1/messages`, init)
      },
    }
    const claude = stage.guard().wrap(new Elsewhere(options))
    expect(claude).toBeInstanceOf(Elsewhere)
    await claude.messages.create(asking('hello'))
    expect(sent).toEqual(['https://elsewhere.invalid/model/opus/invoke'])
    expect(stage.records).toMatchObject([{ requestedModel: 'claude-opus-5-5', ending: { kind: 'exact' } }])
  })

  it('without middleware are guarded through their fetch', async () => {
    const { simulator } = stage
    const old = (fetch: typeof globalThis.fetch) => ({
      messages: {},
      fetch,
      withOptions: (options: { fetch: typeof globalThis.fetch }) => old(options.fetch),
      ask: () =>
        fetch(`${simulator.url}/v1/messages`, {
          method: 'POST',
          headers: {
            'x-api-key': 'sk-ant-test',
            'anthropic-version': '2023-06-01',
            'content-type': 'application/json',
          },
          body: JSON.stringify(asking('hello')),
        }),
    })
    const guard = stage.guard()
    const answer = await guard.wrap(guard.wrap(old(globalThis.fetch))).ask()
    expect(answer.status).toBe(200)
    expect(stage.records.length).toBe(1)
  })

  it.each([
    ['nothing like a client', {}, /wrap\(\) takes a client of @anthropic-ai\/sdk/],
    ['a client without a way in', { messages: {}, withOptions() {} }, /neither middleware nor a fetch/],
    ['an old client of Bedrock', { messages: {}, withOptions() {}, fetch, awsRegion: 'x' }, /Bedrock or Vertex/],
  ])('that cannot be guarded are refused: %s', (_, client, message) => {
    expect(() => stage.guard().wrap(client)).toThrow(
      expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(message) }),
    )
  })
})
