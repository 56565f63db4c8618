/** A day of calls in a few seconds, made by the real SDK. */

import Anthropic from '@anthropic-ai/sdk'

const OPUS = 'claude-opus-5-5'
const SONNET = 'claude-sonnet-5-5'
const HAIKU = 'claude-haiku-5-5'

/** A client at a gateway; headers say on whose account it calls. */
export function clientAt(url: string, headers: Record<string, string> = {}, apiKey = 'sk-ant-test'): Anthropic {
  return new Anthropic({ baseURL: url, apiKey, maxRetries: 0, defaultHeaders: headers })
}

/** One short call. */
export async function callOnce(client: Anthropic, words = '[[sim:text 120]]', model = HAIKU): Promise<void> {
  await client.messages.create({ model, max_tokens: 1_000, messages: [{ role: 'user', content: words }] })
}

/** Everything that a screen has something to show of. */
export async function makeTraffic(url: string): Promise<void> {
  await converse(url)
  await runAgents(url)
  await goInCircles(url)
  const low = clientAt(url, { 'x-runguard-session': 'running-low' })
  for (const words of ['One.', 'Two.', 'Three.']) await callOnce(low, `${words} [[sim:text 200]]`, OPUS)
  await clientAt(url, { 'x-runguard-session': 'short-of-money' })
    .messages.create({ model: OPUS, max_tokens: 8_000, messages: [{ role: 'user', content: '[[sim:text 4000]]' }] })
    .catch(ignore)
  await callOnce(clientAt(url, { 'x-runguard-session': 'unlucky' }), '[[sim:fault 529]]', OPUS).catch(ignore)
  await abandon(url)
  await clientAt(url).messages.batches.create({
    requests: [0, 1, 2].map((index) => ({
      custom_id: `item-${index}`,
      params: { model: HAIKU, max_tokens: 100, messages: [{ role: 'user', content: 'A short text.' }] },
    })),
  })
}

function ignore(): void {
  // Refused or failed, as it should be.
}

/** A long handbook in front of questions: written to the cache once, and then read. The last one changes it. */
async function converse(url: string): Promise<void> {
  const client = clientAt(url, { 'x-runguard-session': 'handbook', 'x-runguard-tag': 'support' })
  const handbook = 'Every answer names the page it rests on, and says so when there is none. '.repeat(400)
  const messages: Anthropic.MessageParam[] = []
  for (const [index, question] of ['Who may sign?', 'And abroad?', 'Since when?', 'Who decided?', 'Why?'].entries()) {
    const text = index === 4 ? `Changed. ${handbook}` : handbook
    messages.push({ role: 'user', content: `${question} [[sim:text 90]]` })
    const system: Anthropic.TextBlockParam[] = [{ type: 'text', text, cache_control: { type: 'ephemeral' } }]
    const { content } = await client.messages.create({ model: OPUS, max_tokens: 1_000, system, messages })
    messages.push({ role: 'assistant', content })
  }
}

/** One session with a main agent and two that it started. */
async function runAgents(url: string): Promise<void> {
  const session = { 'x-claude-code-session-id': 'refactor-billing' }
  await callOnce(clientAt(url, session), '[[sim:text 700]]', OPUS)
  for (const agent of ['explore', 'test-writer']) {
    const client = clientAt(url, { ...session, 'x-claude-code-agent-id': agent })
    await callOnce(client, '[[sim:text 300]]', SONNET)
    await callOnce(client, '[[sim:text 200]]', SONNET)
  }
  await callOnce(clientAt(url, session), '[[sim:text 900]]', OPUS)
}

/** An agent that runs the same command until it is stopped. */
async function goInCircles(url: string): Promise<void> {
  const client = clientAt(url, { 'x-runguard-session': 'in-circles' })
  const messages: Anthropic.MessageParam[] = [
    { role: 'user', content: Array(12).fill('[[sim:tool Bash {"command":"npm test"}]]').join(' [[sim:next]] ') },
  ]
  const tools: Anthropic.Tool[] = [{ name: 'Bash', description: 'Runs a command.', input_schema: { type: 'object' } }]
  for (let round = 0; round < 12; round += 1) {
    const answer = await client.messages.create({ model: SONNET, max_tokens: 500, tools, messages }).catch(() => null)
    if (answer === null) return
    messages.push({ role: 'assistant', content: answer.content })
    messages.push({
      role: 'user',
      content: answer.content.flatMap((block) =>
        block.type === 'tool_use'
          ? [{ type: 'tool_result' as const, tool_use_id: block.id, content: '1 test failed' }]
          : [],
      ),
    })
  }
}

/** A stream that its reader leaves in the middle. */
async function abandon(url: string): Promise<void> {
  const client = clientAt(url, { 'x-runguard-session': 'impatient' })
  const stream = client.messages.stream({
    model: OPUS,
    max_tokens: 4_000,
    messages: [{ role: 'user', content: '[[sim:every 5]] [[sim:text 2000]]' }],
  })
  let seen = 0
  for await (const event of stream) {
    seen += event.type === 'content_block_delta' ? 1 : 0
    if (seen === 10) break
  }
  stream.abort()
}
