/** The answer of a call: shown to the watch, and given to the caller as it came. */

import { joinBytes } from '../../core/body/bytes.js'
import type { CallRecord } from '../../core/cost/record.js'
import { decodedHeaders, removeOwn, tellCall } from './answer-headers.js'
import { streamAnswer } from './answer-stream.js'
import { holdAnswer, readHeldBody } from './held-answer.js'
import type { RunningCall } from './running-call.js'

/** An answer that is priced at its end is held back up to here; a larger one goes out as it comes, without its cost. */
const MAX_HELD_BYTES = 32 * 1024 * 1024

/** Statuses whose answers have no body, not even an empty one. */
const BODILESS = new Set([204, 205, 304])

/**
 * The same answer, watched. One that is read as a whole anyway is read here, and knows its cost.
 *
 * Rejects if such an answer breaks off.
 */
export async function watchAnswer(
  call: RunningCall,
  upstream: Response,
  onStream: (stream: ReadableStream) => void,
): Promise<Response> {
  call.watch.sent()
  const head = decodedHeaders(upstream.headers)
  const came = { upstream, head, call }
  const guard = call.watch.head(upstream.status, head)
  if (upstream.body === null || BODILESS.has(upstream.status)) {
    const record = call.end('complete')
    return finish(new Response(null, headOf(upstream)), came, record)
  }
  const reader: ReadableStreamDefaultReader<Uint8Array> = upstream.body.getReader()
  const read: Uint8Array[] = []
  if (call.watch.isPricedAtEnd && (await readHeld(call, reader, read))) {
    const body = readHeldBody(joinBytes(read))
    call.watch.hear(body.value)
    const record = call.end('complete')
    return finish(holdAnswer(body, headOf(upstream)), came, record)
  }
  const stream = streamAnswer({ call, reader, guard, read })
  onStream(stream)
  return finish(new Response(stream, headOf(upstream)), came)
}

/** Reads the body; false if it is too long to be held. */
async function readHeld(
  call: RunningCall,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  held: Uint8Array[],
): Promise<boolean> {
  call.letGo = (reason) => void reader.cancel(reason).catch(() => {})
  let bytes = 0
  try {
    while (bytes <= MAX_HELD_BYTES) {
      const next = await reader.read()
      if (call.stopped !== null) throw call.stopped.reason
      if (next.done) return true
      bytes += next.value.length
      held.push(next.value)
      call.watch.chunk(next.value)
    }
    return false
  } catch (error) {
    // All of it may be here, and paid: an error now would make the caller pay again.
    if (call.end('upstream-failed').ending.kind === 'exact') return true
    throw error
  }
}

function headOf({ status, statusText, headers }: Response): ResponseInit {
  return { status, statusText, headers }
}

const ORIGIN = ['url', 'redirected', 'type'] as const

/** What came, with its head as it was read. */
interface Came {
  readonly upstream: Response
  readonly head: Readonly<Record<string, string>>
  readonly call: RunningCall
}

/** Makes the answer the one that came, with what we know of it. */
function finish(answer: Response, { upstream, head, call }: Came, record?: CallRecord): Response {
  removeOwn(answer.headers, head)
  tellCall(answer.headers, call.watch, record)
  // A response that a program makes comes from nowhere; this one has been somewhere.
  for (const name of ORIGIN) Object.defineProperty(answer, name, { value: upstream[name] })
  return answer
}
