/**
 * Tools that the API runs by itself. What they add to the input (their results, and the prompt that each round reads
 * again) is reported with the last words of an answer only; until then, and where they never come, it is estimated.
 */

import { totalPrompt, type Usage } from './usage.js'

/** What an answer showed of results so far. */
export interface ServerResults {
  readonly count: number
  /** Web searches that did not fail: each has its fee. */
  readonly searches: number
  /** Bytes of all results, as they came. */
  readonly bytes: number
}

/** Where no tool was run. */
export const noServerResults: ServerResults = { count: 0, searches: 0, bytes: 0 }

const serverTools = ['web_search_', 'web_fetch_', 'code_execution_', 'tool_search_', 'mcp_toolset', 'advisor_']

/** True for the `type` of a tool whose rounds the API runs by itself. */
export function isServerTool(kind: string): boolean {
  return serverTools.some((prefix) => kind.startsWith(prefix))
}

/** Results are sealed: four characters of base64 are three bytes, and the densest text has a token for two. */
const BYTES_PER_RESULT_TOKEN = 8 / 3

/** The usage with what the results add, on the dear side: they are written to the cache, and each one has all read again. */
export function addServerResults(usage: Usage, { count, searches, bytes }: ServerResults): Usage {
  const [first, ...rest] = usage.parts
  if (count === 0 || first === undefined) return usage
  const growth = Math.ceil(bytes / BYTES_PER_RESULT_TOKEN)
  // A round reads what came before the result that began it: half of all results on average.
  const read = first.read + Math.ceil(count * totalPrompt(first) + (growth * (count - 1)) / 2)
  const grown = { ...first, write5m: first.write5m + growth, read }
  return { ...usage, parts: [grown, ...rest], webSearches: Math.max(usage.webSearches, searches) }
}
