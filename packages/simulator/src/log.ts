import type { Usage } from './usage.js'

/**
 * How serving a request ended.
 *
 * - `complete`: everything was sent
 * - `aborted`: the client left first
 * - `cut`: the simulator closed the connection or left out the end, as a fault asked or because it was closed
 * - `error`: an error status, or an error event inside the stream
 */
export type ServedEnding = 'complete' | 'aborted' | 'cut' | 'error'

/** What the simulator knows of one request it served: the witness against which a ledger is checked. */
export interface LogEntry {
  /** The `request-id` header of the answer. */
  readonly id: string
  /** Start of the request on the simulator's clock, in milliseconds since the epoch. */
  readonly atMs: number
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** Derived from the credential; null when there was none. */
  readonly workspace: string | null
  readonly requestedModel: string | null
  /** The model that answered. */
  readonly model: string | null
  readonly isStream: boolean
  /** The HTTP status sent, or for an item of a batch the one it would have had; 0 when the connection ended before a head was sent. */
  readonly status: number
  readonly ending: ServedEnding
  /** `error.type` of the error sent, in the body or inside the stream. */
  readonly errorType: string | null
  /** The usage to bill. For an answer that ended early: its input and the tokens generated until then. */
  readonly usage: Usage | null
  readonly isBilled: boolean
  readonly messageId: string | null
  readonly stopReason: string | null
  /** Characters of text, thinking and tool input that were sent in a stream. */
  readonly streamedCharacters: number
  /** Bytes of the body that were sent. */
  readonly sentBytes: number
  /** The fault that was acted out. */
  readonly fault: string | null
  readonly userAgent: string | null
  /** `x-claude-code-session-id`. */
  readonly sessionId: string | null
  /** For an item that a batch ran; null for a request over HTTP. */
  readonly batchItem: { readonly batchId: string; readonly customId: string } | null
}

/** The part of an entry that is filled in while a request is served. */
export type LogDraft = { -readonly [Field in keyof LogEntry]: LogEntry[Field] }

/** An entry of which only the arrival is known. */
export function openEntry(
  arrival: Pick<LogEntry, 'id' | 'atMs' | 'method' | 'path' | 'userAgent' | 'sessionId'>,
): LogDraft {
  return {
    ...arrival,
    workspace: null,
    requestedModel: null,
    model: null,
    isStream: false,
    status: 0,
    ending: 'aborted',
    errorType: null,
    usage: null,
    isBilled: false,
    messageId: null,
    stopReason: null,
    streamedCharacters: 0,
    sentBytes: 0,
    fault: null,
    batchItem: null,
  }
}
