import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Anthropic, { type Middleware } from '@anthropic-ai/sdk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createGuard } from '../guard.js'

interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

let server: Server
let address = ''
let received: Received[] = []

beforeEach(async () => {
  received = []
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const [path, moved] = request.url?.split('?') ?? []
    if (moved !== undefined) {
      response.writeHead(Number(moved), { location: path }).end()
      return
    }
    received.push({ headers: request.headers, body: Buffer.concat(chunks).toString('base64') })
    response.setHeader('content-type', 'application/json').end('{"type":"message","content":[]}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const json = { 'content-type': 'application/json' }
const asking = (text: string) =>
  `{"model":"claude-opus-5-5","max_tokens":9,"messages":[{"role":"user","content":"${text}"}]}`
const question = { model: 'claude-opus-5-5', max_tokens: 9, messages: [{ role: 'user' as const, content: 'one' }] }

describe('a text that goes out', () => {
  it.each([
    ['in ASCII', json, 'plain'],
    ['in any script', json, 'ünï → 漢字 🙂'],
    ['with half a character', json, 'half \ud83d of it'],
    ['without a type', {}, 'plain'],
    ['longer than most', json, 'long → '.repeat(60_000)],
  ])('is the same on the wire as without a guard: %s', async (_, headers, text) => {
    const init = { method: 'POST', headers, body: asking(text) }
    await fetch(`${address}/v1/messages`, init)
    await createGuard().fetch(`${address}/v1/messages`, init)
    const [plain, guarded] = received
    expect(guarded).toEqual(plain)
  })

  it.each([307, 308, 303])('follows a redirection as it does without a guard: %s', async (status) => {
    const init = { method: 'POST', headers: json, body: asking('one') }
    const plain = await fetch(`${address}/v1/messages?${status}`, init)
    const guarded = await createGuard().fetch(`${address}/v1/messages?${status}`, init)
    expect(plain.redirected).toBe(true)
    const shown = ({ status, url, redirected, type }: Response) => ({ status, url, redirected, type })
    expect(shown(guarded)).toEqual(shown(plain))
    expect(received[1]).toEqual(received[0])
  })

  it('is redirected nowhere where the program wants to see that itself', async () => {
    const init = { method: 'POST', headers: json, body: asking('one'), redirect: 'manual' } as const
    expect((await createGuard().fetch(`${address}/v1/messages?307`, init)).status).toBe(307)
    const failing = createGuard().fetch(`${address}/v1/messages?307`, { ...init, redirect: 'error' })
    await expect(failing).rejects.toThrow('fetch failed')
    expect(received).toEqual([])
  })

  it('is what a middleware further in made of it, where there is one', async () => {
    const looks: unknown[] = []
    const change: Middleware = (request, next) => {
      looks.push(request.body)
      return next({ ...request, body: String(request.body).replace('one', 'two') })
    }
    const claude = createGuard().wrap(new Anthropic({ apiKey: 'sk-ant-test', baseURL: address }))
    await claude.withOptions({ middleware: [...claude.middleware, change] }).messages.create(question)
    expect(looks).toEqual([JSON.stringify(question)])
    expect(received.map(({ body }) => JSON.parse(Buffer.from(body, 'base64').toString()))).toEqual([
      { ...question, messages: [{ role: 'user', content: 'two' }] },
    ])
  })

  it('stays a text for whatever stands in for the network', async () => {
    const looks: unknown[] = []
    const standIn: typeof fetch = (input, init) => {
      looks.push(init?.body)
      return fetch(input, init)
    }
    const guard = createGuard()
    await guard
      .wrap(new Anthropic({ apiKey: 'sk-ant-test', baseURL: address, fetch: standIn }))
      .messages.create(question)
    await guard.guardFetch(standIn)(`${address}/v1/messages`, { method: 'POST', headers: json, body: asking('one') })
    expect(looks).toEqual([JSON.stringify(question), asking('one')])
  })
})
