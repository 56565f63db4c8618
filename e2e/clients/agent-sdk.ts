/** The Agent SDK, with the Claude Code that it brings. */

import { type Options, query, type SDKResultMessage } from '@anthropic-ai/claude-agent-sdk'
import type { Place } from '../stage/place.js'
import { bashCall, claudeEnvironment, orderOfBash, told } from './claude-code.js'
import { type ClientKind, enough, type Failure, model, type Talk } from './client.js'

/** Programs that embed Claude Code look like this. */
export const agentSdk: ClientKind = {
  name: '@anthropic-ai/claude-agent-sdk 0.3',
  toolCall: bashCall,
  orderOf: orderOfBash,
  userAgent: /^claude-cli\/2\.1\.\d+ \(external, sdk-ts, agent-sdk\/0\.3\.\d+\)$/,
  attempts: 3,
  refusal: { gateway: null },
  surplusOutput: 0,
  open: (place) => ({
    say: async (words) => told(spoken((await run(place, words)).result)),
    stream: async (words) => {
      const { text, result } = await run(place, words)
      return { ...told(spoken(result)), text }
    },
    work: async (words) => told(spoken((await run(place, words, { allowedTools: ['Bash'] })).result)),
    sayCached: async (words, ttl) => {
      const environment: Record<string, string> = ttl === '1h' ? { ENABLE_PROMPT_CACHING_1H: '1' } : {}
      const env = { ...claudeEnvironment(place), ...environment }
      return told(spoken((await run(place, words, { env })).result))
    },
    fail: (words) => fail(place, words),
    leave: (words) => leave(place, words),
    talk: () => talk(place),
  }),
}

interface Run {
  /** As it came in pieces. */
  readonly text: string
  readonly result: SDKResultMessage | null
}

async function run(
  place: Place,
  words: string,
  extra: Options = {},
  onText: (text: string) => void = () => {},
): Promise<Run> {
  const options: Options = { model, cwd: place.home, env: claudeEnvironment(place), settingSources: [], ...extra }
  let text = ''
  let result: SDKResultMessage | null = null
  for await (const message of query({ prompt: words, options: { ...options, includePartialMessages: true } })) {
    if (message.type === 'result') result = message
    if (message.type !== 'stream_event' || message.event.type !== 'content_block_delta') continue
    if (message.event.delta.type === 'text_delta') text += message.event.delta.text
    onText(text)
  }
  return { text, result }
}

function spoken(result: SDKResultMessage | null): Parameters<typeof told>[0] {
  if (result?.subtype !== 'success') throw new Error(`The agent ended with ${result?.subtype ?? 'no result'}.`)
  return result
}

async function fail(place: Place, words: string): Promise<Failure> {
  const seen: SDKResultMessage[] = []
  const options: Options = { model, cwd: place.home, env: claudeEnvironment(place), settingSources: [] }
  try {
    for await (const message of query({ prompt: words, options })) if (message.type === 'result') seen.push(message)
  } catch (error) {
    if (seen.length === 0) throw error
  }
  const [result] = seen
  if (result?.subtype !== 'success' || !result.is_error) throw new Error('The call did not fail.')
  return { status: result.api_error_status ?? null, message: result.result, error: null }
}

async function leave(place: Place, words: string): Promise<string> {
  const abortController = new AbortController()
  let seen = ''
  const stopWhenEnough = (text: string): void => {
    seen = text
    if (text.length >= enough) abortController.abort()
  }
  await run(place, words, { abortController }, stopWhenEnough).catch(() => {})
  return seen
}

function talk(place: Place): Talk {
  let extra: Options = { allowedTools: ['Bash'] }
  return {
    say: async (words) => {
      const { result } = await run(place, words, extra)
      extra = { ...extra, continue: true }
      return told(spoken(result)).text
    },
  }
}
