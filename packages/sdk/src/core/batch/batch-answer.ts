/** What the API says of a batch: a small object of facts, alone or in a list. */
import { asObject } from '../body/json-object.js'

/** A batch, as far as it is read. */
export interface BatchAnswer {
  readonly id: string
  readonly hasEnded: boolean
  readonly items: number
  /** 0 until the batch has ended, whatever is done by then. */
  readonly succeeded: number
  /** When the API gives up what has not ended, in milliseconds since the epoch; null if it does not say. */
  readonly expiresAt: number | null
}

const utf8 = new TextDecoder()

/** The batches of an answer: one, those of a page, or none if it tells of none. */
export function readBatchAnswers(bytes: Uint8Array): readonly BatchAnswer[] {
  const answer = parseObject(bytes)
  const { data } = answer
  return (Array.isArray(data) ? data : [answer]).flatMap(readOne)
}

function readOne(value: unknown): BatchAnswer[] {
  const { id, type, processing_status: status, request_counts: raw, expires_at: expires } = asObject(value)
  if (type !== 'message_batch' || typeof id !== 'string' || !/^[\w-]{1,200}$/.test(id)) return []
  const counts = asObject(raw)
  const items = ['processing', 'succeeded', 'errored', 'canceled', 'expired'].reduce(
    (sum, name) => sum + countOf(counts[name]),
    0,
  )
  const expiresAt = typeof expires === 'string' ? Date.parse(expires) : Number.NaN
  return [
    {
      id,
      hasEnded: status === 'ended',
      items,
      succeeded: countOf(counts.succeeded),
      expiresAt: Number.isFinite(expiresAt) ? expiresAt : null,
    },
  ]
}

const RESULTS_URL = /("results_url"\s*:\s*)("(?:[^"\\]|\\.)*")/g

/**
 * The answer with the addresses of results leading to a door, byte for byte the same elsewhere: else whoever follows
 * them goes past it. A batch tells nothing that a person wrote, so the words of the key stand nowhere else.
 *
 * @param base where the door is reached, without a slash at the end
 */
export function leadResultsTo(bytes: Uint8Array, base: string): Uint8Array {
  const text = utf8.decode(bytes)
  const led = text.replace(RESULTS_URL, (_, key: string, url: string) => key + leadUrl(url, base))
  return led === text ? bytes : new TextEncoder().encode(led)
}

/** @param quoted an address as JSON */
function leadUrl(quoted: string, base: string): string {
  try {
    const url = new URL(String(JSON.parse(quoted)))
    const at = url.pathname.indexOf('/v1/messages/batches/')
    return at < 0 ? quoted : JSON.stringify(`${base}${url.pathname.slice(at)}${url.search}`)
  } catch {
    return quoted
  }
}

function parseObject(bytes: Uint8Array): ReturnType<typeof asObject> {
  try {
    return asObject(JSON.parse(utf8.decode(bytes)) as unknown)
  } catch {
    return {}
  }
}

function countOf(value: unknown): number {
  return Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : 0
}
