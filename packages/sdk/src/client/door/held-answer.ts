/** An answer that is here already. */

const utf8 = new TextDecoder()

/**
 * A response whose text and JSON are taken from the bytes as they are: what was read whole need not be streamed once
 * more. Read once, it is used up like any other.
 */
export function holdAnswer(bytes: Uint8Array, init: ResponseInit): Response {
  const answer = new Response(bytes as Uint8Array<ArrayBuffer>, init)
  const text = async (): Promise<string> => {
    const { body } = answer
    if (body === null || answer.bodyUsed || body.locked) return await Response.prototype.text.call(answer)
    void body.cancel()
    return utf8.decode(bytes)
  }
  return Object.assign(answer, { text, json: async (): Promise<unknown> => JSON.parse(await text()) })
}
