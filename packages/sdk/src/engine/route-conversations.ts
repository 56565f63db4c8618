/**
 * The conversations that routes know: those of this process, and those that another one on the same store has moved to
 * another model. Of the others there is nothing to know: they run on the model that they ask for.
 */

import { createHash } from 'node:crypto'
import type { ConversationStore } from '../store/conversation-store.js'
import { conversationAfter, type EndedTurn, type KnownConversation, rememberConversations } from './route-memory.js'
import type { Runtime } from './runtime.js'

/** Conversations by their name. */
export interface Conversations {
  /** True as long as this process knows none. */
  readonly isEmpty: boolean
  /**
   * As it was when its last call ended; null if nothing is known. Never rejects.
   *
   * @param isStart no answer is in its prompt yet: then nobody can have moved it
   */
  recall(conversation: string, isStart: boolean): Promise<KnownConversation | null>
  /** A call of it was answered. */
  ended(conversation: string, turn: EndedTurn): void
  /** Resolves when what is for others to know has been written. */
  settled(): Promise<void>
}

/** What conversations are remembered with. */
export interface ConversationParts {
  readonly store: ConversationStore
  readonly runtime: Runtime
}

/** None is known yet. */
export function openConversations(parts: ConversationParts): Conversations {
  return new SharedConversations(parts)
}

/** Of what the store does not have it is not asked again for so long: only a conversation that was left alone is moved. */
const LOOK_AGAIN_MS = 60_000
const MAX_LOOKED = 5_000
const MAX_WRITING = 200
const HOUR_MS = 3_600_000
/** No prompt is cached for longer than an hour. */
const KEPT_MS = 24 * HOUR_MS

class SharedConversations implements Conversations {
  private readonly parts: ConversationParts
  private readonly memory = rememberConversations()
  private readonly lookedAtMs = new Map<string, number>()
  private readonly writing = new Set<Promise<void>>()
  private forgotAtMs = Number.NEGATIVE_INFINITY

  constructor(parts: ConversationParts) {
    this.parts = parts
  }

  get isEmpty(): boolean {
    return this.memory.size === 0
  }

  async recall(conversation: string, isStart: boolean): Promise<KnownConversation | null> {
    const known = this.memory.recall(conversation)
    const nowMs = this.parts.runtime.now()
    const isFresh = known !== null && nowMs - known.renewedAtMs <= known.lifetimeMs
    if (isStart || isFresh || nowMs - (this.lookedAtMs.get(conversation) ?? 0) < LOOK_AGAIN_MS) return known
    if (this.lookedAtMs.size >= MAX_LOOKED) this.lookedAtMs.clear()
    this.lookedAtMs.set(conversation, nowMs)
    const kept = await this.read(conversation)
    if (kept === null || kept.renewedAtMs <= (known?.renewedAtMs ?? 0)) return known
    this.memory.remember(conversation, kept)
    return kept
  }

  ended(conversation: string, turn: EndedTurn): void {
    const after = conversationAfter(this.memory.recall(conversation), turn)
    if (after === null) return
    this.memory.remember(conversation, after)
    if (!after.isMoved || this.writing.size >= MAX_WRITING) return
    const writing = this.write(conversation, after).finally(() => this.writing.delete(writing))
    this.writing.add(writing)
  }

  async settled(): Promise<void> {
    await Promise.all(this.writing)
  }

  private async read(conversation: string): Promise<KnownConversation | null> {
    const { store, runtime } = this.parts
    try {
      const moved = await store.findConversation(nameFor(conversation))
      return moved === null ? null : (JSON.parse(moved.state) as KnownConversation)
    } catch (error) {
      runtime.log.error('conversation-unread', { error: String(error) })
      return null
    }
  }

  /** Once moved, each of its calls is told: what others know of it must not be older than what they see for themselves. */
  private async write(conversation: string, known: KnownConversation): Promise<void> {
    const { store, runtime } = this.parts
    const nowMs = runtime.now()
    try {
      const name = nameFor(conversation)
      await store.putConversation({ name, state: JSON.stringify(known), at: known.renewedAtMs })
      if (nowMs - this.forgotAtMs < HOUR_MS) return
      this.forgotAtMs = nowMs
      await store.forgetConversations(nowMs - KEPT_MS)
    } catch (error) {
      runtime.log.error('conversation-unsaved', { error: String(error) })
    }
  }
}

/** Names of sessions are no business of whoever reads the table. */
function nameFor(conversation: string): string {
  return createHash('sha256').update(conversation).digest('base64url')
}
