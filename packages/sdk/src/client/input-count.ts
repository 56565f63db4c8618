/** Asks the API how many tokens a prompt has. That is free, and no call of the program's: it is not recorded. */

import { countBody } from '../core/count-body.js'
import { asObject } from '../core/json-object.js'
import { withoutOwn } from './answer-headers.js'
import { countTokensUrl } from './claude-endpoint.js'
import type { Door, DoorRequest, Send } from './door-types.js'

/** Somebody waits for an answer, or for a refusal. */
const TIMEOUT_MS = 3_000
/** A key under which the call itself may be sent next must not be used up; the others speak of the other body. */
const NOT_ASKED_WITH = ['idempotency-key', 'content-encoding', 'content-length']

/** Never rejects. Null if the API gives no count in time. */
export async function countInput(
  door: Door,
  request: DoorRequest,
  body: Uint8Array,
  send: Send,
): Promise<number | null> {
  const url = countTokensUrl(request.url)
  if (url === null) return null
  const headers = withoutOwn(request.headers)
  for (const name of NOT_ASKED_WITH) headers.delete(name)
  headers.set('content-type', 'application/json')
  door.passing.add(headers)
  const late = new Promise<null>((resolve) => {
    door.runtime.schedule(TIMEOUT_MS, () => resolve(null))
  })
  try {
    const question = { url, headers, body: new TextDecoder().decode(countBody(body)) }
    return await Promise.race([send(question).then(readCount), late])
  } catch {
    return null
  } finally {
    door.passing.delete(headers)
  }
}

async function readCount(answer: Response): Promise<number | null> {
  if (answer.status !== 200) {
    await answer.body?.cancel()
    return null
  }
  const { input_tokens: tokens } = asObject(await answer.json())
  return typeof tokens === 'number' && Number.isSafeInteger(tokens) && tokens >= 0 ? tokens : null
}
