/** Receivers of alerts on loopback: what they were sent, and answers of the test's choice. */

import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A message that came in. */
export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface Receiver {
  readonly url: string
  readonly received: readonly Received[]
  /** Resolves once there are that many. */
  until(count: number): Promise<readonly Received[]>
  close(): Promise<void>
}

type Answer = (message: Received, response: ServerResponse) => void

const accept: Answer = (_, response) => response.end('ok')

/** Starts a receiver; on the port of one that was closed before, if it is to come back. */
export async function startReceiver(answer: Answer = accept, port = 0): Promise<Receiver> {
  const received: Received[] = []
  const waiting = new Set<() => void>()
  const server = createServer((request, response) => {
    void readText(request).then((text) => {
      const message = { path: request.url ?? '', headers: request.headers, text }
      received.push(message)
      for (const check of waiting) check()
      answer(message, response)
    })
  })
  const close = (): Promise<void> => closeServer(server)
  onTestFinished(close)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const until = (count: number): Promise<readonly Received[]> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (received.length < count) return
        waiting.delete(check)
        resolve(received)
      }
      waiting.add(check)
      check()
    })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, until, close }
}

async function readText(request: IncomingMessage): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of request) pieces.push(piece as Uint8Array)
  return Buffer.concat(pieces).toString('utf8')
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}

/** A mail server that takes everything, or refuses every recipient. */
export async function startMailServer(refusal: string | null = null) {
  const mails: string[] = []
  const logins: string[] = []
  const sockets = new Set<Socket>()
  const server = createNetServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.write('220 test\r\n')
    let [buffer, isData] = ['', false]
    socket.on('data', (chunk) => {
      buffer += chunk.toString('utf8')
      while (true) {
        const end = buffer.indexOf(isData ? '\r\n.\r\n' : '\r\n')
        if (end < 0) return
        const line = buffer.slice(0, end)
        buffer = buffer.slice(end + (isData ? 5 : 2))
        if (isData) {
          mails.push(line)
          isData = false
          socket.write('250 taken\r\n')
        } else isData = answerLine(socket, line, refusal, logins)
      }
    })
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, mails, logins }
}

/** @returns whether the mail itself comes next */
function answerLine(socket: Socket, line: string, refusal: string | null, logins: string[]): boolean {
  const verb = line.slice(0, 4).toUpperCase()
  if (verb === 'EHLO') socket.write('250-test\r\n250 AUTH PLAIN\r\n')
  else if (verb === 'AUTH') {
    logins.push(Buffer.from(line.split(' ')[2] ?? '', 'base64').toString('utf8'))
    socket.write('235 welcome\r\n')
  } else if (verb === 'DATA') {
    socket.write('354 go on\r\n')
    return true
  } else if (verb === 'RCPT' && refusal !== null) socket.write(`${refusal}\r\n`)
  else if (verb === 'QUIT') socket.end('221 bye\r\n')
  else socket.write('250 ok\r\n')
  return false
}
