/** The OpenAI client through the gateway: its calls are passed on, and recorded as not metered. */

import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { dummyKey } from './clients/client.js'
import { openGateway } from './stage/gateway.js'
import { openUpstream } from './stage/upstream.js'

const usage = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 }
const common = { id: 'chatcmpl-1', created: 1_790_000_000, model: 'claude-opus-5-5' }

function piece(delta: object, finish: string | null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }]
  return `data: ${JSON.stringify({ ...common, object: 'chat.completion.chunk', choices })}\n\n`
}

/** Answers like the compatibility endpoint of the API. */
function openCompatible(): Promise<string> {
  return openUpstream((request, body, response) => {
    if (request.url !== '/v1/chat/completions') response.writeHead(404).end()
    else if (JSON.parse(body.toString()).stream === true) {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': 'req_stream' })
      response.end(
        `${piece({ role: 'assistant', content: 'good ' }, null)}${piece({ content: 'day' }, 'stop')}data: [DONE]\n\n`,
      )
    } else {
      const choices = [{ index: 0, message: { role: 'assistant', content: 'good day' }, finish_reason: 'stop' }]
      response.writeHead(200, { 'content-type': 'application/json', 'request-id': 'req_plain' })
      response.end(JSON.stringify({ ...common, object: 'chat.completion', choices, usage }))
    }
  })
}

test('a chat completion, plain and streamed, comes through and is recorded as unmetered', async () => {
  const gateway = await openGateway(await openCompatible())
  const client = new OpenAI({ apiKey: dummyKey, baseURL: `${gateway.url}/v1` })
  const question = { model: 'claude-opus-5-5', messages: [{ role: 'user' as const, content: 'Hello.' }] }
  const plain = await client.chat.completions.create(question)
  let streamed = ''
  for await (const chunk of await client.chat.completions.create({ ...question, stream: true })) {
    streamed += chunk.choices[0]?.delta.content ?? ''
  }
  expect([plain.choices[0]?.message.content, streamed]).toEqual(['good day', 'good day'])
  expect(plain.usage).toEqual(usage)
  const ending = { kind: 'unmetered', reason: 'unmetered-endpoint' }
  const records = await gateway.records()
  expect(records).toMatchObject([
    { upstreamId: 'req_plain', endpoint: 'chat-completions', status: 200, ending, usage: null },
    { upstreamId: 'req_stream', endpoint: 'chat-completions', status: 200, ending, usage: null },
  ])
  expect(records[0]?.client).toMatch(/^OpenAI\/JS 6\./)
})
