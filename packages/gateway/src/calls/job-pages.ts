/** `/runguard/jobs/{id}`: what became of a call that waits. GET shows it, DELETE gives it up. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Endpoint } from '@runguard/sdk/core'
import type { DeferredCallState } from '@runguard/sdk/engine'
import { plainHeaders } from '../headers.js'
import type { DeferralDesk } from './deferral.js'

/** A job as it is shown. Times are ISO 8601. */
export interface JobView {
  readonly id: string
  readonly type: 'deferred_call'
  /** `waiting`, `batched` or `direct` until it has ended; then `succeeded`, `failed`, `canceled` or `interrupted`. */
  readonly status: string
  readonly model: string
  readonly created_at: string
  /** By then it is answered, as far as that is up to the gateway. */
  readonly deadline: string
  readonly ended_at: string | null
  /** The answer of the API, once there is one. */
  readonly message?: unknown
  /** Why there is no answer. */
  readonly error?: unknown
}

const PATH = /^\/runguard\/jobs\/([\w-]{1,64})$/

/** True for a path below `/runguard/jobs`. */
export function isJobPage({ target }: Endpoint): boolean {
  return target.startsWith('/runguard/jobs/')
}

/** Serves one request. A job is shown to whoever shows the credential that it came with; to others there is none. */
export async function serveJob(
  desk: Pick<DeferralDesk, 'engine' | 'credentials'>,
  endpoint: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.resume()
  const [, id = ''] = PATH.exec(endpoint.target.split('?', 1)[0] ?? '') ?? []
  const { owner } = desk.credentials.meet(plainHeaders(request.headers))
  const found = await desk.engine.deferred.find(id)
  if (found === null || found.job.owner !== owner) return answer(response, 404, NOT_FOUND)
  if (request.method === 'GET') return answer(response, 200, jobView(found))
  if (request.method !== 'DELETE') return answer(response, 405, { status: 'method-not-allowed', allowed: ['GET', 'DELETE'] })
  await desk.engine.deferred.cancel(id)
  answer(response, 200, jobView((await desk.engine.deferred.find(id)) ?? found))
}

const NOT_FOUND = {
  status: 'not-found',
  reason: 'There is no such job, it is forgotten, or it came with another credential than this request.',
}

/** A job, with its answer if it has one. */
export function jobView({ job, answer }: DeferredCallState): JobView {
  const { id, state, outcome, model, createdAt, deadline, endedAt } = job
  const iso = (at: number): string => new Date(at).toISOString()
  const content = answer === null ? {} : contentOf(outcome === 'succeeded', JSON.parse(answer))
  return {
    ...{ id, type: 'deferred_call', status: state === 'new' ? 'waiting' : (outcome ?? state), model },
    ...{ created_at: iso(createdAt), deadline: iso(deadline), ended_at: endedAt === null ? null : iso(endedAt) },
    ...content,
  }
}

function contentOf(isMessage: boolean, answer: unknown): Pick<JobView, 'message' | 'error'> {
  if (isMessage) return { message: answer }
  const { error = answer } = (answer ?? {}) as { readonly error?: unknown }
  return { error }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}
