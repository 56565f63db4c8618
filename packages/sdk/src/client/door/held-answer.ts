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
export function holdAnswer({ bytes, text, value }: HeldBody, init: ResponseInit): Response {
  const answer = new Response(bytes as Uint8Array<ArrayBuffer>, init)
  /** False if the body is another one's already, or was never there. */
  const take = (): boolean => {
    const { body } = answer
    if (body === null || answer.bodyUsed || body.locked) return false
    void body.cancel()
    return true
  }
  return Object.assign(answer, {
    text: async (): Promise<string> => (take() ? text : await Response.prototype.text.call(answer)),
    json: async (): Promise<unknown> => {
      if (!take()) return await Response.prototype.json.call(answer)
      return value === undefined ? JSON.parse(text) : value
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
