/**
 * One line guards a client: it costs what it says, and never more than the budget.
 *
 *   ANTHROPIC_API_KEY=… node plain.ts
 */

import Anthropic from '@anthropic-ai/sdk'
import { BudgetExceededError, createGuard } from '@runguard/sdk'

const guard = createGuard({ budgets: [{ scope: 'everything', limit: '$0.005', window: 'day' }] })
const claude = guard.wrap(new Anthropic())

const facts = 'Octopuses have three hearts, blue blood and eight arms, each with a mind of its own. '.repeat(40)

try {
  for (let number = 1; number <= 10; number++) {
    const message = await claude.messages.create({
      model: 'claude-haiku-4-5-20251001',
      max_tokens: 2_000,
      messages: [{ role: 'user', content: `Fact number ${number} of these, please.\n\n${facts}` }],
    })
    for (const block of message.content) if (block.type === 'text') console.log(block.text)
  }
} catch (error) {
  if (!(error instanceof BudgetExceededError)) throw error
  console.log(`Refused: ${error.message}`)
}

for (const { calls, input, output, costNano } of await guard.report({ groupBy: 'total' })) {
  console.log(`${calls} calls, ${input} tokens in, ${output} out: $${(costNano / 1e9).toFixed(6)}`)
}
await guard.close()
