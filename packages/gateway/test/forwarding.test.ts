import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { sampleStreams } from '@runguard/sdk/testing'
import { describe, expect, it } from 'vitest'
import {
  answerBody,
  answerCostNano,
  exchange,
  httpUpstream,
  messagesBody,
  post,
  rawRequest,
  rawUpstream,
  startHouse,
  streamBody,
} from './harness.js'

function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => resolve(Buffer.concat(chunks)))
  })
}

const json = { 'content-type': 'application/json', 'request-id': 'req_up' }

describe('what the upstream receives', () => {
  it('is the body byte for byte, whatever its formatting and characters', async () => {
    const bodies: Buffer[] = []
    const upstream = await httpUpstream((request, response) => {
      void bodyOf(request).then((body) => {
        bodies.push(body)
        response.writeHead(200, json).end(answerBody)
      })
    })
    const { gateway } = await startHouse(upstream)
    const odd = Buffer.from(
      '{ "model":"claude-sonnet-5-5",\n\t"max_tokens": 1e2, "x":"\\u00e9 é \\/", "messages":[] }  \n',
    )
    const large = Buffer.from(messagesBody.replace('blue', 'blue '.repeat(200_000)))
    for (const body of [Buffer.from(messagesBody), odd, large]) await (await post(gateway.url, body)).text()
    const hash = (body: Buffer) => createHash('sha256').update(body).digest('hex')
    expect(bodies.map(hash)).toEqual([Buffer.from(messagesBody), odd, large].map(hash))
  })

  it('has every header of the caller, less those of the connection and our own', async () => {
    let seen: string[] = []
    const upstream = await httpUpstream((request, response) => {
      seen = request.rawHeaders
      request.resume()
      response.writeHead(200, json).end(answerBody)
    })
    const { gateway } = await startHouse(upstream)
    const headers = [
      'Anthropic-Beta: a-1,b-2',
      'anthropic-future: x',
      'X-Custom: one',
      'X-Custom: two',
      'x-runguard-session: mine',
      'accept-encoding: gzip, br',
      'te: trailers',
      'x-hop: drop me',
      'Connection: x-hop',
    ]
    await exchange(gateway.url, rawRequest(messagesBody, headers))
    const pairs = seen.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${seen[at + 1]}`] : []))
    expect(pairs).toEqual(
      expect.arrayContaining(['Anthropic-Beta: a-1,b-2', 'anthropic-future: x', 'x-api-key: sk-ant-test']),
    )
    expect(pairs.filter((pair) => pair.startsWith('X-Custom'))).toEqual(['X-Custom: one', 'X-Custom: two'])
    expect(pairs).toContain('accept-encoding: identity')
    expect(pairs.join()).not.toMatch(/x-runguard|x-hop|trailers|gateway/i)
  })

  it('has the bytes of a name in a header, whatever they mean', async () => {
    let seen: IncomingMessage['headers'] = {}
    const upstream = await httpUpstream((request, response) => {
      seen = request.headers
      request.resume()
      response.writeHead(200, json).end(answerBody)
    })
    const { gateway, records } = await startHouse(upstream)
    const utf8 = (text: string): string => Buffer.from(text).toString('latin1')
    const names = {
      'x-litellm-session-id': utf8('Überprüfung 監査 🐙'),
      'helicone-user-id': 'M\xfcller',
      'x-litellm-tags': `${utf8('späť')},caf\xe9`,
      'x-claude-code-agent-id': utf8('läufer'),
      'x-other': utf8('ü'),
    }
    await post(gateway.url, messagesBody, names)
    expect(seen).toMatchObject(names)
    const [record] = await records(1)
    expect(record?.scope).toMatchObject({
      session: 'Überprüfung 監査 🐙',
      user: 'Müller',
      // One header is in one encoding: this one is not UTF-8.
      tags: [utf8('späť').replace(/[\x80-\x9f]/g, ''), 'café'],
      agent: 'läufer',
    })
  })

  it.each([
    ['/v1/messages?beta=true', '/v1/messages?beta=true'],
    ['/messages', '/v1/messages'],
    ['/p/team-a/v1/messages', '/v1/messages'],
  ])('of %s is %s', async (path, expected) => {
    let url = ''
    const upstream = await httpUpstream((request, response) => {
      url = request.url ?? ''
      request.resume()
      response.writeHead(200, json).end(answerBody)
    })
    const { gateway, records } = await startHouse(`${upstream}/base/`)
    await (await post(gateway.url, messagesBody, {}, path)).text()
    expect(url).toBe(`/base${expected}`)
    expect((await records(1))[0]).toMatchObject({ target: 'POST /v1/messages', ending: { kind: 'exact' } })
  })

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('of a %s body is the compressed body as it came, and it is metered', async (encoding, compress) => {
    let received: Buffer = Buffer.alloc(0)
    let declared: string | undefined
    const upstream = await httpUpstream((request, response) => {
      declared = request.headers['content-encoding']
      void bodyOf(request).then((body) => {
        received = body
        response.writeHead(200, json).end(answerBody)
      })
    })
    const { gateway, records } = await startHouse(upstream)
    const body = compress(Buffer.from(messagesBody))
    await (await post(gateway.url, body, { 'content-encoding': encoding })).text()
    expect(received.equals(body)).toBe(true)
    expect(declared).toBe(encoding)
    expect((await records(1))[0]).toMatchObject({ requestedModel: 'claude-sonnet-5-5', requestBytes: body.length })
  })

  it('of an upload or an unknown path streams through, and is recorded as unmetered', async () => {
    let received = 0
    const upstream = await httpUpstream((request, response) => {
      request.on('data', (chunk: Buffer) => {
        received += chunk.length
      })
      request.on('end', () => response.writeHead(200, json).end('{"ok":true}'))
    })
    const { gateway, records } = await startHouse(upstream, { maxBodyBytes: 1000 })
    const answer = await post(gateway.url, Buffer.alloc(300_000, 'x'), {}, '/v1/files')
    expect(await answer.text()).toBe('{"ok":true}')
    expect(received).toBe(300_000)
    expect((await records(1))[0]).toMatchObject({ endpoint: 'other', ending: { kind: 'unmetered' }, status: 200 })
  })
})

describe('what the caller receives', () => {
  it('is a plain answer byte for byte, with its cost and our id', async () => {
    const body = `{\n  "model":"claude-sonnet-5-5", "usage":{"input_tokens":120,"output_tokens":90} }\n`
    const upstream = await httpUpstream((request, response) => {
      request.resume()
      response.writeHead(200, { ...json, 'anthropic-organization-id': 'org', 'set-cookie': ['a=1', 'b=2'] }).end(body)
    })
    const { gateway, records } = await startHouse(upstream)
    const answer = await post(gateway.url, messagesBody)
    expect(await answer.text()).toBe(body)
    expect(answer.headers.get('anthropic-organization-id')).toBe('org')
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(answer.headers.get('x-runguard-cost-usd')).toBe('0.00114')
    expect(Number(answer.headers.get('x-runguard-overhead-ms'))).toBeGreaterThanOrEqual(0)
    const [record] = await records(1)
    expect(answer.headers.get('x-runguard-request-id')).toBe(record?.id)
    expect(record).toMatchObject({ upstreamId: 'req_up', cost: { nano: answerCostNano }, ending: { kind: 'exact' } })
  })

  it.each(Object.keys(sampleStreams))('is a stream of shape "%s" byte for byte', async (shape) => {
    const stream = sampleStreams[shape] ?? ''
    const upstream = await httpUpstream((request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
      for (let at = 0; at < stream.length; at += 37) response.write(stream.slice(at, at + 37))
      response.end()
    })
    const { gateway, records } = await startHouse(upstream)
    const answer = await post(gateway.url, streamBody)
    expect(await answer.text()).toBe(stream)
    const kind = shape === 'error event' ? 'at-least' : 'exact'
    expect((await records(1))[0]).toMatchObject({ ending: { kind }, isStream: true })
  })

  it('is each event as soon as it is there', async () => {
    const gates: (() => void)[] = []
    const upstream = await httpUpstream((request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.flushHeaders()
      const events = ['event: ping\ndata: {"n":1}\n\n', 'event: ping\ndata: {"n":2}\n\n']
      gates.push(
        () => response.write(events[0]),
        () => response.write(events[1]),
        () => response.end(),
      )
    })
    const { gateway } = await startHouse(upstream)
    // The head arrives although not one byte of the body exists yet; each event although the next one does not.
    const answer = await post(gateway.url, streamBody)
    const reader = answer.body?.getReader()
    for (const n of [1, 2]) {
      gates.shift()?.()
      const { value } = (await reader?.read()) ?? {}
      expect(Buffer.from(value ?? []).toString()).toContain(`{"n":${n}}`)
    }
    gates.shift()?.()
    expect((await reader?.read())?.done).toBe(true)
  })

  it('is an error answer untouched', async () => {
    const body = '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_up"}'
    const upstream = await httpUpstream((request, response) => {
      request.resume()
      response.writeHead(529, { ...json, 'retry-after': '7', 'x-should-retry': 'true' }).end(body)
    })
    const { gateway, records } = await startHouse(upstream)
    const answer = await post(gateway.url, messagesBody)
    expect([answer.status, await answer.text()]).toEqual([529, body])
    expect(answer.headers.get('retry-after')).toBe('7')
    expect(answer.headers.get('x-should-retry')).toBe('true')
    expect((await records(1))[0]).toMatchObject({ status: 529, errorCode: 'overloaded_error', cost: { nano: 0 } })
  })

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])(
    'is an answer that the upstream compressed (%s) as it came, and it is metered all the same',
    async (encoding, compress) => {
      const compressed = compress(Buffer.from(answerBody))
      const upstream = await httpUpstream((request, response) => {
        request.resume()
        response.writeHead(200, { ...json, 'content-encoding': encoding }).end(compressed)
      })
      const { gateway, records } = await startHouse(upstream)
      expect(await (await post(gateway.url, messagesBody)).json()).toEqual(JSON.parse(answerBody))
      expect((await records(1))[0]).toMatchObject({ ending: { kind: 'exact' }, cost: { nano: answerCostNano } })
    },
  )

  it('is a compressed stream, metered to its end', async () => {
    const upstream = await httpUpstream((request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' })
      response.end(gzipSync(sampleStreams.text ?? ''))
    })
    const { gateway, records } = await startHouse(upstream)
    expect(await (await post(gateway.url, streamBody)).text()).toBe(sampleStreams.text)
    expect((await records(1))[0]).toMatchObject({ ending: { kind: 'exact' } })
  })

  it('waits for a slow reader instead of filling memory', async () => {
    const megabyte = Buffer.alloc(1024 * 1024, 'x')
    let written = 0
    const upstream = await httpUpstream((request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      const more = (): void => {
        while (written < 200 && response.write(megabyte)) written++
        if (written++ < 200) response.once('drain', more)
        else response.end()
      }
      more()
    })
    const { gateway } = await startHouse(upstream)
    const answer = await fetch(`${gateway.url}/v1/files/f/content`)
    const reader = answer.body?.getReader()
    await reader?.read()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(written).toBeLessThan(100)
    await reader?.cancel()
  })

  it('keeps its connection for the next call', async () => {
    const upstream = await rawUpstream((socket) => {
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answerBody.length}\r\n\r\n${answerBody}`,
      )
    })
    const { gateway, records } = await startHouse(upstream)
    const two =
      rawRequest(messagesBody).toString().replace('connection: close', 'connection: keep-alive') +
      rawRequest(messagesBody).toString()
    const answers = await exchange(gateway.url, two)
    expect(answers.match(/HTTP\/1\.1 200/g)).toHaveLength(2)
    expect(await records(2)).toHaveLength(2)
  })
})
