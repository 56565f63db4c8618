/** Bytes are sacred where nothing is to be changed: what reaches the API is what the client sent, and what reaches the client is what the API sent. */

import { startSimulator } from '@runguard/simulator'
import { expect, onTestFinished, test } from 'vitest'
import { roundsOf } from './clients/client.js'
import { clients } from './clients/table.js'
import { openGateway } from './stage/gateway.js'
import { type Exchange, openRecorder, travelling } from './stage/recorder.js'

for (const kind of clients) {
  test(`${kind.name}: requests and answers pass byte for byte, and header for header`, async () => {
    const simulator = await startSimulator()
    onTestFinished(() => simulator.close())
    const behind = await openRecorder(simulator.url)
    const gateway = await openGateway(behind.url, { fillsCache: false })
    const front = await openRecorder(gateway.url)
    const client = kind.open({ ...gateway, url: front.url })
    await client.say('Grüße, 世界 🌍. [[sim:say Grüße]]')
    await client.stream('Hello. [[sim:think 40]] [[sim:text 300]] [[sim:every 1]] [[sim:ping 3]]')
    await client.work(`Go. ${roundsOf(kind, 2)}`)
    await client.sayCached('What is it about?', '1h')
    await client.fail('[[sim:fault {"kind":"status","status":400,"message":"No."}]]')
    await simulator.idle()
    const sent = [...front.exchanges]
    expect(sent.length).toBeGreaterThanOrEqual(7)
    expect(sent.map(([id, exchange]) => [id, travelling(exchange)])).toEqual(
      sent
        .map(([id]) => [id, behind.exchanges.get(id)])
        .map(([id, exchange]) => [id, travelling(exchange as Exchange)]),
    )
    expect(behind.exchanges.size).toBe(sent.length)
    expect(sent.every(([, { request }]) => request.bodyBytes > 50)).toBe(true)
  })
}
