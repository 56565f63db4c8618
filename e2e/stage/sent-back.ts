/** What the API refuses in the turns that a client sends back, as far as the simulator lets it pass. */

import type { MessagesRequest } from '@runguard/simulator'

type Turn = MessagesRequest['turns'][number]
type Block = Turn['blocks'][number]

/** Every reason to refuse these turns: thinking without its signature, a blank text, a server's call without its result. */
export function findFaults(turns: readonly Turn[]): readonly string[] {
  return turns.filter(({ role }) => role === 'assistant').flatMap(({ blocks }) => blocks.flatMap(faultsOf(blocks)))
}

function faultsOf(all: readonly Block[]): (block: Block) => readonly string[] {
  const isAnswered = ({ id }: Block): boolean => all.some(({ tool_use_id }) => tool_use_id === id)
  return (block) => {
    if (block.type === 'thinking' && !block.signature) return ['a thinking block has no signature']
    if (block.type === 'text' && String(block.text).trim() === '') return ['a text block is blank']
    if (block.type === 'server_tool_use' && !isAnswered(block)) return ['a call of a server tool has no result']
    return []
  }
}
