/**
 * Calls that may wait: a Messages request with `x-runguard-defer: 6h` is answered with a job instead of a message, and one
 * with `x-runguard-may-wait: 6h` is where a budget that runs low wants it.
 */

import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import {
  type Call,
  type DeferredJob,
  type Headers,
  identify,
  MAY_WAIT_HEADER,
  type Refusal,
  readWithin,
  scanCall,
  withinAdvice,
} from '@runguard/sdk/core'
import { type DeferralDraft, decisionHeaders, type Engine, type Runtime } from '@runguard/sdk/engine'
import { refuse } from '../relay.js'
import type { Credentials } from './credentials.js'
import { jobView } from './job-view.js'
import { readWebhook } from './webhook.js'

/** What deferring needs. */
export interface DeferralDesk {
  readonly engine: Pick<Engine, 'deferred'>
  readonly runtime: Runtime
  readonly credentials: Credentials
  /** The only hosts that are told of ends. */
  readonly webhookHosts: readonly string[]
}

const DEFER_HEADER = 'x-runguard-defer'
const WEBHOOK_HEADER = 'x-runguard-webhook'

/** What of a request travels with it, whenever it goes out. */
const TRAVELLING = ['anthropic-version', 'anthropic-beta'] as const

/** True for a call that says that it waits, or may. */
export function isDeferral({ endpoint, headers, problem }: Call): boolean {
  const isAsked = headers[DEFER_HEADER] !== undefined || headers[MAY_WAIT_HEADER] !== undefined
  return isAsked && endpoint.kind === 'messages' && problem === null
}

/** Who may ask for a job: whoever shows its gateway key, or else its credential. @param account of the credential */
export function ownerOf(gatewayKey: string | null, account: string): string {
  return gatewayKey === null ? account : `key:${gatewayKey}`
}

/** Takes the call, or refuses it. Gives the call if it is to be admitted as every other; null if it is answered. */
export async function deferCall(desk: DeferralDesk, call: Call, response: ServerResponse): Promise<Call | null> {
  const { headers } = call
  const name = headers[DEFER_HEADER] === undefined ? MAY_WAIT_HEADER : DEFER_HEADER
  // Whoever admits it refuses it, and writes down that it was.
  const turnAway = (message: string): Call => ({ ...call, problem: malformed(message) })
  const withinMs = readWithin(headers[name] ?? '')
  if (withinMs === null) return turnAway(`${name}: ${withinAdvice}`)
  const webhook = readWebhook(headers[WEBHOOK_HEADER], desk.webhookHosts)
  if (webhook.kind === 'problem') return turnAway(webhook.text)
  const handed = { draft: draftCall(desk, call, { withinMs, webhook: webhook.url }), headers }
  const { deferred } = desk.engine
  const deferral = name === DEFER_HEADER ? await deferred.submit(handed) : await deferred.offer(handed)
  if (deferral.kind === 'at-once') return { ...call, whyAtOnce: deferral.why }
  if (deferral.kind === 'refused') refuse(response, deferral.refusal, deferral.id)
  else answerJob(deferral.job, response)
  return null
}

function draftCall(
  desk: DeferralDesk,
  { headers, body, scope, endpoint, account: keyAccount }: Call,
  terms: Pick<DeferralDraft, 'withinMs' | 'webhook'>,
): DeferralDraft {
  const account = desk.credentials.meet(headers)
  const owner = ownerOf(keyAccount?.key ?? null, account)
  return {
    ...{ id: jobId(desk, owner, headers), account, owner, ...terms },
    scope: scope ?? identify(headers, userIdOf(body), endpoint.project, keyAccount),
    client: headers['user-agent']?.slice(0, 200) ?? null,
    headers: Object.fromEntries(
      TRAVELLING.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
    ),
    body: body ?? new Uint8Array(0),
  }
}

function answerJob(job: DeferredJob, response: ServerResponse): void {
  const location = `/runguard/jobs/${job.id}`
  const own = ['content-type', 'application/json', 'location', location, 'x-runguard-request-id', job.id]
  response.writeHead(202, [...own, ...decisionHeaders(job.decision ?? { route: null, degraded: [] })])
  response.end(`${JSON.stringify({ ...jobView({ job, answer: null }), url: location })}\n`)
}

/** Who sends a request again because its answer was lost shows the same key, and gets the same job. */
function jobId({ runtime }: DeferralDesk, owner: string, headers: Headers): string {
  const key = headers['idempotency-key']
  if (key === undefined) return runtime.id()
  return `rg_${createHash('sha256')
    .update(JSON.stringify([owner, key]))
    .digest('hex')
    .slice(0, 32)}`
}

function userIdOf(body: Uint8Array | null): string | null {
  try {
    return body === null ? null : scanCall(body).userId
  } catch {
    // What cannot be read is refused, with its reason, a moment later.
    return null
  }
}

function malformed(message: string): Refusal {
  return { code: 'runguard_malformed_request', message }
}
