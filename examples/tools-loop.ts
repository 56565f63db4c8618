/**
 * The tool runner of the official client, guarded: every round is a call of its own, all of them on the account of one
 * session, which may spend $0.50 and not more.
 *
 *   ANTHROPIC_API_KEY=… node tools-loop.ts
 */

import Anthropic from '@anthropic-ai/sdk'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { createGuard } from '@runguard/sdk'

const guard = createGuard({ budgets: [{ scope: 'session:*', limit: '$0.50' }] })
// The task and the tags are for reports, and for budgets that ask for them.
const session = guard.session({ task: 'research', tags: ['example'] })
const claude = session.wrap(new Anthropic())

const weather = betaTool({
  name: 'get_weather',
  description: 'The weather in a city now.',
  inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  run: ({ city }) => `It is 18 °C and sunny in ${city}.`,
})

const runner = claude.beta.messages.toolRunner({
  model: 'claude-haiku-4-5-20251001',
  max_tokens: 2_000,
  max_iterations: 10,
  tools: [weather],
  messages: [{ role: 'user', content: 'Where is it warmer, in Lisbon or in Porto?' }],
})

for await (const message of runner) {
  for (const block of message.content) {
    if (block.type === 'tool_use') console.log(`→ ${block.name} ${JSON.stringify(block.input)}`)
    if (block.type === 'text') console.log(block.text)
  }
}

console.log(`The session ${session.id} cost $${session.spentUsd.toFixed(6)}.`)
await guard.close()
