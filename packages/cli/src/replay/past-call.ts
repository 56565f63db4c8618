/** A call of the past, as far as it can be judged again: what it asked for, when, and what came back. */

import type { CallRecord, EndpointKind, NanoUsd, RecordedLoop, RecordedRequest, Scope, Usage } from '@runguard/sdk/core'

/** What is known of a request, in numbers. */
export interface PastRequest extends RecordedRequest {
  /** Never below the true count of its tokens. */
  readonly bound: number
  /** The loop that its agent was in, as it was found then; null if none, or if the conversation itself is there. */
  readonly loop: RecordedLoop | null
}

/** A message of a conversation, as the API takes it. */
export interface PastMessage {
  readonly role: 'user' | 'assistant'
  readonly content: unknown
}

/**
 * How a call ended.
 *
 * - `answered`: with an answer that was billed; `end` says whether all of it came.
 * - `free`: with an answer that costs nothing.
 * - `failed`: with an error of the API.
 * - `unsent`: it did not reach the API.
 * - `refused`: by RunGuard. What the answer would have been nobody knows.
 */
export type PastOutcome =
  | { readonly kind: 'answered'; readonly usage: Usage; readonly end: PastEnd }
  | { readonly kind: 'free' }
  | { readonly kind: 'failed'; readonly status: number; readonly errorCode: string | null }
  | { readonly kind: 'unsent' }
  | { readonly kind: 'refused'; readonly code: string }

/** `cut`: RunGuard ended it, and it would have gone on. */
export type PastEnd = 'complete' | 'broken' | 'cut'

/** A call of the past. */
export interface PastCall {
  readonly id: string
  /** When the request came, in milliseconds since the epoch. */
  readonly atMs: number
  /** From sending to the head of the answer, and to its end, in milliseconds. */
  readonly headMs: number
  readonly answerMs: number
  readonly endpoint: Extract<EndpointKind, 'messages' | 'count-tokens'>
  readonly scope: Scope
  /** The model that was asked for. */
  readonly model: string | null
  readonly isStream: boolean
  readonly request: PastRequest
  /** The newest messages of the conversation; null where content is gone. */
  readonly messages: readonly PastMessage[] | null
  /** What its agent did before, told apart from doing something else; null where that is not known. */
  readonly step: string | null
  readonly outcome: PastOutcome
  /** What it cost, by the books of then. */
  readonly nano: NanoUsd
  /** The model that answered, and what was done by RunGuard then; for calls that went through it. */
  readonly record: CallRecord | null
}

/** What the engine says of a call now. `not-made`: its run had been stopped before, so nobody would have made it. */
export type ReplayedCall =
  | { readonly kind: 'judged'; readonly past: PastCall; readonly record: CallRecord }
  | { readonly kind: 'not-made'; readonly past: PastCall }
