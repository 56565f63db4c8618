/**
 * The AI SDK takes a `fetch`: give it the guarded one, and generateText, streamText and agents are guarded.
 *
 *   ANTHROPIC_API_KEY=… node ai-sdk.ts
 */

import { createAnthropic } from '@ai-sdk/anthropic'
import { createGuard } from '@runguard/sdk'
import { APICallError, generateText, streamText } from 'ai'

const guard = createGuard({ budgets: [{ scope: 'project:blog', limit: '$0.10', window: 'day' }] })
const { fetch } = guard.session({ project: 'blog' })

// The AI SDK reads no base URL that ends without `/v1`.
const baseURL = `${process.env.ANTHROPIC_BASE_URL ?? 'https://api.anthropic.com'}/v1`
const anthropic = createAnthropic({ baseURL, fetch })
const model = anthropic('claude-haiku-4-5')

const { text } = await generateText({ model, prompt: 'Give me a title for a post about octopuses.' })
console.log(text)

const { textStream } = streamText({ model, prompt: 'Now write its first paragraph.' })
for await (const piece of textStream) process.stdout.write(piece)
console.log()

try {
  await generateText({ model, maxOutputTokens: 8_000, prompt: 'And now all of it. '.repeat(30_000) })
} catch (error) {
  // It makes an error of its own of every refusal; the reason and the advice are in its message.
  if (!APICallError.isInstance(error)) throw error
  console.log(`${error.statusCode}: ${error.message}`)
}
await guard.close()
