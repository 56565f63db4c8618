/**
 * What can wait costs half: a batch is submitted, waited for, and its answers come back by their id.
 *
 *   ANTHROPIC_API_KEY=… node batches.ts
 */

import Anthropic from '@anthropic-ai/sdk'
import { createGuard, retrieveBatchResults, submitBatchJob } from '@runguard/sdk'

const guard = createGuard({ budgets: [{ scope: 'everything', limit: '$5', window: 'day' }] })
const claude = guard.wrap(new Anthropic())

const reviews = ['The soup was cold.', 'We will come back!', 'Nobody took our order.']
const prompts = reviews.map((review, index) => ({
  customId: `review-${index}`,
  userMessage: `Is this guest happy? Answer with one word. ${review}`,
}))

// The names of the API, custom_id and user_message, are taken as well; other requests than a message are { customId, params }.
const batch = await submitBatchJob(claude, prompts)
console.log(`Submitted ${batch}.`)

// Any process can do this, also tomorrow: the id is all that it needs.
for (const result of await retrieveBatchResults(claude, batch)) {
  console.log(`${result.customId}: ${'error' in result ? `failed, ${result.error.message}` : result.text}`)
}
await guard.close()
