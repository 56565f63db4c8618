/** Calls that may wait: `x-runguard-defer: 6h` on a Messages request is answered with a job instead of a message. */

import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { type Call, type Headers, identify, type Refusal, readWithin, scanCall, withinAdvice } from '@runguard/sdk/core'
import type { Engine, Runtime } from '@runguard/sdk/engine'
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

/** True for a call whose answer its caller does not wait for. */
export function isDeferral({ endpoint, headers, problem }: Call): boolean {
  return headers[DEFER_HEADER] !== undefined && endpoint.kind === 'messages' && problem === null
}

/** Who may ask for a job: whoever shows its gateway key, or else its credential. @param account of the credential */
export function ownerOf(gatewayKey: string | null, account: string): string {
  return gatewayKey === null ? account : `key:${gatewayKey}`
}

/** Takes the call, or refuses it. */
export async function deferCall(desk: DeferralDesk, call: Call, response: ServerResponse): Promise<void> {
  const { headers, body } = call
  const withinMs = readWithin(headers[DEFER_HEADER] ?? '')
  if (withinMs === null) return refuse(response, malformed(`${DEFER_HEADER}: ${withinAdvice}`), desk.runtime.id())
  const webhook = readWebhook(headers[WEBHOOK_HEADER], desk.webhookHosts)
  if (webhook.kind === 'problem') return refuse(response, malformed(webhook.text), desk.runtime.id())
  const account = desk.credentials.meet(headers)
  const owner = ownerOf(call.account?.key ?? null, account)
  const deferral = await desk.engine.deferred.submit({
    ...{ id: jobId(desk, owner, headers), account, owner, withinMs },
    scope: call.scope ?? identify(headers, userIdOf(body), call.endpoint.project, call.account),
    client: headers['user-agent']?.slice(0, 200) ?? null,
    headers: Object.fromEntries(
      TRAVELLING.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
    ),
    body: body ?? new Uint8Array(0),
    webhook: webhook.url,
  })
  if (deferral.kind === 'refused') return refuse(response, deferral.refusal, deferral.id)
  const { job } = deferral
  const location = `/runguard/jobs/${job.id}`
  response.writeHead(202, { 'content-type': 'application/json', location, 'x-runguard-request-id': job.id })
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
