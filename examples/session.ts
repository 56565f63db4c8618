/**
 * An agent with a budget: it chooses a model by the task, keeps the conversation, caches what stays the same, and stops
 * before it costs more than it may.
 *
 *   ANTHROPIC_API_KEY=… node session.ts
 */

import Anthropic from '@anthropic-ai/sdk'
import { AgentSession, BudgetExceededError } from '@runguard/sdk'

const agent = new AgentSession({
  client: new Anthropic(),
  budgetUsd: 0.25,
  systemPrompt: 'You review pull requests. Be brief and kind.',
})

try {
  // The first word says what kind of task it is, and so which model does: a small one here, a larger one for the review.
  console.log(await agent.turn('summarize', 'Summarize: the change renames a variable and fixes a typo.'))
  console.log(await agent.turn('code_review', 'Is `if (n = 0)` what was meant?'))
} catch (error) {
  if (!(error instanceof BudgetExceededError)) throw error
  console.log(`Stopped: ${error.message}`)
} finally {
  await agent.close()
}

console.log(`$${agent.spent.toFixed(6)} of $${agent.budget} spent.`)
