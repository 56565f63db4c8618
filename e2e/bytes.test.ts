/** Bytes are sacred: what reaches the API is what the client sent, and what reaches the client is what the API sent. */

import { startSimulator } from '@runguard/simulator'
import { expect, onTestFinished, test } from 'vitest'
import { agentSdk } from './clients/agent-sdk.js'
import { aiSdk } from './clients/ai-sdk.js'
import { anthropic, previousAnthropic } from './clients/anthropic.js'
import { claudeCode } from './clients/claude-code.js'
import { langchain } from './clients/langchain.js'
import { type Exchange, openRecorder } from './stage/recorder.js'
import { openGateway } from './stage/stage.js'

/** Headers of one connection, and the two that the gateway sets anew for its own connection to the API. */
const ofTheConnection = /^(connection|keep-alive|transfer-encoding|te|upgrade|host|content-length|accept-encoding)$/i

function travelling({ headers }: Exchange['request']): readonly (readonly [string, string])[] {
  return headers.filter(([name]) => !ofTheConnection.test(name) && !/^x-runguard-/i.test(name))
}

function comparable({ method, target, status, request, answer }: Exchange): object {
  return {
    call: `${method} ${target} ${status}`,
    request: { headers: travelling(request), bytes: request.bodyBytes, hash: request.bodyHash },
    answer: { headers: travelling(answer), bytes: answer.bodyBytes, hash: answer.bodyHash },
  }
}

for (const kind of [anthropic, previousAnthropic, aiSdk, langchain, claudeCode, agentSdk]) {
  test(`${kind.name}: requests and answers pass byte for byte, and header for header`, async () => {
    const simulator = await startSimulator()
    onTestFinished(() => simulator.close())
    const behind = await openRecorder(simulator.url)
    const gateway = await openGateway(behind.url)
    const front = await openRecorder(gateway.url)
    const client = kind.open({ url: front.url, home: gateway.home })
    await client.say('Grüße, 世界 🌍. [[sim:say Grüße]]')
    await client.stream('Hello. [[sim:think 40]] [[sim:text 300]] [[sim:every 1]] [[sim:ping 3]]')
    await client.work(`Go. [[sim:tool-loop 2 ${kind.toolCall}]]`)
    await client.sayCached('What is it about?', '1h')
    await client.fail('[[sim:fault {"kind":"status","status":400,"message":"No."}]]')
    await simulator.idle()
    const sent = [...front.exchanges]
    expect(sent.length).toBeGreaterThanOrEqual(7)
    expect(sent.map(([id, exchange]) => [id, comparable(exchange)])).toEqual(
      sent
        .map(([id]) => [id, behind.exchanges.get(id)])
        .map(([id, exchange]) => [id, comparable(exchange as Exchange)]),
    )
    expect(behind.exchanges.size).toBe(sent.length)
    expect(sent.every(([, { request }]) => request.bodyBytes > 50)).toBe(true)
  })
}
