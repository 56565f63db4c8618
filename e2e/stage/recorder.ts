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
