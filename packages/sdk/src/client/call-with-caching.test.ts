import Anthropic from '@anthropic-ai/sdk'
import { startSimulator } from '@runguard/simulator'
import { expect, onTestFinished, test } from 'vitest'
import { checkCacheHit } from '../core/cache/cache-hit.js'
import { callWithCaching } from './call-with-caching.js'
import { createGuard } from './guard.js'

const system = 'You are a careful reader of contracts. '.repeat(400)
const tools = [{ name: 'look_up', input_schema: { type: 'object' as const } }]

async function open(): Promise<Anthropic> {
  const simulator = await startSimulator()
  onTestFinished(() => simulator.close())
  return new Anthropic({ baseURL: simulator.url, apiKey: 'sk-ant-test-0000', maxRetries: 0 })
}

function ask(words: string): Anthropic.MessageCreateParamsNonStreaming {
  return { model: 'claude-sonnet-5-5', max_tokens: 100, system, tools, messages: [{ role: 'user', content: words }] }
}

test('the second call with the same prefix reads it from the cache', async () => {
  const client = await open()
  const first = checkCacheHit(await callWithCaching(client, ask('One.')))
  const second = checkCacheHit(await callWithCaching(client, ask('Two.')))
  expect(first).toMatchObject({ cacheReadTokens: 0, cacheHitRate: 0 })
  expect(first.cacheWriteTokens).toBeGreaterThan(5_000)
  expect(second.cacheReadTokens).toBe(first.cacheWriteTokens)
  expect(second.cacheHitRate).toBeGreaterThan(0.99)
})

test('it works with a guarded client, and for an hour', async () => {
  const guard = createGuard()
  const message = await callWithCaching(guard.wrap(await open()), ask('One.'), { ttl: '1h' })
  expect(message.usage.cache_creation?.ephemeral_1h_input_tokens).toBeGreaterThan(5_000)
  await guard.close()
})

test('parameters without a client are no call', async () => {
  await expect(callWithCaching(ask('One.') as never, undefined as never)).rejects.toThrow('needs a client')
})
