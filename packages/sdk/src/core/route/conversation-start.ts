/** Where a request stands in its conversation, and whether that can go on with another model. */

import type { CallView } from '../body/call.js'

/** True if no answer of a model is in the prompt yet: nothing is cached but what others share, and nothing is bound. */
export function isConversationStart({ blocks, hasUnseenPrompt }: CallView): boolean {
  return !hasUnseenPrompt && !blocks.some(({ role }) => role === 'assistant')
}

/**
 * True if the conversation depends on the model that led it: thinking is bound to whoever thought it, and what the API
 * keeps, ran or summed up cannot be seen from here. An answer that is begun in the request is written on by its author.
 */
export function isBound({ blocks, hasUnseenPrompt, compactsFrom }: CallView): boolean {
  if (hasUnseenPrompt || compactsFrom !== null) return true
  const messages = blocks.filter(({ part }) => part === 'messages')
  return messages.at(-1)?.role === 'assistant' || messages.some(({ kind }) => !FREE_KINDS.has(kind))
}

const FREE_KINDS = new Set(['text', 'image', 'document', 'search_result', 'tool_use', 'tool_result'])
