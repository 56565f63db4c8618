/** What routes remember of conversations: the model each runs on, and what of it that model's cache holds. */

import type { CallView } from '../core/body/call.js'
import { agentOf } from '../core/body/conversation.js'
import { keepNewest } from '../core/bounded/bounded.js'
import type { Scope } from '../core/budget/scope.js'
import { lifetimeMs } from '../core/cache/cache-model.js'
import type { Usage } from '../core/cost/usage.js'
import type { DueStep } from '../core/degrade/degrade.js'
import type { ConversationState } from '../core/route/route-facts.js'

/** A conversation as it was when its last call ended. */
export interface KnownConversation {
  readonly model: string
  /** Tokens that the call read from the cache and wrote to it. */
  readonly cachedTokens: number
  readonly lifetimeMs: number
  /** Start of the call, milliseconds since the epoch. */
  readonly renewedAtMs: number
  /** The step by which its effort was lowered; null if it was not. */
  readonly lowered: DueStep | null
  /** True once it was sent otherwise than it asks for. */
  readonly isMoved: boolean
}

/** Conversations by their name, the one seen least lately first. */
export interface RouteMemory {
  readonly size: number
  recall(conversation: string): KnownConversation | null
  remember(conversation: string, known: KnownConversation): void
}

const MAX_CONVERSATIONS = 5_000

/** An empty memory. */
export function rememberConversations(): RouteMemory {
  const known = new Map<string, KnownConversation>()
  return {
    get size() {
      return known.size
    },
    recall: (conversation) => known.get(conversation) ?? null,
    remember: (conversation, state) => {
      keepNewest(known, conversation, state, MAX_CONVERSATIONS)
    },
  }
}

/** The same for all calls of a conversation: whose it is, the words it begins with, and the model that is asked for. */
export function nameConversation(scope: Scope, view: CallView, body: Uint8Array): string {
  const opening = agentOf({ ...scope, session: null }, view, body).session
  const { key, user, project, session, agent } = scope
  return JSON.stringify([key, user, project, session, agent, view.model, opening])
}

/** The conversation as it stands now. */
export function stateAt(known: KnownConversation | null, atMs: number): ConversationState | null {
  if (known === null) return null
  const isWarm = atMs - known.renewedAtMs <= known.lifetimeMs
  return { model: known.model, warmTokens: isWarm ? known.cachedTokens : 0 }
}

/** A call of a conversation that was answered. */
export interface EndedTurn {
  readonly usage: Usage
  /** As it was asked for: an answer names it by its date, and the next call is not to. */
  readonly model: string
  /** False if another model gave the answer: what is cached is that one's. */
  readonly isOwn: boolean
  /** True if it was sent to another model than its caller asked for, or with less effort. */
  readonly isMoved: boolean
  readonly startedAtMs: number
  readonly lowered: DueStep | null
}

/** The conversation after a call that was answered. */
export function conversationAfter(
  before: KnownConversation | null,
  { usage, model, isOwn, isMoved: isMovedNow, startedAtMs, lowered }: EndedTurn,
): KnownConversation | null {
  const [part] = usage.parts
  if (part === undefined) return before
  const cachedTokens = isOwn ? part.read + part.write5m + part.write1h : 0
  const isShort = part.write5m > 0 || (part.write1h === 0 && before?.lifetimeMs !== lifetimeMs['1h'])
  const isMoved = isMovedNow || before?.isMoved === true
  const life = lifetimeMs[isShort ? '5m' : '1h']
  return { model, cachedTokens, lifetimeMs: life, renewedAtMs: startedAtMs, lowered, isMoved }
}
