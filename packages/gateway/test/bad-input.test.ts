import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { sampleStreams } from '@runguard/sdk/testing'
import { describe, expect, it } from 'vitest'
import {
  answerBody,
  exchange,
  type House,
  httpUpstream,
  messagesBody,
  post,
  rawRequest,
  rawUpstream,
  startHouse,
  streamBody,
} from './harness.js'

interface ApiError {
  readonly type: string
  readonly error: { readonly type: string; readonly message: string; readonly details: { readonly error_code: string } }
  readonly request_id: string
}

const errorOf = async (answer: Response): Promise<ApiError> => (await answer.json()) as ApiError

/** After whatever a test did to it, the gateway still serves the next call. */
async function expectAlive({ gateway }: House): Promise<void> {
  const answer = await fetch(`${gateway.url}/runguard/ready`)
  expect(answer.status).toBe(200)
}

/** Sends all of it and goes away without waiting for a word. */
function exchangeAndLeave(url: string, request: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname, () => socket.write(request, () => socket.destroy()))
    socket.on('error', () => {})
    socket.on('close', () => resolve())
  })
}

/** An upstream that must not be reached. */
async function untouchedHouse(options: Parameters<typeof startHouse>[1] = {}) {
  let calls = 0
  const upstream = await httpUpstream((request, response) => {
    calls++
    request.resume()
    response.end(answerBody)
  })
  return { ...(await startHouse(upstream, options)), callsSent: () => calls }
}

describe('a request that cannot be read', () => {
  it.each([
    ['half a body', '{"model":"claude-opus-5-5","mess'],
    ['no JSON', 'hello'],
    ['nothing', ''],
    ['a list', '[1,2]'],
    ['invalid UTF-8 in the model', Buffer.from([0x7b, 0x22, 0x6d, 0xff, 0x22])],
  ])('because it is %s gets the error shape of the API, and is recorded', async (_, body) => {
    const house = await untouchedHouse()
    const answer = await post(house.gateway.url, body)
    expect(answer.status).toBe(400)
    expect(answer.headers.get('x-should-retry')).toBe('false')
    const error = await errorOf(answer)
    expect(error).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } })
    expect(error.error.message).toMatch(/not valid JSON/)
    const [record] = await house.records(1)
    expect(record).toMatchObject({ id: error.request_id, ending: { kind: 'not-billed', reason: 'refused' } })
    expect(house.callsSent()).toBe(0)
    await expectAlive(house)
  })

  it('because it is larger than the limit gets 413 while it is still being sent', async () => {
    const house = await untouchedHouse({ maxBodyBytes: 10_000 })
    const answer = await post(house.gateway.url, 'x'.repeat(2_000_000))
    expect(answer.status).toBe(413)
    expect((await errorOf(answer)).error).toMatchObject({
      type: 'request_too_large',
      details: { error_code: 'runguard_request_too_large' },
    })
    expect((await house.records(1))[0]).toMatchObject({ errorCode: 'runguard_request_too_large' })
    expect(house.callsSent()).toBe(0)
    await expectAlive(house)
  })

  it('because it says that it will be too large gets 413 before it is sent', async () => {
    const house = await untouchedHouse({ maxBodyBytes: 10_000 })
    const answer = await exchange(
      house.gateway.url,
      Buffer.from('POST /v1/messages HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 60000000\r\n\r\n'),
    )
    expect(answer.toString()).toContain('HTTP/1.1 413 ')
    await expectAlive(house)
  })

  it.each([
    [
      'a small body that decodes to a huge one',
      gzipSync(Buffer.alloc(5_000_000, ' ')),
      'gzip',
      413,
      'runguard_request_too_large',
    ],
    ['no gzip although it says so', Buffer.from('hello'), 'gzip', 400, 'runguard_malformed_request'],
    ['a coding that nobody knows', Buffer.from('hello'), 'pied-piper', 400, 'runguard_unsupported_encoding'],
  ])('because it is %s is refused', async (_, body, encoding, status, code) => {
    const house = await untouchedHouse({ maxBodyBytes: 100_000 })
    const answer = await post(house.gateway.url, body, { 'content-encoding': encoding })
    expect(answer.status).toBe(status)
    expect((await errorOf(answer)).error.details.error_code).toBe(code)
    expect((await house.records(1))[0]).toMatchObject({ errorCode: code })
    await expectAlive(house)
  })

  it('because its length is a lie that promises more is recorded when the caller leaves', async () => {
    const house = await untouchedHouse()
    const lying = rawRequest(messagesBody)
      .toString()
      .replace(/content-length: \d+/, 'content-length: 99999')
    await exchange(house.gateway.url, lying, true)
    expect((await house.records(1))[0]).toMatchObject({ ending: { kind: 'not-billed', reason: 'caller-aborted' } })
    expect(house.callsSent()).toBe(0)
    await expectAlive(house)
  })

  it('because its length promises less is cut there, and the rest is no second call', async () => {
    const house = await untouchedHouse()
    const lying = rawRequest(messagesBody)
      .toString()
      .replace(/content-length: \d+/, 'content-length: 20')
    const answers = await exchange(house.gateway.url, lying.replace('connection: close\r\n', ''))
    expect(answers).toMatch(/^HTTP\/1\.1 400/)
    expect(await house.records(1)).toHaveLength(1)
    expect(house.callsSent()).toBe(0)
    await expectAlive(house)
  })

  it.each([
    ['two lengths', 'content-length: 5'],
    ['a length and chunks', 'transfer-encoding: chunked'],
    ['a header that is none', 'bad header line'],
    ['headers without end', `x: ${'y'.repeat(20_000)}`, 431],
  ])('because it has %s is refused before it is a call', async (_, header, status = 400) => {
    const house = await untouchedHouse()
    const answer = await exchange(house.gateway.url, rawRequest(messagesBody, [header]))
    expect(answer).toContain(`HTTP/1.1 ${status}`)
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ type: 'error' })
    expect(house.callsSent()).toBe(0)
    await expectAlive(house)
  })

  it('because it is no HTTP at all does not disturb anybody', async () => {
    const house = await untouchedHouse()
    await exchange(house.gateway.url, Buffer.from([0, 1, 2, 3, 255, 13, 10, 13, 10]), true)
    await expectAlive(house)
  })
})

describe('a request that is too much', () => {
  it('because it has millions of blocks is refused at once', async () => {
    const house = await untouchedHouse()
    const body = `{"model":"claude-opus-5-5","system":[${'1,'.repeat(2_000_000)}1]}`
    const answer = await post(house.gateway.url, body)
    expect(answer.status).toBe(400)
    expect((await errorOf(answer)).error.message).toMatch(/more than 100000 messages, blocks and tools/)
    expect(house.callsSent()).toBe(0)
    await expectAlive(house)
  })
})

describe('an upstream that fails', () => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
  const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
  const opening = (sampleStreams.text ?? '').slice(0, 700)

  it('because nobody listens there: 502, nothing billed', async () => {
    const house = await startHouse('http://127.0.0.1:9')
    const answer = await post(house.gateway.url, messagesBody)
    expect(answer.status).toBe(502)
    expect((await errorOf(answer)).error).toMatchObject({
      type: 'api_error',
      message: expect.stringContaining('ECONNREFUSED'),
      details: { error_code: 'runguard_upstream_unreachable' },
    })
    expect((await house.records(1))[0]).toMatchObject({
      ending: { kind: 'not-billed', reason: 'never-sent' },
      status: null,
    })
    await expectAlive(house)
  })

  it('before its answer: 502, and the call may have cost something', async () => {
    const house = await startHouse(await rawUpstream((socket) => socket.destroy()))
    const answer = await post(house.gateway.url, messagesBody)
    expect(answer.status).toBe(502)
    const [record] = await house.records(1)
    expect(record).toMatchObject({
      ending: { kind: 'at-least', reason: 'upstream-failed' },
      cost: { isEstimated: true },
    })
    expect(record?.cost.nano).toBeGreaterThan(0)
    await expectAlive(house)
  })

  it('inside a stream: what came is delivered, the break shows, what was seen is charged', async () => {
    const upstream = await rawUpstream((socket) => {
      socket.write(head + chunk(opening))
      setTimeout(() => socket.destroy(), 20)
    })
    const house = await startHouse(upstream)
    const answer = await exchange(house.gateway.url, rawRequest(streamBody))
    expect(answer).toContain(opening)
    expect(answer.endsWith('0\r\n\r\n')).toBe(false)
    expect((await house.records(1))[0]).toMatchObject({
      ending: { kind: 'at-least', reason: 'upstream-failed' },
      servedModel: 'claude-sonnet-5-5',
      cost: { isEstimated: true },
    })
    await expectAlive(house)
  })

  it('inside a plain answer: 502 instead of half an answer', async () => {
    const upstream = await rawUpstream((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"model":"cl`)
      setTimeout(() => socket.destroy(), 20)
    })
    const house = await startHouse(upstream)
    expect((await post(house.gateway.url, messagesBody)).status).toBe(502)
    expect((await house.records(1))[0]).toMatchObject({ ending: { kind: 'at-least', reason: 'upstream-failed' } })
    await expectAlive(house)
  })

  it('after the last event changes no bill', async () => {
    const upstream = await rawUpstream((socket) => {
      socket.write(head + chunk(sampleStreams.text ?? ''))
      setTimeout(() => socket.destroy(), 20)
    })
    const house = await startHouse(upstream)
    await exchange(house.gateway.url, rawRequest(streamBody))
    expect((await house.records(1))[0]).toMatchObject({ ending: { kind: 'exact' }, cost: { isEstimated: false } })
    await expectAlive(house)
  })

  it('after its whole answer: the caller gets it, and does not pay for another', async () => {
    const upstream = await rawUpstream((socket) => {
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answerBody.length + 5}\r\n\r\n${answerBody}`,
      )
      setTimeout(() => socket.destroy(), 20)
    })
    const house = await startHouse(upstream)
    const answer = await exchange(house.gateway.url, rawRequest(messagesBody))
    expect(answer).toMatch(/^HTTP\/1\.1 200/)
    expect(answer).toContain(answerBody)
    expect((await house.records(1))[0]).toMatchObject({ ending: { kind: 'exact' } })
  })

  it.each(['pied-piper', 'gzip'])(
    'to encode as it says (%s): passed on, and no way to stream for nothing',
    async (encoding) => {
      const body = 'x'.repeat(30_000)
      const upstream = await httpUpstream((request, response) => {
        request.resume()
        response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': encoding }).end(body)
      })
      const house = await startHouse(upstream)
      expect(await exchange(house.gateway.url, rawRequest(streamBody))).toContain('x'.repeat(1_000))
      const [record] = await house.records(1)
      expect(record?.ending.kind).toBe('at-least')
      expect(record?.usage?.parts[0]?.output).toBeGreaterThan(10_000)
    },
  )

  it('because it speaks no HTTP: 502', async () => {
    const house = await startHouse(await rawUpstream((socket) => socket.end('220 mail.example.org ESMTP\r\n')))
    expect((await post(house.gateway.url, messagesBody)).status).toBe(502)
    expect((await house.records(1))[0]).toMatchObject({ ending: { reason: 'upstream-failed' } })
    await expectAlive(house)
  })

  it('because its reason phrase is none: its answer is delivered all the same', async () => {
    const upstream = await rawUpstream((socket) =>
      socket.end(
        `HTTP/1.1 200 O\u0001K\r\ncontent-type: application/json\r\ncontent-length: ${answerBody.length}\r\n\r\n${answerBody}`,
      ),
    )
    const house = await startHouse(upstream)
    const answer = await post(house.gateway.url, messagesBody)
    expect([200, 502]).toContain(answer.status)
    await answer.text()
    expect(await house.records(1)).toHaveLength(1)
    expect(house.gateway.running()).toBe(0)
    await expectAlive(house)
  })

  it('because it never answers: 502 after the time that was set', async () => {
    const house = await startHouse(await rawUpstream(() => {}), { upstreamTimeoutMs: 1_000 })
    expect((await post(house.gateway.url, messagesBody)).status).toBe(502)
    expect((await house.records(1))[0]).toMatchObject({ ending: { kind: 'at-least', reason: 'upstream-failed' } })
  })

  it.each([
    ['no events at all', 'this is no event stream'],
    ['events without names or data', 'event\n\ndata\n\n:\n\n'],
    ['data that is no JSON', 'event: message_start\ndata: {"type":\n\nevent: message_stop\ndata: nonsense\n\n'],
    ['a start without a message', 'event: message_start\ndata: {"type":"message_start"}\n\n'],
    [
      'counts that are none',
      'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":"lots"}}}\n\n',
    ],
    ['the last event first', 'event: message_stop\ndata: {"type":"message_stop"}\n\n'],
  ])('by streaming %s: passed on as it is, charged as estimated', async (_, body) => {
    const upstream = await httpUpstream((request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(body)
    })
    const house = await startHouse(upstream)
    expect(await (await post(house.gateway.url, streamBody)).text()).toBe(body)
    const [record] = await house.records(1)
    expect(record).toMatchObject({ ending: { kind: 'at-least' }, cost: { isEstimated: true } })
    expect(record?.cost.nano).toBeGreaterThan(0)
    await expectAlive(house)
  })
})

describe('a caller who vanishes', () => {
  const open = (sampleStreams.text ?? '').slice(0, 700)

  it('in the middle of a stream ends the upstream too, and pays what was seen', async () => {
    let hasUpstreamSeenIt = (): void => {}
    const upstreamClosed = new Promise<void>((resolve) => {
      hasUpstreamSeenIt = resolve
    })
    const upstream = await httpUpstream((request, response) => {
      request.resume()
      response.on('close', () => hasUpstreamSeenIt())
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(open)
    })
    const house = await startHouse(upstream)
    const abort = new AbortController()
    const answer = await fetch(`${house.gateway.url}/v1/messages`, {
      method: 'POST',
      body: streamBody,
      signal: abort.signal,
    })
    await answer.body?.getReader().read()
    abort.abort()
    await upstreamClosed
    expect((await house.records(1))[0]).toMatchObject({
      ending: { kind: 'at-least', reason: 'caller-aborted' },
      status: 200,
    })
    await expectAlive(house)
  })

  it('before the answer ends the upstream too, and may have cost something', async () => {
    let hasArrived = (): void => {}
    const arrived = new Promise<void>((resolve) => {
      hasArrived = resolve
    })
    const house = await startHouse(await rawUpstream(() => hasArrived()))
    const abort = new AbortController()
    const call = fetch(`${house.gateway.url}/v1/messages`, { method: 'POST', body: messagesBody, signal: abort.signal })
    await arrived
    abort.abort()
    await expect(call).rejects.toThrow()
    const [record] = await house.records(1)
    expect(record).toMatchObject({ ending: { kind: 'at-least', reason: 'caller-aborted' }, status: null })
    expect(record?.cost.nano).toBeGreaterThan(0)
    await expectAlive(house)
  })

  it('with several calls on one connection ends them all', async () => {
    const upstream = await httpUpstream((request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(open)
    })
    const house = await startHouse(upstream)
    const one = rawRequest(streamBody).toString().replace('connection: close', 'connection: keep-alive')
    const { hostname, port } = new URL(house.gateway.url)
    const socket = connect(Number(port), hostname)
    socket.write(one.repeat(4))
    await expect.poll(() => house.gateway.running()).toBe(4)
    socket.destroy()
    const records = await house.records(4)
    expect(records.map(({ ending }) => ending.reason)).toEqual(Array(4).fill('caller-aborted'))
    expect(house.gateway.running()).toBe(0)
  })

  it('while its compressed body is looked at leaves nothing behind', async () => {
    const house = await untouchedHouse()
    const body = gzipSync(Buffer.from(messagesBody.replace('blue', 'blue '.repeat(3_000_000))))
    for (let n = 0; n < 5; n++) await exchangeAndLeave(house.gateway.url, rawRequest(body, ['content-encoding: gzip']))
    await house.records(5)
    await expect.poll(() => house.gateway.running()).toBe(0)
    await expectAlive(house)
  })

  it('while it is still sending never reaches the upstream', async () => {
    const house = await untouchedHouse()
    await exchange(house.gateway.url, rawRequest(messagesBody).subarray(0, -20), true)
    expect((await house.records(1))[0]).toMatchObject({ ending: { kind: 'not-billed', reason: 'caller-aborted' } })
    expect(house.callsSent()).toBe(0)
    await expectAlive(house)
  })
})

describe('a stream of any shape, cut by its upstream anywhere', () => {
  it.each(Object.keys(sampleStreams))('"%s" is delivered up to the cut and recorded once', async (shape) => {
    const bytes = Buffer.from(sampleStreams[shape] ?? '')
    const cuts = Array.from({ length: 25 }, (_, n) => Math.floor((n * bytes.length) / 24))
    let cut = 0
    const upstream = await httpUpstream((request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.flushHeaders()
      response.write(bytes.subarray(0, cut), () => setImmediate(() => response.destroy()))
    })
    const house = await startHouse(upstream)
    for (const [index, at] of cuts.entries()) {
      cut = at
      const answer = await exchange(house.gateway.url, rawRequest(streamBody))
      const records = await house.records(index + 1)
      const record = records[index]
      expect(records).toHaveLength(index + 1)
      const isWhole = record?.ending.kind === 'exact'
      if (isWhole) expect(at).toBeGreaterThan(bytes.lastIndexOf('message_stop') - 1)
      else expect(record?.cost.isEstimated).toBe(true)
      expect(record?.responseBytes).toBe(at)
      expect(answer.length).toBeGreaterThanOrEqual(at === 0 ? 0 : at)
    }
    await expectAlive(house)
  })
})
