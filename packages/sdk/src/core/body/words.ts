/** Words that decisions know: keys, block kinds, roles. Read without making a string of their bytes. */

const WORDS =
  'model max_tokens stream thinking tool_choice speed inference_geo metadata user_id cache_control thread container ' +
  'mcp_servers ' +
  'tools system messages role content type ttl budget_tokens text image document tool_use tool_result ' +
  'redacted_thinking server_tool_use web_search_tool_result user assistant custom ephemeral 5m 1h adaptive enabled ' +
  'disabled auto any tool none usage error output_config output_format format source data base64 ' +
  'context_management compaction fallbacks effort previous_message_id custom_id params result message id ' +
  'stop_reason diagnostics'

/** Each word at the slot of its hash, or at the next one that was free. Most slots are empty. */
const SLOTS = 1_024
const vocabulary: readonly (Word | null)[] = fillSlots()

interface Word {
  readonly text: string
  readonly letters: Uint8Array
}

function fillSlots(): readonly (Word | null)[] {
  const slots: (Word | null)[] = new Array(SLOTS).fill(null)
  for (const text of WORDS.split(' ')) {
    const letters = new TextEncoder().encode(text)
    let slot = slotOf(letters.reduce(nextHash, 0))
    while (slots[slot] !== null) slot = slotOf(slot + 1)
    slots[slot] = { text, letters }
  }
  return slots
}

function slotOf(hash: number): number {
  return hash & (SLOTS - 1)
}

/** The hash of a word with one byte more; that of none is 0. */
export function nextHash(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0
}

/** The word that stands there and has this hash; `''` if it is none. */
export function findWord(hash: number, bytes: Uint8Array, start: number, length: number): string {
  for (let slot = slotOf(hash); ; slot = slotOf(slot + 1)) {
    const word = vocabulary[slot] ?? null
    if (word === null) return ''
    if (word.letters.length === length && isAt(word.letters, bytes, start)) return word.text
  }
}

function isAt(letters: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let at = 0; at < letters.length; at++) if (letters[at] !== bytes[start + at]) return false
  return true
}
