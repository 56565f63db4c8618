/** `/runguard/jobs/{id}`: what became of a call that waits. GET shows it, DELETE gives it up. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Endpoint } from '@runguard/sdk/core'
import { type CallerRules, identifyCaller } from '../access/callers.js'
import { refuse } from '../relay.js'
import { type DeferralDesk, ownerOf } from './deferral.js'
import { jobView } from './job-view.js'

const PATH = /^\/runguard\/jobs\/([\w-]{1,64})$/

/** As it stands in a request line, which may name the host as well. */
const WRITTEN_BELOW = /^(?:[a-z][a-z0-9+.-]*:\/\/[^/]*)?\/runguard\/jobs\//i

/**
 * True for a path below `/runguard/jobs`, also for one that leads out again: `jobs/..%2Fhealth` asks for a job that has an
 * odd name, and for no other page.
 *
 * @param written the target as it stands in the request line
 */
export function isJobPage({ target }: Endpoint, written: string): boolean {
  return target.startsWith('/runguard/jobs/') || WRITTEN_BELOW.test(written)
}

/** What the pages need of a gateway. */
export interface JobPlane {
  readonly deferral: DeferralDesk
  readonly callers: CallerRules | null
}

/** Serves one request. A job is shown to whoever shows the credential that it came with; to others there is none. */
export async function serveJob(
  { deferral: desk, callers }: JobPlane,
  endpoint: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.resume()
  const caller = await identifyCaller(callers, request)
  if (caller.kind === 'refuse') return refuse(response, caller.refusal, desk.runtime.id())
  const [, id = ''] = PATH.exec(endpoint.target.split('?', 1)[0] ?? '') ?? []
  const owner = ownerOf(caller.account?.key ?? null, desk.credentials.meet(caller.headers))
  const found = await desk.engine.deferred.find(id)
  if (found === null || found.job.owner !== owner) return answer(response, 404, NOT_FOUND)
  if (request.method === 'GET') return answer(response, 200, jobView(found))
  if (request.method !== 'DELETE')
    return answer(response, 405, { status: 'method-not-allowed', allowed: ['GET', 'DELETE'] })
  await desk.engine.deferred.cancel(id)
  answer(response, 200, jobView((await desk.engine.deferred.find(id)) ?? found))
}

const NOT_FOUND = {
  status: 'not-found',
  reason: 'There is no such job, it is forgotten, or it came with another credential than this request.',
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}
