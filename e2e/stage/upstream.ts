/** Servers that stand in for others: an upstream with answers of its own, and a proxy that lets nobody out. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** Answers every call with `answer`, which gets the whole body: for what the simulator does not say. */
export function openUpstream(
  answer: (request: IncomingMessage, body: Buffer, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    answer(request, Buffer.concat(chunks), response)
  })
  return listen(server)
}

/** A proxy that connects nobody and notes where they wanted to go. */
export async function openDeadEnd(): Promise<{ readonly url: string; readonly wanted: readonly string[] }> {
  const wanted: string[] = []
  const server = createServer((request, response) => {
    wanted.push(String(request.url))
    response.writeHead(502).end()
  })
  server.on('connect', (request, socket) => {
    wanted.push(String(request.url))
    socket.on('error', () => socket.destroy())
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  return { url: await listen(server), wanted }
}

/** Listens on loopback until the test ends. Answers the address. */
export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
