/** Moved conversations without a disk: the reference for the other stores. */

import type { ConversationStore, MovedConversation } from './conversation-store.js'
import { cleanText } from './summary.js'

/** None was moved yet. */
export function memoryConversations(): ConversationStore {
  const moved = new Map<string, MovedConversation>()
  return {
    async findConversation(name) {
      return moved.get(cleanText(name)) ?? null
    },
    async putConversation({ name: said, state, at }) {
      const name = cleanText(said)
      if (at >= (moved.get(name)?.at ?? 0)) moved.set(name, { name, state: cleanText(state), at })
    },
    async forgetConversations(before) {
      for (const [name, { at }] of moved) if (at < before) moved.delete(name)
    },
  }
}
