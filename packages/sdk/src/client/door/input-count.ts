/** Asks the API how many tokens a prompt has. That is free, and no call of the program's: it is not recorded. */

import { countBody, countTimeoutMs, readCount, unaskedHeaders } from '../../core/tokens/count-body.js'
import { withoutOwn } from './answer-headers.js'
import { countTokensUrl } from './claude-endpoint.js'
import type { Door, DoorRequest, Send } from './door-types.js'

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
  for (const name of unaskedHeaders) headers.delete(name)
  headers.set('content-type', 'application/json')
  door.passing.add(headers)
  const late = new Promise<null>((resolve) => {
    door.runtime.schedule(countTimeoutMs, () => resolve(null))
  })
  try {
    const question = { url, headers, body: new TextDecoder().decode(countBody(body)) }
    return await Promise.race([send(question).then(readAnswer), late])
  } catch {
    return null
  } finally {
    door.passing.delete(headers)
  }
}

async function readAnswer(answer: Response): Promise<number | null> {
  if (answer.status === 200) return readCount(await answer.json())
  await answer.body?.cancel()
  return null
}
