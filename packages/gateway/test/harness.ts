/** A gateway between a scripted upstream and a raw client, all on loopback sockets. */

import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createNetServer, type Server, type Socket } from 'node:net'
import { type Budget, type CallRecord, loadPriceBook, priceList } from '@runguard/sdk/core'
import {
  createEngine,
  type EngineConfig,
  type EngineOptions,
  engineDefaults,
  systemRuntime,
} from '@runguard/sdk/engine'
import { memoryStore, type SessionStore, type Store } from '@runguard/sdk/store'
import { onTestFinished } from 'vitest'
import { type Gateway, type GatewayOptions, startGateway } from '../src/index.js'

export interface House {
  readonly gateway: Gateway
  readonly store: Store & SessionStore
  /** Resolves with the records once there are that many. */
  records(count: number): Promise<readonly CallRecord[]>
  /** Everything the gateway logged at warn or error. */
  readonly complaints: readonly string[]
}

/** What may differ from an ordinary gateway. */
export interface HouseOptions extends Partial<GatewayOptions>, Pick<EngineOptions, 'defer' | 'tellDeferred'> {
  readonly budgets?: readonly Budget[]
  readonly store?: Store & SessionStore
  readonly config?: Partial<EngineConfig>
}

export async function startHouse(upstream: string, options: HouseOptions = {}): Promise<House> {
  const complaints: string[] = []
  const complain = (event: string, fields?: object): void => {
    complaints.push(`${event} ${JSON.stringify(fields)}`)
  }
  const runtime = options.runtime ?? systemRuntime({ info() {}, warn: complain, error: complain })
  const store = options.store ?? memoryStore()
  const seen: CallRecord[] = []
  const waiting: (() => void)[] = []
  const onRecord = (record: CallRecord): void => {
    seen.push(record)
    for (const check of waiting) check()
  }
  const config = {
    ...engineDefaults,
    book: loadPriceBook(priceList),
    waitForMoneyMs: 0,
    ...options.config,
  } as const
  const { budgets = [], defer = {}, tellDeferred } = options
  const engine = createEngine({ config, store, runtime, budgets, onRecord, defer, tellDeferred })
  const gateway = await startGateway({
    engine,
    runtime,
    upstream,
    host: '127.0.0.1',
    port: 0,
    version: 'test',
    ...options,
  })
  onTestFinished(() => gateway.close(0))
  const records = (count: number): Promise<readonly CallRecord[]> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (seen.length >= count) resolve(seen)
      }
      waiting.push(check)
      check()
    })
  return { gateway, store, records, complaints }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An upstream that speaks HTTP as node does. */
export async function httpUpstream(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createHttpServer(answer)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return listen(server)
}

/** An upstream that answers each connection's request with bytes of the test's choice. */
export async function rawUpstream(answer: (socket: Socket, request: string) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createNetServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    let request = ''
    socket.on('data', (chunk) => {
      request += chunk.toString('latin1')
      if (isWhole(request)) {
        answer(socket, request)
        request = ''
      }
    })
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return listen(server)
}

function isWhole(request: string): boolean {
  const end = request.indexOf('\r\n\r\n')
  const length = Number(/content-length: (\d+)/i.exec(request)?.[1] ?? 0)
  return end >= 0 && request.length >= end + 4 + length
}

/** Sends bytes as they are; resolves with everything that came back when the connection ended. */
export function exchange(url: string, request: string | Buffer, shouldEnd = false): Promise<string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname, () => {
      socket.write(request)
      if (shouldEnd) socket.end()
    })
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
  })
}

export const messagesBody = JSON.stringify({
  model: 'claude-sonnet-5-5',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'Why is the sky blue?' }],
})

export const streamBody = messagesBody.replace('{', '{"stream":true,')

/** A Messages request, whole, on a connection that closes after it. */
export function rawRequest(body: string | Buffer, headers: readonly string[] = [], path = '/v1/messages'): Buffer {
  const lines = [
    `POST ${path} HTTP/1.1`,
    'host: gateway',
    'x-api-key: sk-ant-test',
    'anthropic-version: 2023-06-01',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    ...headers,
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), Buffer.from(body)])
}

export function post(url: string, body: string | Buffer, headers: Record<string, string> = {}, path = '/v1/messages') {
  return fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': 'sk-ant-test', ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  })
}

export const answerBody = JSON.stringify({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-5-5',
  content: [{ type: 'text', text: 'Because of Rayleigh scattering.' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 120, output_tokens: 90 },
})
/** 120 × $2 + 90 × $10 per million tokens. */
export const answerCostNano = 1_140_000
