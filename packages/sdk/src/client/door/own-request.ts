/** Another request on the way of one that has gone: the same address and credentials, another body. */

import type { WholeAnswer } from '../../core/body/incoming-call.js'
import { decodedHeaders, withoutOwn } from './answer-headers.js'
import type { Door, DoorRequest, Send } from './door-types.js'

/** Nobody waits for it: what takes longer has failed. */
const TIMEOUT_MS = 60_000

/** Never rejects. Null if no whole answer came in time. */
export async function sendOwnRequest(
  door: Door,
  request: DoorRequest,
  body: Uint8Array,
  send: Send,
): Promise<WholeAnswer | null> {
  if (door.isClosed) return null
  const headers = withoutOwn(request.headers)
  headers.delete('content-encoding')
  headers.delete('content-length')
  headers.set('content-type', 'application/json')
  door.passing.add(headers)
  let cancel = (): void => {}
  const late = new Promise<null>((resolve) => {
    cancel = door.runtime.schedule(TIMEOUT_MS, () => resolve(null))
  })
  try {
    const outgoing = { url: request.url, headers, body: new TextDecoder().decode(body) }
    return await Promise.race([send(outgoing).then(readWhole), late])
  } catch {
    return null
  } finally {
    cancel()
    door.passing.delete(headers)
  }
}

async function readWhole(answer: Response): Promise<WholeAnswer> {
  return {
    status: answer.status,
    headers: decodedHeaders(answer.headers),
    body: new Uint8Array(await answer.arrayBuffer()),
  }
}
