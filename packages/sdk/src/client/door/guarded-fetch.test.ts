import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asking, type ClientStage, openStage, rejection } from '../../../test/client-stage.js'
import { errorFromWire } from '../index.js'

let stage: ClientStage

beforeEach(async () => {
  stage = await openStage()
})

afterEach(() => stage.close())

const headers = { 'x-api-key': 'sk-ant-test', 'anthropic-version': '2023-06-01', 'content-type': 'application/json' }
const body = JSON.stringify(asking('hello'))
const url = (path: string) => `${stage.simulator.url}${path}`
const nothing = { budgets: [{ scope: 'everything', limit: 0, window: 'day' as const }] }

describe('a guarded fetch', () => {
  it.each<[string, () => [string | URL | Request, RequestInit?]]>([
    ['an address', () => [url('/v1/messages'), { method: 'POST', headers, body }]],
    ['a URL, in small letters', () => [new URL(url('/v1/messages?beta=true')), { method: 'post', headers, body }]],
    ['a Request', () => [new Request(url('/v1/messages'), { method: 'POST', headers, body })]],
    ['a Request with other headers', () => [new Request(url('/v1/messages'), { method: 'POST', body }), { headers }]],
    ['bytes', () => [url('/v1/messages'), { method: 'POST', headers, body: new TextEncoder().encode(body) }]],
    ['a Blob', () => [url('/v1/messages'), { method: 'POST', headers, body: new Blob([body]) }]],
    [
      'a stream',
      () => [
        url('/v1/messages'),
        { method: 'POST', headers, body: new Blob([body]).stream(), duplex: 'half' } as RequestInit,
      ],
    ],
  ])('takes %s', async (_, call) => {
    const answer = await stage.guard().fetch(...call())
    expect(await answer.json()).toMatchObject({ content: [{ text: 'You said: hello' }] })
    expect(stage.records).toMatchObject([
      { endpoint: 'messages', ending: { kind: 'exact' }, requestBytes: body.length },
    ])
  })

  it.each(['//v1/messages', '/v1/%6dessages', '/V1/Messages', '/x/../v1/messages', '/v1/messages;a=b'])(
    'guards a call however its address is spelled: %s',
    async (path) => {
      const answer = await stage.guard(nothing).fetch(url(path), { method: 'POST', headers, body })
      expect(answer.status).toBe(402)
    },
  )

  it.each<[string, (bytes: Uint8Array<ArrayBuffer>) => NonNullable<RequestInit['body']>]>([
    ['bytes', (bytes) => bytes],
    ['a part of a buffer', (bytes) => new DataView(bytes.buffer, 3)],
    ['a buffer', ({ buffer }) => buffer],
  ])('has taken %s when it is called: they may be filled anew while it is awaited', async (kind, bodyOf) => {
    const guard = stage.guard()
    const { fetch } = guard
    for (const isLoaded of [false, true]) {
      const text = kind === 'a part of a buffer' ? `   ${body}` : body
      const bytes = new TextEncoder().encode(text)
      const answering = fetch(url('/v1/messages'), { method: 'POST', headers, body: bodyOf(bytes) })
      bytes.fill(0x20)
      expect([isLoaded, await (await answering).json()]).toMatchObject([
        isLoaded,
        { content: [{ text: 'You said: hello' }] },
      ])
    }
  })

  it('reads a compressed request', async () => {
    const sent = { method: 'POST', headers: { ...headers, 'content-encoding': 'gzip' }, body: gzipSync(body) }
    const refused = await stage.guard(nothing).fetch(url('/v1/messages'), sent)
    expect(errorFromWire(refused.status, {}, await refused.json())?.code).toBe('runguard_budget_exceeded')
    const broken = await stage.guard().fetch(url('/v1/messages'), { ...sent, body: 'no gzip' })
    expect(errorFromWire(broken.status, {}, await broken.json())?.code).toBe('runguard_malformed_request')
    const unknown = { ...sent, headers: { ...headers, 'content-encoding': 'br' } }
    const answer = await stage.guard().fetch(url('/v1/messages'), unknown)
    expect(errorFromWire(answer.status, {}, await answer.json())?.code).toBe('runguard_unsupported_encoding')
    await stage.simulator.idle()
    expect(stage.simulator.log).toEqual([])
  })

  it('answers a refusal in the shape of the API, which tells clients not to try again', async () => {
    const answer = await stage.guard(nothing).fetch(url('/v1/messages'), { method: 'POST', headers, body })
    expect(answer.status).toBe(402)
    expect(answer.headers.get('x-should-retry')).toBe('false')
    expect(answer.headers.get('x-runguard-request-id')).toBe(stage.records[0]?.id)
    const error = errorFromWire(answer.status, {}, await answer.text())
    expect(error).toMatchObject({ name: 'BudgetExceededError', scope: 'everything', requestId: stage.records[0]?.id })
  })

  it('finds the call behind whatever path a proxy has in front, and behind a project', async () => {
    const paths = ['/v1/messages', '/anthropic/v1/messages', '/v1/account/anthropic/messages', '/p/docs/v1/messages']
    const guard = stage.guard()
    const seen: string[] = []
    const fetch = guard.guardFetch(async (input) => {
      seen.push(new URL(String(input)).pathname)
      return await globalThis.fetch(url('/v1/messages'), { method: 'POST', headers, body })
    })
    for (const path of paths) await fetch(url(path), { method: 'POST', headers, body })
    expect(seen).toEqual(paths)
    expect(stage.records.map(({ endpoint, target }) => [endpoint, target])).toEqual(
      paths.map(() => ['messages', 'POST /v1/messages']),
    )
    expect(stage.records.map(({ scope }) => scope.project)).toEqual([null, null, null, 'docs'])
  })

  it('lets nothing of RunGuard go out, and everything else', async () => {
    let sent = new Headers()
    const fetch = stage.guard().guardFetch(async (_, init) => {
      sent = new Headers(init?.headers)
      return new Response('{}', { status: 200, headers: { 'x-runguard-secret': 'x', other: 'y' } })
    })
    const own = { 'x-runguard-session': 'abc', 'X-RunGuard-Tag': 'a,b', 'anthropic-beta': 'one,two' }
    const answer = await fetch(url('/v1/messages'), { method: 'POST', headers: { ...headers, ...own }, body })
    expect([...sent.keys()].sort()).toEqual([...Object.keys(headers), 'anthropic-beta'].sort())
    expect(answer.headers.get('x-runguard-secret')).toBeNull()
    expect(answer.headers.get('other')).toBe('y')
    expect(stage.records).toMatchObject([{ scope: { session: 'abc', tags: ['a', 'b'] } }])
  })

  it('passes on what it does not know as it is', async () => {
    const bytes = new Uint8Array([0, 255, 1, 254])
    const fetch = stage.guard().guardFetch(async (_, init) => new Response(init?.body, { status: 201 }))
    const answer = await fetch('https://elsewhere.invalid/v1/files', { method: 'POST', body: bytes })
    expect([answer.status, new Uint8Array(await answer.arrayBuffer())]).toEqual([201, bytes])
    expect(stage.records).toMatchObject([{ endpoint: 'other', ending: { kind: 'unmetered' } }])
  })

  it('gives back answers without a body', async () => {
    const fetch = stage.guard().guardFetch(async () => new Response(null, { status: 204 }))
    const answer = await fetch('https://elsewhere.invalid/v1/files/one', { method: 'DELETE' })
    expect([answer.status, answer.body]).toEqual([204, null])
    expect(stage.records).toMatchObject([{ status: 204 }])
  })

  it('throws what its fetch throws', async () => {
    const broken = new TypeError('fetch failed')
    const fetch = stage.guard().guardFetch(() => Promise.reject(broken))
    expect(await rejection(fetch(url('/v1/messages'), { method: 'POST', headers, body }))).toBe(broken)
    expect(await rejection(stage.guard().fetch('no address'))).toBeInstanceOf(TypeError)
  })

  it('throws the reason of a signal that was aborted before', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    const call = stage.guard().fetch(url('/v1/messages'), { method: 'POST', headers, body, signal })
    expect(await rejection(call)).toMatchObject({ message: 'enough' })
    await stage.simulator.idle()
    expect(stage.simulator.log).toEqual([])
    expect(stage.records).toMatchObject([{ ending: { kind: 'not-billed', reason: 'caller-aborted' } }])
  })

  it('refuses a body that the API would not take either', async () => {
    const large = new Uint8Array(33 * 1024 * 1024)
    const answer = await stage.guard().fetch(url('/v1/messages'), { method: 'POST', headers, body: large })
    expect(answer.status).toBe(413)
  })

  it('lets go of a request whose body never ends when its signal says so', async () => {
    const controller = new AbortController()
    const body = new ReadableStream({ pull: () => new Promise(() => {}) })
    const init = { method: 'POST', body, duplex: 'half', signal: controller.signal } as RequestInit
    const answer = stage.guard().fetch(`${stage.simulator.url}/v1/messages`, init)
    controller.abort(new Error('enough'))
    await expect(answer).rejects.toThrow('enough')
  })
})
