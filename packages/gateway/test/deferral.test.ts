import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { defaultDeferPolicy } from '@runguard/sdk/core'
import { systemRuntime } from '@runguard/sdk/engine'
import { memoryStore } from '@runguard/sdk/store'
import { auditBills, type RunningSimulator, startSimulator } from '@runguard/simulator'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { httpSend } from '../src/alerting/http-send.js'
import { readWebhook, tellByWebhook } from '../src/calls/webhook.js'
import { messagesBody, post, startHouse, streamBody } from './harness.js'

let simulator: RunningSimulator
beforeEach(async () => {
  simulator = await startSimulator({ batchMs: 0 })
  onTestFinished(() => simulator.close())
})

const hasty = { policy: { ...defaultDeferPolicy, flushAfterMs: 5 }, pollMs: 20 }

const defer = (url: string, headers: Record<string, string> = {}, body = messagesBody) =>
  post(url, body, { 'x-runguard-defer': '6h', ...headers })

const job = async (url: string, location: string | null, init: RequestInit = {}) => {
  const headers = { 'x-api-key': 'sk-ant-test', ...(init.headers as Record<string, string>) }
  const response = await fetch(url + location, { ...init, headers })
  return { status: response.status, body: JSON.parse(await response.text()) }
}

/** Asks as a client would, until there is an answer. */
async function ended(url: string, location: string | null) {
  for (;;) {
    const { body } = await job(url, location)
    if (!['waiting', 'batched', 'direct'].includes(body.status)) return body
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe('a call with x-runguard-defer', () => {
  it('is answered with a job at once, and by a batch later, at half price', async () => {
    const { gateway, store } = await startHouse(simulator.url, { defer: hasty })
    const response = await defer(gateway.url, { 'x-runguard-session': 'nightly' })
    expect(response.status).toBe(202)
    const location = response.headers.get('location')
    const taken = JSON.parse(await response.text())
    expect(taken).toMatchObject({ type: 'deferred_call', status: 'waiting', url: location })
    expect(Date.parse(taken.deadline) - Date.parse(taken.created_at)).toBe(6 * 3_600_000)
    const done = await ended(gateway.url, location)
    expect(done).toMatchObject({ status: 'succeeded', message: { type: 'message', role: 'assistant' } })
    await fetch(`${gateway.url}/runguard/ready`)
    const [row] = await store.report({ groupBy: 'session' })
    expect(row).toMatchObject({ group: 'nightly', calls: 1, costNano: Number(auditBills(simulator.log).total) })
    expect(simulator.log.filter(({ isBilled }) => isBilled)).toMatchObject([{ batchItem: { customId: taken.id } }])
  })

  it('is one call however often it is sent with the same idempotency-key, and two for two callers', async () => {
    const { gateway } = await startHouse(simulator.url)
    const idOf = async (response: Response): Promise<string> => JSON.parse(await response.text()).id
    const first = await idOf(await defer(gateway.url, { 'idempotency-key': 'k1' }))
    expect(await idOf(await defer(gateway.url, { 'idempotency-key': 'k1' }))).toBe(first)
    expect(await idOf(await defer(gateway.url, { 'idempotency-key': 'k2' }))).not.toBe(first)
    expect(await idOf(await defer(gateway.url, { 'idempotency-key': 'k1', 'x-api-key': 'sk-ant-other' }))).not.toBe(
      first,
    )
  })

  it('is shown to whoever has its credential, who may give it up', async () => {
    const { gateway } = await startHouse(simulator.url)
    const location = (await defer(gateway.url)).headers.get('location')
    expect((await job(gateway.url, location, { headers: { 'x-api-key': 'sk-ant-other' } })).status).toBe(404)
    expect((await job(gateway.url, '/runguard/jobs/../jobs/nobody')).status).toBe(404)
    for (const odd of [
      '..%2Fhealth',
      '..%2F..%2F',
      '%2e%2e%2Fready',
      '..%5Chealth',
      '%2Fhealth',
      'a%2F..%2F..%2Fready',
    ]) {
      expect((await job(gateway.url, `/runguard/jobs/${odd}`)).body).toMatchObject({ status: 'not-found' })
    }
    expect((await job(gateway.url, location, { method: 'PUT' })).status).toBe(405)
    expect((await job(gateway.url, location, { method: 'DELETE' })).body).toMatchObject({
      status: 'canceled',
      error: { message: expect.stringContaining('given up') },
    })
    expect((await job(gateway.url, location)).body.status).toBe('canceled')
  })

  it.each([
    ['a time that makes no sense', { 'x-runguard-defer': 'soon' }, messagesBody, /'1m' to '7d'/],
    ['a stream', {}, streamBody, /cannot be a stream/],
    ['no JSON', {}, '{"model":', /cannot be read/],
    [
      'a webhook to anywhere',
      { 'x-runguard-webhook': 'https://intranet.test/x' },
      messagesBody,
      /defer\.webhooks\.hosts/,
    ],
  ])('is refused with %s', async (_, headers, body, message) => {
    const { gateway } = await startHouse(simulator.url)
    const response = await defer(gateway.url, headers, body)
    expect(response.status).toBe(400)
    expect(JSON.parse(await response.text()).error.message).toMatch(message)
    expect(simulator.log).toHaveLength(0)
  })

  it('waits for its credential after a restart, because none is kept, and goes on when that is seen', async () => {
    const store = memoryStore()
    const first = await startHouse(simulator.url, { store })
    const location = (await defer(first.gateway.url)).headers.get('location')
    await first.gateway.close(0)
    const second = await startHouse(simulator.url, { store, defer: hasty })
    await post(second.gateway.url, messagesBody, { 'x-api-key': 'sk-ant-other' })
    expect((await store.findDeferred(String(location).split('/').at(-1) ?? ''))?.state).toBe('waiting')
    expect(await ended(second.gateway.url, location)).toMatchObject({ status: 'succeeded' })
  })
})

describe('a webhook', () => {
  it('gets a signed message without the answer', async () => {
    const got: { body: string; headers: Record<string, unknown> }[] = []
    const server = createServer((request, response) => {
      const pieces: Buffer[] = []
      request.on('data', (piece: Buffer) => pieces.push(piece))
      request.on('end', () => {
        got.push({ body: Buffer.concat(pieces).toString(), headers: request.headers })
        response.writeHead(204).end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const [runtime, secret] = [systemRuntime(), 'a secret of the receiver']
    const send = httpSend(runtime)
    onTestFinished(() => send.close?.())
    const tellDeferred = tellByWebhook({ runtime, send, hosts: [host], secret })
    const { gateway } = await startHouse(simulator.url, { defer: hasty, tellDeferred, webhookHosts: [host] })
    const response = await defer(gateway.url, { 'x-runguard-webhook': `http://${host}/done` })
    expect(response.status).toBe(202)
    await ended(gateway.url, response.headers.get('location'))
    while (got.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    const [{ body, headers } = { body: '', headers: {} }] = got
    expect(JSON.parse(body)).toMatchObject({ version: 1, job: { status: 'succeeded', type: 'deferred_call' } })
    expect(JSON.parse(body).job.message).toBeUndefined()
    const signed = `${headers['x-runguard-timestamp']}.${body}`
    expect(headers['x-runguard-signature']).toBe(`v1=${createHmac('sha256', secret).update(signed).digest('hex')}`)
  })

  it.each([
    ['https://hooks.test/x', true],
    ['https://hooks.test:8443/x', false],
    ['http://hooks.test/x', false],
    ['https://user:pw@hooks.test/x', false],
    ['https://evil.test/?hooks.test', false],
    ['http://127.0.0.1:9/x', true],
    ['http://127.0.0.1:10/x', false],
    ['file:///etc/passwd', false],
    ['hooks.test', false],
  ])('at %s is allowed: %s', (url, isAllowed) => {
    expect(readWebhook(url, ['hooks.test', '127.0.0.1:9']).kind).toBe(isAllowed ? 'webhook' : 'problem')
  })
})
