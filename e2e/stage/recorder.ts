/** A recorder: passes everything on as it is, and keeps the hash of every message that went through. */

import { createHash, type Hash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http'
import { listen } from './upstream.js'

/** A message on the wire: its head, and what is needed to compare its body. */
interface Message {
  readonly headers: readonly (readonly [string, string])[]
  readonly bodyHash: string
  readonly bodyBytes: number
}

/** One request and its answer. */
export interface Exchange {
  readonly method: string
  readonly target: string
  readonly request: Message
  readonly status: number
  readonly answer: Message
}

/** Headers of one connection, and the two that whoever passes a call on sets anew for its own. */
const ofTheConnection = /^(connection|keep-alive|transfer-encoding|te|upgrade|host|content-length|accept-encoding)$/i

type Headers = Message['headers']

/** What has to be the same wherever one looks at an exchange: bodies byte for byte, headers in name, order and value. */
export function travelling(exchange: Exchange): object {
  return keep(exchange, (headers) => headers)
}

/** The same for whoever sends with the `Headers` of the web, which know neither case nor order. */
export function travellingByName(exchange: Exchange): object {
  return keep(exchange, (headers) => headers.map(([name, value]) => `${name.toLowerCase()}: ${value}`).toSorted())
}

function keep({ method, target, status, request, answer }: Exchange, see: (headers: Headers) => unknown): object {
  return {
    call: `${method} ${target} ${status}`,
    request: { headers: see(travellingHeaders(request)), bytes: request.bodyBytes, hash: request.bodyHash },
    answer: { headers: see(travellingHeaders(answer)), bytes: answer.bodyBytes, hash: answer.bodyHash },
  }
}

function travellingHeaders({ headers }: Message): Headers {
  return headers.filter(([name]) => !ofTheConnection.test(name) && !/^x-runguard-/i.test(name))
}

/** What went through, by the `request-id` of the answer. */
export interface Recorder {
  readonly url: string
  readonly exchanges: ReadonlyMap<string, Exchange>
}

/** Listens on loopback in front of `upstream` until the test ends. */
export async function openRecorder(upstream: string): Promise<Recorder> {
  const exchanges = new Map<string, Exchange>()
  const server = createServer((request, response) => passOn(upstream, exchanges, request, response))
  return { url: await listen(server), exchanges }
}

function passOn(
  upstream: string,
  exchanges: Map<string, Exchange>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { method = '', url: target = '', rawHeaders } = request
  const asked = hashing(request)
  // The types know objects only; a flat list keeps names, order and repetitions as they came.
  const headers = rawHeaders as unknown as Record<string, string>
  const outgoing = send(upstream + target, { method, headers }, (answer) => {
    const answered = hashing(answer)
    response.writeHead(answer.statusCode ?? 0, answer.statusMessage, answer.rawHeaders)
    answer.pipe(response)
    answer.on('end', () => {
      const exchange = { method, target, request: asked(), status: answer.statusCode ?? 0, answer: answered() }
      exchanges.set(String(answer.headers['request-id']), exchange)
    })
  })
  outgoing.on('error', () => response.destroy())
  request.pipe(outgoing)
}

/** Hashes a body while it passes. */
function hashing(message: IncomingMessage): () => Message {
  const hash: Hash = createHash('sha256')
  let bodyBytes = 0
  message.on('data', (chunk: Buffer) => {
    hash.update(chunk)
    bodyBytes += chunk.length
  })
  return () => ({ headers: pairs(message.rawHeaders), bodyHash: hash.digest('hex'), bodyBytes })
}

function pairs(rawHeaders: readonly string[]): [string, string][] {
  return rawHeaders.flatMap((name, at): [string, string][] => (at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? '']] : []))
}
