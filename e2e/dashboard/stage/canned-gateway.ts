/** The built dashboard in front of answers that were made up: for amounts and names that no ordinary run brings. */

import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ApiEvent } from '@runguard/gateway/api'

/** The files that the build of the dashboard made. */
const dashboardFiles = fileURLToPath(new URL('../../../packages/dashboard/dist', import.meta.url))

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

/** Answers by the path behind `/runguard/api/`; a function sees the query. */
export type Answers = Record<string, unknown | ((query: URLSearchParams) => unknown)>

/** A server of made-up answers. */
export interface CannedGateway {
  readonly url: string
  /** May be changed while it runs. */
  readonly answers: Answers
  /** What was asked to change, as `METHOD path`. */
  readonly changes: readonly string[]
  tell(event: ApiEvent): void
  /** From now on nothing is answered and nothing is told, as by a process that stands still; false: it goes on. */
  hang(isHanging: boolean): void
  close(): Promise<void>
}

/** An answer with a status of its own. */
export class Refused {
  readonly status: number
  readonly message: string
  constructor(status: number, message: string) {
    this.status = status
    this.message = message
  }
}

/** As often as a real gateway says that it is there. */
const BEAT_MS = 15_000

/** Serves on loopback; on `port` 0 wherever there is room. */
export async function openCannedGateway(answers: Answers, port = 0): Promise<CannedGateway> {
  const listeners = new Set<ServerResponse>()
  const changes: string[] = []
  const waiting: (() => void)[] = []
  let isHanging = false
  const tell = (event: ApiEvent): void => {
    if (isHanging) return
    for (const each of listeners) each.write(`event: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`)
  }
  const server = createServer((request, response) => {
    const go = (): void => serve(request, response, { answers, listeners, changes })
    if (isHanging) waiting.push(go)
    else go()
  })
  const beats = setInterval(() => tell({ kind: 'beat', at: Date.now() }), BEAT_MS)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/runguard/`,
    answers,
    changes,
    tell,
    hang: (shallHang) => {
      isHanging = shallHang
      if (!shallHang) for (const go of waiting.splice(0)) go()
    },
    close: () =>
      new Promise((resolve) => {
        clearInterval(beats)
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

interface Serving {
  readonly answers: Answers
  readonly listeners: Set<ServerResponse>
  readonly changes: string[]
}

function serve(request: IncomingMessage, response: ServerResponse, { answers, listeners, changes }: Serving): void {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  const path = decodeURIComponent(url.pathname)
  if (path === '/runguard/events') {
    listen(request, response, listeners)
  } else if (path.startsWith('/runguard/api/')) {
    const name = path.slice('/runguard/api/'.length)
    if (request.method !== 'GET') changes.push(`${request.method} ${name}`)
    answer(response, answers[request.method === 'GET' ? name : `${request.method} ${name}`], url.searchParams)
  } else {
    serveFile(path, response)
  }
}

function listen(request: IncomingMessage, response: ServerResponse, listeners: Set<ServerResponse>): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': here\n\n')
  listeners.add(response)
  request.on('close', () => listeners.delete(response))
}

function answer(response: ServerResponse, found: unknown, query: URLSearchParams): void {
  const body = typeof found === 'function' ? (found as (query: URLSearchParams) => unknown)(query) : found
  const refused = body === undefined ? new Refused(404, 'There is no such thing.') : body
  const isRefused = refused instanceof Refused
  response.writeHead(isRefused ? refused.status : 200, { 'content-type': 'application/json' })
  const error = isRefused ? { error: { code: 'failed', message: refused.message, problems: [] } } : body
  response.end(JSON.stringify(error))
}

function serveFile(path: string, response: ServerResponse): void {
  const name = path.replace(/^\/runguard\//, '')
  const file = extname(name) === '' ? 'index.html' : name
  try {
    const bytes = readFileSync(join(dashboardFiles, file))
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(bytes)
  } catch {
    response.writeHead(404).end()
  }
}
