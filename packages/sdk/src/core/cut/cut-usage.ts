/** The usage of a message that we end, as the API would write it. */

import type { Usage } from '../cost/usage.js'

/** The counters of a `message_delta`. As in the API they are those of the message, without compaction and advice. */
export function usageToWire(usage: Usage): Readonly<Record<string, unknown>> {
  const part = usage.parts.findLast(({ kind }) => kind === 'message' || kind === 'fallback_message') ?? usage.parts[0]
  const counters = {
    input_tokens: part?.input ?? 0,
    cache_creation_input_tokens: (part?.write5m ?? 0) + (part?.write1h ?? 0),
    cache_read_input_tokens: part?.read ?? 0,
    output_tokens: part?.output ?? 0,
  }
  if (usage.webSearches === 0) return counters
  return { ...counters, server_tool_use: { web_search_requests: usage.webSearches, web_fetch_requests: 0 } }
}
