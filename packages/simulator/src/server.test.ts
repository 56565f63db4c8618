import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { workspaceOf } from './caller.js'
import { virtualClock } from './clock.js'
import { type RunningSimulator, type ServerOptions, startSimulator } from './server.js'
import type { Usage } from './usage.js'

let simulator: RunningSimulator | undefined

async function start(options: ServerOptions = {}): Promise<RunningSimulator> {
  simulator = await startSimulator({ clock: virtualClock(), ...options })
  return simulator
}

afterEach(async () => {
  await simulator?.close()
  simulator = undefined
})

const headers = { 'x-api-key': 'sk-ant-test', 'anthropic-version': '2023-06-01' }
const hello = { model: 'claude-sonnet-5-5', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] }
const cached = {
  ...hello,
  system: [{ type: 'text', text: 'rule '.repeat(1000), cache_control: { type: 'ephemeral' } }],
}

function post(url: string, body: unknown, more: Record<string, string> = {}): Promise<Response> {
  const payload = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
  return fetch(url, { method: 'POST', headers: { ...headers, ...more }, body: payload as string })
}

/** A request that is right but for one block that holds lists in lists in lists. */
function nestedBody(depth: number): string {
  const block = `{"type":"custom","deep":${'['.repeat(depth)}${']'.repeat(depth)}}`
  return `{"model":"claude-sonnet-5-5","max_tokens":9,"messages":[{"role":"user","content":[${block}]}]}`
}

async function failure(pending: Promise<Response>): Promise<string> {
  const response = await pending
  const body = (await response.json()) as { error: { type: string; message: string } }
  expect(body).toMatchObject({ type: 'error', request_id: response.headers.get('request-id') })
  return `${response.status} ${body.error.type}: ${body.error.message}`
}

describe('the door', () => {
  it('refuses to open on anything but loopback, unless that is allowed', async () => {
    await expect(startSimulator({ host: '0.0.0.0' })).rejects.toThrow('loopback only')
    await start({ host: '0.0.0.0', isPublicAllowed: true })
  })

  it('answers probes without a key', async () => {
    const { url } = await start()
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(200)
    expect((await fetch(`${url}/api/hello`)).status).toBe(200)
  })

  it('knows both kinds of credential, and gives each its own workspace', async () => {
    const { url, log } = await start()
    await post(`${url}/v1/messages?beta=true`, hello)
    await fetch(`${url}/v1/messages`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-ant-test', 'anthropic-version': '2026-10-21' },
      body: JSON.stringify(hello),
    })
    await post(`${url}/v1/messages`, hello, { 'x-api-key': 'sk-ant-other' })
    const [first, second, third] = log.map(({ workspace }) => workspace)
    expect(first).toBe(workspaceOf('sk-ant-test'))
    expect(second).toBe(first)
    expect(third).not.toBe(first)
  })

  it.each<[string, string, RequestInit, string]>([
    ['no key', '/v1/messages', { method: 'POST', headers: { 'x-api-key': '' } }, '401 authentication_error'],
    [
      'no version',
      '/v1/messages',
      { method: 'POST', headers: { 'anthropic-version': '' } },
      '400 invalid_request_error: anthropic-version',
    ],
    ['an unknown path', '/v1/nothing', { method: 'POST' }, '404 not_found_error'],
    ['a path named after a prototype', '/constructor', { method: 'POST' }, '404 not_found_error'],
    ['a target that is no URL', '//', {}, '404 not_found_error'],
    ['a wrong method', '/v1/messages', { method: 'PUT' }, '405 invalid_request_error'],
    ['an unknown model', '/v1/models/nobody', {}, '404 not_found_error'],
    [
      'broken JSON',
      '/v1/messages',
      { method: 'POST', body: '{"model":' },
      '400 invalid_request_error: The request body is not valid JSON',
    ],
    [
      'broken UTF-8',
      '/v1/messages',
      { method: 'POST', body: new Uint8Array([0x22, 0xff, 0x22]) },
      '400 invalid_request_error: The request body is not valid JSON',
    ],
    [
      'half a character',
      '/v1/messages',
      { method: 'POST', body: JSON.stringify({ 'a 😀': 'a 😀'.slice(0, 3) }) },
      '400 invalid_request_error: The request body is not valid JSON',
    ],
    [
      'a whole character, as JSON may write it',
      '/v1/messages',
      { method: 'POST', body: '{"model":"\\ud83d\\ude00 \\\\ud83d"}' },
      '400 invalid_request_error: max_tokens',
    ],
    [
      'an unknown encoding',
      '/v1/messages',
      { method: 'POST', body: 'x', headers: { 'content-encoding': 'lzma' } },
      '400',
    ],
    ['a wrong encoding', '/v1/messages', { method: 'POST', body: 'x', headers: { 'content-encoding': 'gzip' } }, '400'],
    [
      'a body nested without end',
      '/v1/messages',
      { method: 'POST', body: nestedBody(200_000) },
      '400 invalid_request_error: The request body is nested too deeply',
    ],
    ['33 MB', '/v1/messages', { method: 'POST', body: ' '.repeat(33 * 1024 * 1024) }, '413 request_too_large'],
    [
      '33 MB once decoded',
      '/v1/messages',
      { method: 'POST', body: gzipSync(Buffer.alloc(33 * 1024 * 1024)), headers: { 'content-encoding': 'gzip' } },
      '413 request_too_large',
    ],
  ])('answers %s in the shape of the API', async (_name, path, init, expected) => {
    const { url } = await start()
    const merged = { ...headers, ...(init.headers as Record<string, string>) }
    const kept = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ''))
    expect(await failure(fetch(url + path, { ...init, headers: kept }))).toContain(expected)
  })

  it('takes compressed bodies', async () => {
    const { url } = await start()
    const response = await post(`${url}/v1/messages`, gzipSync(JSON.stringify(hello)), { 'content-encoding': 'gzip' })
    expect(response.status).toBe(200)
  })

  it('refuses a prompt longer than the model can read', async () => {
    const { url } = await start()
    const content = 'x'.repeat(900_000)
    const request = { ...hello, model: 'claude-haiku-4-5', messages: [{ role: 'user', content }] }
    expect(await failure(post(`${url}/v1/messages`, request))).toContain(
      '400 invalid_request_error: prompt is too long: 225004 tokens > 200000',
    )
  })

  it('ends open streams when it closes', async () => {
    const running = await start()
    const slow = { ...hello, stream: true, messages: [{ role: 'user', content: '[[sim:every 1000]] [[sim:text 90]]' }] }
    const response = await post(`${running.url}/v1/messages`, slow)
    const body = response.text().catch(() => 'broken')
    await running.close()
    expect(await body).toBe('broken')
    expect(running.log).toMatchObject([{ ending: 'cut', isBilled: true, status: 200 }])
  })

  it('gives the same ids for the same seed', async () => {
    const ids = async (seed: string) => {
      const running = await startSimulator({ seed })
      const response = await post(`${running.url}/v1/messages`, hello)
      const { id } = (await response.json()) as { id: string }
      await running.close()
      return `${response.headers.get('request-id')} ${id}`
    }
    expect(await ids('a')).toBe(await ids('a'))
    expect(await ids('a')).not.toBe(await ids('b'))
  })
})

describe('time', () => {
  const usageOf = async (url: string, body: unknown) => {
    const answer = (await (await post(`${url}/v1/messages`, body)).json()) as { usage: Usage }
    return answer.usage
  }

  it('passes only when told, and lets cache entries expire', async () => {
    const { url } = await start()
    expect((await usageOf(url, cached)).cache_creation.ephemeral_5m_input_tokens).toBeGreaterThan(1000)
    await post(`${url}/sim/clock/advance`, { ms: 299_000 })
    expect((await usageOf(url, cached)).cache_read_input_tokens).toBeGreaterThan(1000)
    await post(`${url}/sim/clock/advance`, { ms: 301_000 })
    expect((await usageOf(url, cached)).cache_read_input_tokens).toBe(0)
  })

  it('holds a slow first byte back until it has passed, and the cache with it', async () => {
    const clock = virtualClock()
    const running = await start({ clock })
    running.fault({ kind: 'slow', firstByteMs: 60_000 })
    const slow = usageOf(running.url, cached)
    while (running.inFlight() === 0) await new Promise((resolve) => setImmediate(resolve))
    expect((await usageOf(running.url, cached)).cache_read_input_tokens).toBe(0)
    await clock.advance(60_000)
    expect((await slow).cache_creation_input_tokens).toBeGreaterThan(1000)
  })

  it('is bought in advance by a request for no tokens', async () => {
    const { url } = await start()
    const warmed = await usageOf(url, { ...cached, max_tokens: 0 })
    expect(warmed).toMatchObject({ output_tokens: 0, cache_read_input_tokens: 0 })
    expect((await usageOf(url, cached)).cache_read_input_tokens).toBe(warmed.cache_creation_input_tokens)
  })

  it('retires models', async () => {
    const { url } = await start({ clock: virtualClock(Date.UTC(2026, 10, 30)) })
    const request = { ...hello, model: 'claude-sonnet-4-5' }
    expect(await failure(post(`${url}/v1/messages`, request))).toContain(
      '404 not_found_error: model: claude-sonnet-4-5',
    )
  })

  it('cannot be moved when it is real', async () => {
    const running = await startSimulator()
    expect(await failure(post(`${running.url}/sim/clock/advance`, { ms: 1 }))).toContain('409')
    await running.close()
  })
})

describe('from another process', () => {
  it('the log can be read, faults queued, and everything forgotten', async () => {
    const running = await start()
    await post(`${running.url}/sim/faults`, [
      { kind: 'status', status: 529, times: 2 },
      { kind: 'status', status: 500, path: '/v1/messages/count_tokens' },
    ])
    const { max_tokens: _none, ...question } = hello
    const statuses = [
      (await post(`${running.url}/v1/messages`, hello)).status,
      (await post(`${running.url}/v1/messages/count_tokens`, question)).status,
      (await post(`${running.url}/v1/messages`, hello)).status,
      (await post(`${running.url}/v1/messages`, hello)).status,
    ]
    expect(statuses).toEqual([529, 500, 529, 200])
    await running.idle()
    const seen = (await (await fetch(`${running.url}/sim/log`)).json()) as { entries: unknown[] }
    expect(seen).toEqual({ in_flight: 0, entries: JSON.parse(JSON.stringify(running.log)) })
    expect(seen.entries).toHaveLength(4)
    await post(`${running.url}/sim/reset`, {})
    expect(running.log).toHaveLength(0)
  })

  it('a fault that means nothing is refused', async () => {
    const { url } = await start()
    expect(await failure(post(`${url}/sim/faults`, { kind: 'cut' }))).toContain('400 invalid_request_error: afterBytes')
    expect(await failure(post(`${url}/sim/faults`, { kind: 'hang', times: 0 }))).toContain(
      '400 invalid_request_error: times',
    )
  })

  it('a scripted model can be chosen by header', async () => {
    const { url } = await start({ scripts: { fixed: () => ({ parts: [{ kind: 'text', text: 'as written' }] }) } })
    const answer = await post(`${url}/v1/messages`, hello, { 'x-sim-script': 'fixed' })
    const reply = (await answer.json()) as { content: { text: string }[] }
    expect(reply.content[0]?.text).toBe('as written')
  })
})
