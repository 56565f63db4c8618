/** The probes with which clients ask whether anybody is there; what else is below `/runguard` belongs to the control plane. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Endpoint } from '@runguard/sdk/core'
import type { Engine } from '@runguard/sdk/engine'

/** What the pages show. */
export interface OwnPages {
  readonly engine: Engine
  readonly version: string
}

type Page = (pages: OwnPages) => Promise<{ readonly status: number; readonly body: unknown }>

const hello: Page = async ({ version }) => {
  return { status: 200, body: { name: 'RunGuard', version, next: 'Set ANTHROPIC_BASE_URL to this address.' } }
}

const PAGES = new Map<string, Page>([
  ['/', hello],
  ['/api/hello', hello],
  ['/runguard/health', async ({ version }) => ({ status: 200, body: { status: 'ok', version } })],
  ['/runguard/ready', readiness],
])

/** Ready means: what is metered now can be kept. */
async function readiness({ engine }: OwnPages): ReturnType<Page> {
  try {
    await engine.flush()
    return { status: 200, body: { status: 'ready' } }
  } catch {
    return { status: 503, body: { status: 'not-ready', reason: 'The store cannot be written.' } }
  }
}

function pathOf({ target }: Endpoint): string {
  return target.split('?', 1)[0] ?? ''
}

/** Pages that ask whether anybody is there. */
export function isProbe(endpoint: Endpoint): boolean {
  return PAGES.has(pathOf(endpoint))
}

/** Pages that are answered here and never sent on. */
export function isOwnPage(endpoint: Endpoint): boolean {
  const path = pathOf(endpoint)
  return path.startsWith('/runguard/') || PAGES.has(path)
}

/** Answers a page of ours. */
export function serveOwnPage(
  pages: OwnPages,
  endpoint: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  request.resume()
  const page = PAGES.get(pathOf(endpoint))
  const isReading = request.method === 'GET' || request.method === 'HEAD'
  if (page === undefined) answer(response, 404, { status: 'not-found', pages: [...PAGES.keys()] })
  else if (!isReading) answer(response, 405, { status: 'method-not-allowed', allowed: ['GET', 'HEAD'] })
  else void page(pages).then(({ status, body }) => answer(response, status, body))
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}
