/** The gateway: a listener, its data plane and its own few pages, from start to graceful end. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { answerRefusal, type Refusal, resolveEndpoint } from '@runguard/sdk/core'
import type { Engine, Runtime } from '@runguard/sdk/engine'
import { Pool } from 'undici'
import type { CallerRules } from './access/callers.js'
import { isLoopback } from './address.js'
import { type CompiledCascades, compileCascades } from './calls/cascade.js'
import { rememberCredentials } from './calls/credentials.js'
import { isJobPage, serveJob } from './calls/job-pages.js'
import { VerifierError } from './calls/verifier.js'
import type { Control } from './control/control.js'
import { isOwnPage, isProbe, serveOwnPage } from './control-plane.js'
import { type DataPlane, refuseCall, serveCall } from './data-plane.js'
import { createInputCounter } from './input-counter.js'
import { MAX_BODY_BYTES } from './request.js'

/** What a gateway is made of. */
export interface GatewayOptions {
  readonly engine: Engine
  readonly runtime: Runtime
  /** Where calls go, e.g. `https://api.anthropic.com`. A path in it is put in front of every target. */
  readonly upstream: string
  /** A loopback address, unless there are rules for callers: see `bindProblem`. */
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Shown on the health page. */
  readonly version: string
  /** Longest wait for the head of an answer, and for the next byte of one. */
  readonly upstreamTimeoutMs?: number
  readonly maxBodyBytes?: number
  /** Whose calls are taken; absent: everybody's, with what they bring. */
  readonly callers?: CallerRules
  /** The pages and the API below `/runguard`; absent: only the probes are there. */
  readonly control?: Control
  /** The only hosts to which the end of deferred calls may be told. */
  readonly webhookHosts?: readonly string[]
}

/** A gateway that is listening. */
export interface Gateway {
  /** `http://127.0.0.1:4141` */
  readonly url: string
  /** Calls that have been sent and have not ended. */
  running(): number
  /** Ends gracefully: no new calls; running ones may finish within `graceMs`, then they are ended and settled. */
  close(graceMs: number): Promise<void>
}

/** The gateway cannot start as it was asked to; the message says what to change. */
export class GatewayStartError extends Error {
  override readonly name = 'GatewayStartError'
}

/** Longer than clients keep theirs: who closes first, while the other sends, breaks a call. */
const KEEP_ALIVE_MS = 75_000
/** The API itself gives up at ten minutes; whatever waits longer waits for nothing. */
const DEFAULT_UPSTREAM_TIMEOUT_MS = 11 * 60 * 1000

/** Starts listening. Rejects with {@link GatewayStartError}. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  if (options.callers === undefined) requireLoopback(options.host)
  const plane = createDataPlane(options)
  const standing: Standing = { options, plane, isClosing: false }
  const answers = new WeakMap<Socket, ServerResponse>()
  const server = createServer((request, response) => {
    answers.set(request.socket, response)
    serveRequest(standing, request, response)
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      for (const relay of plane.running) if (relay.serves(socket)) relay.stop('caller-aborted')
    })
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    answerClientError(error, socket, answers.get(socket))
  })
  const url = await listen(server, options)
  const close = async (graceMs: number): Promise<void> => {
    standing.isClosing = true
    options.control?.close()
    plane.runtime.schedule(HALF_SENT_MS, () => endHalfSent(sockets, answers))
    await drain(server, plane, graceMs)
    await endDeferred(plane, graceMs)
    await plane.upstream.destroy()
    await options.engine.close()
  }
  return { url, running: () => plane.running.size, close }
}

/** A gateway that is up, or on its way down. */
interface Standing {
  readonly options: GatewayOptions
  readonly plane: DataPlane
  isClosing: boolean
}

/** Finds who answers: a page of ours, wherever one is asked for, else the upstream. */
function serveRequest(standing: Standing, request: IncomingMessage, response: ServerResponse): void {
  const { options, plane, isClosing } = standing
  const { control } = options
  const written = request.url ?? '/'
  const endpoint = resolveEndpoint(request.method ?? 'GET', written)
  const parts = [plane, endpoint, request, response] as const
  if (isJobPage(endpoint, written)) survive(plane, response, serveJob(...parts))
  else if (control?.owns(endpoint.target, request.headers) && !isProbe(endpoint))
    control.serve(endpoint, request, response)
  else if (isOwnPage(endpoint)) serveOwnPage(options, endpoint, request, response)
  else survive(plane, response, isClosing ? refuseCall(...parts, CLOSING) : serveCall(...parts))
}

/** Deferred calls that are on their way may end within the same time. */
async function endDeferred({ engine, runtime }: DataPlane, graceMs: number): Promise<void> {
  const patience = new AbortController()
  await Promise.race([engine.deferred.close(), runtime.sleep(graceMs, patience.signal)])
  // Whoever sleeps keeps the process.
  patience.abort()
}

function createDataPlane({
  engine,
  runtime,
  upstream,
  upstreamTimeoutMs,
  maxBodyBytes,
  callers,
  webhookHosts,
}: GatewayOptions): DataPlane {
  const { origin, pathname } = parseUpstream(upstream)
  const timeoutMs = upstreamTimeoutMs ?? DEFAULT_UPSTREAM_TIMEOUT_MS
  const pool = new Pool(origin, { headersTimeout: timeoutMs, bodyTimeout: timeoutMs })
  const upstreamPrefix = pathname.replace(/\/+$/, '')
  const address = origin + upstreamPrefix
  const held = callers?.upstreamKey ?? null
  return {
    engine,
    runtime,
    upstream: pool,
    upstreamPrefix,
    maxBodyBytes: maxBodyBytes ?? MAX_BODY_BYTES,
    callers: callers ?? null,
    countInput: createInputCounter({ runtime, upstream: pool, upstreamPrefix }),
    cascades: readCascades(engine, runtime),
    deferral: {
      engine,
      runtime,
      webhookHosts: webhookHosts ?? [],
      credentials: rememberCredentials({ engine, upstream: pool, upstreamPrefix, address, held }),
    },
    running: new Set(),
    serving: new Set(),
  }
}

function readCascades(engine: Engine, runtime: Runtime): CompiledCascades {
  try {
    return compileCascades(engine, runtime)
  } catch (error) {
    if (!(error instanceof VerifierError)) throw error
    throw new GatewayStartError(`A verifier of routing.cascades cannot be used: ${error.message}.`)
  }
}

function parseUpstream(upstream: string): URL {
  const url = URL.canParse(upstream) ? new URL(upstream) : null
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  throw new GatewayStartError(`The upstream ${JSON.stringify(upstream)} is not an http(s) URL.`)
}

function requireLoopback(host: string): void {
  if (isLoopback(host)) return
  throw new GatewayStartError(
    `RunGuard does not listen on ${JSON.stringify(host)}: without sign-in everybody there could spend your money. ` +
      'Use 127.0.0.1.',
  )
}

/** A fault of ours in one call must not take the others with it. */
function survive(plane: DataPlane, response: ServerResponse, serving: Promise<void>): void {
  const survived = serving.catch((error: unknown) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    plane.runtime.log.error('call-failed', { error: text })
    response.destroy()
  })
  plane.serving.add(survived)
  void survived.finally(() => plane.serving.delete(survived))
}

/** A request that is still being sent when the end begins has so long to arrive. */
const HALF_SENT_MS = 2_000

function endHalfSent(sockets: ReadonlySet<Socket>, answers: WeakMap<Socket, ServerResponse>): void {
  for (const socket of sockets) {
    const answer = answers.get(socket)
    if (answer === undefined || !(answer.req.complete || answer.headersSent)) socket.destroy()
  }
}

const CLOSING: Refusal = {
  code: 'runguard_shutting_down',
  message: 'RunGuard is shutting down and takes no new calls. Try again in a moment.',
}

/** What node could not read as HTTP never became a call; it still deserves an answer that clients can show. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket, answer: ServerResponse | undefined): void {
  // In the middle of an answer any other byte would become part of it.
  const isAnswering = answer?.headersSent === true && !answer.writableFinished
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswering) {
    socket.destroy()
    return
  }
  const message = `The request is not valid HTTP (${error.code ?? 'parse error'}).`
  const { body } = answerRefusal({ code: 'runguard_malformed_request', message }, 'none')
  const status = CLIENT_ERRORS.get(error.code ?? '') ?? '400 Bad Request'
  const lines = [`HTTP/1.1 ${status}`, 'content-type: application/json', `content-length: ${Buffer.byteLength(body)}`]
  socket.end(`${[...lines, 'x-should-retry: false', 'connection: close'].join('\r\n')}\r\n\r\n${body}`)
}

/** Those that are not simply a bad request. */
const CLIENT_ERRORS = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
])

function listen(server: Server, { host, port }: GatewayOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(startError(error, host, port)))
    server.listen(port, host, () => {
      const address = server.address() as AddressInfo
      resolve(`http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`)
    })
  })
}

function startError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE') {
    return new GatewayStartError(
      `Port ${port} on ${host} is taken. Is RunGuard already running? Choose another with --port.`,
    )
  }
  return new GatewayStartError(`Cannot listen on ${host}:${port}: ${error.message}`)
}

/** How often connections are looked at that have become idle since the end began. */
const SWEEP_MS = 25

async function drain(server: Server, plane: DataPlane, graceMs: number): Promise<void> {
  let isClosed = false
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const sweep = (): void => {
    server.closeIdleConnections()
    if (!isClosed) plane.runtime.schedule(SWEEP_MS, sweep)
  }
  sweep()
  plane.runtime.schedule(graceMs, () => {
    for (const relay of plane.running) relay.stop('gateway-stopped')
    server.closeAllConnections()
  })
  await closed
  isClosed = true
  // An answer that is still being read beside the stream ends a moment after its connection.
  await Promise.all(plane.serving)
  while (plane.running.size > 0) await plane.runtime.sleep(SWEEP_MS)
}
