/**
 * Ids of batch items. The API takes 1 to 64 of `a-z A-Z 0-9 _ -`; people have URLs, row keys and names in any script.
 *
 * An id that the API takes travels as it is. Any other one travels as `rg-` and the base64url of its UTF-8 bytes, so
 * that whoever reads the results knows the original from the id alone, in another process and without a table.
 * An id that itself starts with `rg-` is encoded too: else it could not be told from an encoded one.
 */

const WIRE_ID = /^[a-zA-Z0-9_-]{1,64}$/
const MARK = 'rg-'

/** The most UTF-8 bytes of an id that has to be encoded: with the mark they fill 64 characters. */
const MAX_ENCODED_ID_BYTES = 45

/** Why an id cannot travel; `text` says it to a person. */
export interface IdProblem {
  readonly kind: 'problem'
  readonly text: string
}

/** The id as the API takes it, or why there is none. */
export function batchWireId(id: string): string | IdProblem {
  if (WIRE_ID.test(id) && !id.startsWith(MARK)) return id
  const bytes = new TextEncoder().encode(id)
  if (bytes.length > MAX_ENCODED_ID_BYTES) {
    return problem(
      `the id ${quote(id)} has ${bytes.length} bytes; at most ${MAX_ENCODED_ID_BYTES} fit, or 64 of a-z A-Z 0-9 _ -`,
    )
  }
  if (new TextDecoder().decode(bytes) !== id) return problem(`the id ${quote(id)} is not well-formed text`)
  return MARK + toBase64Url(bytes)
}

/** The id a person gave, from the one that travelled. An id that was not made here is its own original. */
export function batchUserId(wireId: string): string {
  if (!wireId.startsWith(MARK)) return wireId
  const bytes = fromBase64Url(wireId.slice(MARK.length))
  if (bytes === null) return wireId
  const id = new TextDecoder().decode(bytes)
  return batchWireId(id) === wireId ? id : wireId
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

function fromBase64Url(text: string): Uint8Array | null {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    return Uint8Array.from(binary, (char) => char.charCodeAt(0))
  } catch {
    return null
  }
}

function problem(text: string): IdProblem {
  return { kind: 'problem', text }
}

function quote(id: string): string {
  return JSON.stringify(id.length > 60 ? `${id.slice(0, 60)}…` : id)
}
