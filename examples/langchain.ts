/**
 * LangChain's Anthropic model takes a `fetch` among the options of its client: give it the guarded one.
 *
 *   ANTHROPIC_API_KEY=… node langchain.ts
 */

import { ChatAnthropic } from '@langchain/anthropic'
import { createGuard } from '@runguard/sdk'

const guard = createGuard({ budgets: [{ scope: 'session:*', limit: '$0.10' }] })
const session = guard.session()

const chat = new ChatAnthropic({
  model: 'claude-haiku-4-5-20251001',
  maxTokens: 1_000,
  clientOptions: { fetch: session.fetch },
  ...(process.env.ANTHROPIC_BASE_URL === undefined ? {} : { anthropicApiUrl: process.env.ANTHROPIC_BASE_URL }),
})

const answer = await chat.invoke('What is the French word for octopus?')
console.log(answer.text)

for await (const chunk of await chat.stream('And the Italian one?')) process.stdout.write(chunk.text)
console.log(`\n$${session.spentUsd.toFixed(6)} for both.`)
await guard.close()
