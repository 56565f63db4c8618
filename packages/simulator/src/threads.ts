import { ApiError, invalid } from './api-error.js'
import { isList, isObject, type Json, type JsonObject, textOf } from './json.js'

/** Conversations that the API keeps under the id of their newest answer, so that only what is new has to be sent. */
export class Threads {
  readonly #kept = new Map<string, KeptThread>()

  /**
   * Begins a turn: gives the whole request that the body stands for. Throws what the API would for a thread that is not
   * there, was continued already, or is being continued.
   */
  begin(body: Json, { workspace, hasBeta, atMs }: ThreadCaller): ThreadTurn {
    if (!isObject(body) || body.thread === undefined || body.thread === null) return unthreaded(body)
    if (!hasBeta) throw invalid('thread', 'Extra inputs are not permitted')
    const { thread, ...fields } = body
    checkSupport(fields)
    if (!isObject(thread)) throw invalid('thread', 'Input should be an object')
    if (thread.type === 'create') return this.#turn(fields, null, workspace)
    if (thread.type !== 'continue') throw invalid('thread.type', "Input should be 'create' or 'continue'")
    const previous = this.#find(textOf(thread, 'previous_message_id'), workspace, atMs)
    previous.state = 'in-flight'
    try {
      return this.#turn(continueRequest(previous, fields), previous, workspace)
    } catch (error) {
      previous.state = 'open'
      throw error
    }
  }

  clear(): void {
    this.#kept.clear()
  }

  /** The oldest stand first. */
  #forgetExpired(atMs: number): void {
    for (const [id, { expiresAtMs }] of this.#kept) {
      if (expiresAtMs > atMs) return
      this.#kept.delete(id)
    }
  }

  #find(id: string, workspace: string, atMs: number): KeptThread {
    const thread = this.#kept.get(id)
    if (thread === undefined || thread.workspace !== workspace || atMs >= thread.expiresAtMs) {
      throw refusal(404, 'thread_not_found', `No thread was found for previous_message_id '${id}'.`)
    }
    if (thread.state === 'open') return thread
    throw thread.state === 'in-flight'
      ? refusal(400, 'thread_continue_in_flight', `Another request is continuing from '${id}'.`)
      : refusal(400, 'thread_already_continued', `'${id}' has already been continued.`)
  }

  #turn(body: JsonObject, previous: KeptThread | null, workspace: string): ThreadTurn {
    let kept: string | null = null
    return {
      body,
      keep: (answer, atMs) => {
        kept = textOf(answer, 'id')
        const messages = [...listOf(body.messages), { role: 'assistant', content: listOf(answer.content) }]
        const expiresAtMs = atMs + LIFETIME_MS
        this.#forgetExpired(atMs)
        this.#kept.set(kept, { body: { ...body, messages }, workspace, expiresAtMs, state: 'open' })
      },
      end: (isSent) => {
        if (!isSent && kept !== null) this.#kept.delete(kept)
        if (previous !== null) previous.state = isSent ? 'continued' : 'open'
      },
    }
  }
}

/** Who asks, and when. */
export interface ThreadCaller {
  readonly workspace: string
  /** Whether the request names the beta. */
  readonly hasBeta: boolean
  readonly atMs: number
}

/** One request on a thread, or on none. */
export interface ThreadTurn {
  /** As if the whole conversation had been sent. */
  readonly body: Json
  /** The next request may go on from this answer, as soon as its end has left. */
  keep(answer: JsonObject, atMs: number): void
  /** To be called in any case. @param isSent false: nothing was answered to the end, so it may be asked again */
  end(isSent: boolean): void
}

/** The beta without which the API knows no threads. */
export const THREADS_BETA = 'message-threads-2026-08-12'

const LIFETIME_MS = 5 * 60_000

interface KeptThread {
  /** The whole conversation, the newest answer included. */
  readonly body: JsonObject
  readonly workspace: string
  readonly expiresAtMs: number
  state: 'open' | 'in-flight' | 'continued'
}

function unthreaded(body: Json): ThreadTurn {
  return { body, keep() {}, end() {} }
}

/** Fields that belong to one request, and say nothing about the next. */
const OF_THE_TURN = ['stream', 'max_tokens']
const OF_THE_THREAD = ['system', 'tools']

function continueRequest({ body: kept }: KeptThread, fields: JsonObject): JsonObject {
  const repeated = OF_THE_THREAD.find((name) => fields[name] !== undefined)
  if (repeated !== undefined) throw invalid(repeated, 'is kept by the thread and cannot be sent again')
  const { messages, ...own } = fields
  const settled = Object.entries(kept).filter(([name]) => !OF_THE_TURN.includes(name))
  return { ...Object.fromEntries(settled), ...own, messages: [...listOf(kept.messages), ...listOf(messages)] }
}

/** Features that the API does not combine with threads, as far as a client could send them by itself. */
function checkSupport(fields: JsonObject): void {
  const unsupported = ['context_management'].filter((name) => isObject(fields[name]))
  if (unsupported.length === 0) return
  const message = `thread: cannot be combined with ${unsupported.join(', ')}.`
  throw new ApiError(400, message, { errorCode: 'thread_unsupported_request', details: { unsupported } })
}

function refusal(status: number, errorCode: string, message: string): ApiError {
  return new ApiError(status, message, { errorCode })
}

function listOf(value: Json | undefined): Json[] {
  return isList(value) ? [...value] : []
}
