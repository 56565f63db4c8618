/** An answer that is here already. */

const utf8 = new TextDecoder()

/** A body that was read whole. */
export interface HeldBody {
  readonly bytes: Uint8Array
  readonly text: string
  /** What it says as JSON; undefined, which JSON cannot say, if it is none. */
  readonly value: unknown
}

/** Decodes and parses a body, once for everybody who wants to know what it says. Never throws. */
export function readHeldBody(bytes: Uint8Array): HeldBody {
  const text = utf8.decode(bytes)
  return { bytes, text, value: parseOrNot(text) }
}

/**
 * A response whose text and JSON are there as they were read: what was read whole need not be streamed once more. Read
 * once, it is used up like any other, so that its value belongs to the one who gets it.
 */
export function holdAnswer(body: HeldBody, init: ResponseInit): Response {
  const answer = new Response(body.bytes as Uint8Array<ArrayBuffer>, init)
  let held: HeldBody | null = body
  /** Null if the body is another one's already. What was taken is kept no longer. */
  const take = (): HeldBody | null => {
    const { body: stream } = answer
    if (stream === null || answer.bodyUsed || stream.locked) return null
    void stream.cancel()
    const taken = held
    held = null
    return taken
  }
  return Object.assign(answer, {
    text: async (): Promise<string> => take()?.text ?? (await Response.prototype.text.call(answer)),
    json: async (): Promise<unknown> => {
      const taken = take()
      if (taken === null) return await Response.prototype.json.call(answer)
      return taken.value === undefined ? JSON.parse(taken.text) : taken.value
    },
  })
}

function parseOrNot(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
