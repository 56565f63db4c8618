import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { sampleStreams } from '@runguard/sdk/testing'
import { describe, expect, it } from 'vitest'
import { answerBody, exchange, httpUpstream, messagesBody, post, startHouse, streamBody } from './harness.js'

const stream = sampleStreams.text ?? ''

/** An upstream whose streams stay half open until the test lets them end. */
async function pausingUpstream() {
  const opened: (() => void)[] = []
  const upstream = await httpUpstream((request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(stream.slice(0, 700))
    opened.push(() => response.end(stream.slice(700)))
  })
  const finish = (): void => {
    for (const end of opened) end()
  }
  return { upstream, finish }
}

async function openStream(url: string) {
  const answer = await post(url, streamBody)
  const reader = answer.body?.getReader()
  await reader?.read()
  return async (): Promise<string> => {
    let rest = ''
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
      if (done) return rest
      rest += Buffer.from(value).toString()
    }
  }
}

describe('an ending gateway', () => {
  it('lets a running stream finish, takes no new calls meanwhile, and has everything in the store', async () => {
    const { upstream, finish } = await pausingUpstream()
    const { gateway, store } = await startHouse(upstream)
    const rest = await openStream(gateway.url)
    const closed = gateway.close(10_000)
    await expect(fetch(`${gateway.url}/v1/messages`, { method: 'POST', body: messagesBody })).rejects.toThrow()
    finish()
    expect(await rest()).toContain('message_stop')
    await closed
    expect(await store.listRecords(10)).toMatchObject([{ ending: { kind: 'exact' } }])
  })

  it('ends what is still running after the grace, and charges what was seen', async () => {
    const { upstream } = await pausingUpstream()
    const { gateway, store } = await startHouse(upstream)
    const rest = await openStream(gateway.url)
    const closed = gateway.close(50)
    await expect(rest()).rejects.toThrow()
    await closed
    expect(await store.listRecords(10)).toMatchObject([{ ending: { kind: 'at-least', reason: 'gateway-stopped' } }])
  })

  it('has kept the record of every call when it is closed, of those that are still being decoded too', async () => {
    let served = 0
    const upstream = await httpUpstream((request, response) => {
      served++
      request.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' })
      response.end(gzipSync(stream))
    })
    const { gateway, store } = await startHouse(upstream)
    const callOnce = async (): Promise<string> => {
      try {
        return await (await post(gateway.url, streamBody)).text()
      } catch (error) {
        return String(error)
      }
    }
    const calls = Array.from({ length: 20 }, callOnce)
    await new Promise((resolve) => setTimeout(resolve, 15))
    await gateway.close(0)
    await Promise.all(calls)
    expect((await store.listRecords(100)).length).toBeGreaterThanOrEqual(served)
    expect(gateway.running()).toBe(0)
  })

  it('does not wait for a request that never arrives whole', async () => {
    const { gateway, store } = await startHouse('http://127.0.0.1:9')
    const { hostname, port } = new URL(gateway.url)
    const socket = connect(Number(port), hostname)
    await new Promise<void>((resolve) =>
      socket.write('POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\nhalf', () => resolve()),
    )
    await fetch(`${gateway.url}/runguard/health`)
    await gateway.close(60_000)
    expect(await store.listRecords(5)).toMatchObject([{ ending: { kind: 'not-billed', reason: 'caller-aborted' } }])
  })

  it('does not write an error into an answer that is running', async () => {
    const { upstream, finish } = await pausingUpstream()
    const { gateway } = await startHouse(upstream)
    const { hostname, port } = new URL(gateway.url)
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk.toString()
      if (answer.includes('message_start')) socket.write('surplus')
    })
    const head = `POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: ${streamBody.length}\r\n\r\n`
    socket.write(head + streamBody)
    await new Promise((resolve) => socket.on('close', resolve))
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1)
    finish()
  })

  it('tells a caller on an open connection to come back, in the shape of the API', async () => {
    const { upstream, finish } = await pausingUpstream()
    const { gateway } = await startHouse(upstream)
    const rest = await openStream(gateway.url)
    // Half a request holds the second connection open over the start of the shutdown.
    const { hostname, port } = new URL(gateway.url)
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk.toString()
    })
    await new Promise<void>((resolve) => socket.write('POST /v1/messages HTTP/1.1\r\nhost: x\r\n', () => resolve()))
    await fetch(`${gateway.url}/runguard/health`)
    const closed = gateway.close(10_000)
    socket.write(`content-length: ${messagesBody.length}\r\n\r\n${messagesBody}`)
    await new Promise((resolve) => socket.on('close', resolve))
    expect(answer).toMatch(/^HTTP\/1\.1 529/)
    expect(answer).toContain('runguard_shutting_down')
    finish()
    await rest()
    await closed
  })
})

describe('starting', () => {
  it.each(['0.0.0.0', '::', '192.168.1.1', 'example.org', ''])('refuses to listen on %j', async (host) => {
    await expect(startHouse('http://127.0.0.1:9', { host })).rejects.toThrow(/does not listen on .* Use 127\.0\.0\.1/s)
  })

  it.each(['api.anthropic.com', 'ftp://x', '', 'http://'])('refuses %j as an upstream', async (upstream) => {
    await expect(startHouse(upstream)).rejects.toThrow(/not an http\(s\) URL/)
  })

  it('says that a port is taken, and what to do', async () => {
    const { gateway } = await startHouse('http://127.0.0.1:9')
    const port = Number(new URL(gateway.url).port)
    await expect(startHouse('http://127.0.0.1:9', { port })).rejects.toThrow(/Port \d+ .* is taken.*--port/)
  })
})

describe('the pages of the gateway itself', () => {
  it.each([
    ['HEAD', '/', 200],
    ['GET', '/', 200],
    ['HEAD', '/api/hello', 200],
    ['GET', '/p/team-a/api/hello', 200],
    ['GET', '/runguard/health', 200],
    ['GET', '/runguard/ready', 200],
    ['GET', '/runguard/nothing-here', 404],
    ['POST', '/runguard/health', 405],
  ])('%s %s is %i, without any upstream', async (method, path, status) => {
    const { gateway, store } = await startHouse('http://127.0.0.1:9')
    const answer = await fetch(gateway.url + path, { method })
    expect(answer.status).toBe(status)
    expect(await store.listRecords(1)).toEqual([])
  })

  it('say that it is not ready when the store cannot be written', async () => {
    const upstream = await httpUpstream((request, response) => {
      request.resume()
      response.end(answerBody)
    })
    const { gateway, store, complaints } = await startHouse(upstream)
    const { post: keep } = store
    store.post = async () => {
      throw new Error('disk full')
    }
    await (await post(gateway.url, messagesBody)).text()
    const answer = await fetch(`${gateway.url}/runguard/ready`)
    expect([answer.status, await answer.json()]).toMatchObject([503, { status: 'not-ready' }])
    expect(complaints.join()).toContain('disk full')
    store.post = keep
  })
})

describe('what a gateway logs', () => {
  it('is never a key or a prompt', async () => {
    const { gateway, complaints } = await startHouse('http://127.0.0.1:9')
    await (await post(gateway.url, messagesBody, { authorization: 'Bearer sk-ant-test-secret' })).text()
    await exchange(gateway.url, 'GET / HTTP/1.1\r\nx-api-key: sk-ant-test-secret\r\nbad line\r\n\r\n')
    expect(complaints.join()).not.toMatch(/sk-ant|sky blue/)
  })
})
