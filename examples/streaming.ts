/**
 * A stream is guarded while it runs: each piece arrives at once, and what it cost is known at its end, also when nobody
 * waits for it.
 *
 *   ANTHROPIC_API_KEY=… node streaming.ts
 */

import Anthropic from '@anthropic-ai/sdk'
import { createGuard } from '@runguard/sdk'

const guard = createGuard({
  budgets: [{ scope: 'everything', limit: '$1', window: 'day' }],
  onRecord: ({ usage, cost, ending }) => {
    const output = usage?.parts.reduce((sum, part) => sum + part.output, 0) ?? 0
    const estimated = cost.isEstimated ? ' (estimated)' : ''
    console.log(`\n${ending.reason}: ${output} tokens out, $${(cost.nano / 1e9).toFixed(6)}${estimated}`)
  },
})
const claude = guard.wrap(new Anthropic())
const story = {
  model: 'claude-haiku-4-5-20251001',
  max_tokens: 2_000,
  messages: [{ role: 'user' as const, content: 'Tell me a story of an octopus who keeps accounts.' }],
}

const whole = claude.messages.stream(story)
whole.on('text', (text) => process.stdout.write(text))
await whole.finalMessage()

// Whoever stops reading pays for what was written until then.
for await (const event of await claude.messages.create({ ...story, stream: true })) {
  if (event.type === 'content_block_delta') break
}

await guard.close()
