/** One call through an engine alone, timed: nothing is sent, the answer is there. */

import { type Headers, resolveEndpoint } from '@runguard/sdk/core'
import { type Engine, systemRuntime } from '@runguard/sdk/engine'

/** A call of the Messages API, and its answer as a stream. */
export interface TimedCall {
  readonly headers: Headers
  readonly body: Uint8Array
  readonly answer: Uint8Array
}

const runtime = systemRuntime()

/** Milliseconds in the engine, from the call to its record. */
export async function timeCall(engine: Engine, { headers, body, answer }: TimedCall): Promise<number> {
  const start = performance.now()
  const admission = await engine.admit({
    method: 'POST',
    endpoint: resolveEndpoint('POST', '/v1/messages'),
    headers,
    body,
    receivedBytes: body.length,
    readAtTick: runtime.tick(),
    problem: null,
  })
  if (admission.kind !== 'send') throw new Error(admission.refusal.message)
  const { watch } = admission
  watch.sent()
  watch.head(200, { 'content-type': 'text/event-stream' })
  watch.chunk(answer)
  watch.end('complete')
  return performance.now() - start
}
