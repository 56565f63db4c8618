import { startSimulator } from '@runguard/simulator'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startHouse } from './harness.js'

const prose = (lines: number): string => 'The house stands by the river and looks out at it. '.repeat(lines)

async function openHouse() {
  const simulator = await startSimulator()
  onTestFinished(() => simulator.close())
  const house = await startHouse(simulator.url)
  const ask = async (turns: number, headers: Record<string, string> = {}): Promise<void> => {
    const said = Array.from({ length: turns }, (_, turn) => [
      { role: 'assistant', content: [{ type: 'text', text: `Answer ${turn}.` }] },
      { role: 'user', content: [{ type: 'text', text: `${prose(20)} ${turn}` }] },
    ]).flat()
    const body = JSON.stringify({
      model: 'claude-opus-5-5',
      max_tokens: 50,
      tools: [{ name: 'read', input_schema: { type: 'object' } }],
      system: [{ type: 'text', text: prose(200) }],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Go.' }] }, ...said],
    })
    const response = await fetch(`${house.gateway.url}/v1/messages`, {
      method: 'POST',
      headers: {
        'x-api-key': 'sk-ant-test',
        'anthropic-version': '2023-06-01',
        'content-type': 'application/json',
        ...headers,
      },
      body,
    })
    if (!response.ok) throw new Error(await response.text())
    await response.arrayBuffer()
  }
  return { simulator, house, ask }
}

describe('a client without markers', () => {
  it('reads from the cache through the gateway what it sent before', async () => {
    const { simulator, house, ask } = await openHouse()
    for (const turns of [0, 1, 2]) await ask(turns)
    const records = await house.records(3)
    expect(records.map(({ cache }) => cache)).toMatchObject([
      { mode: 'fill', isAsExpected: true, miss: null },
      { mode: 'fill', isAsExpected: true, miss: null },
      { mode: 'fill', isAsExpected: true, miss: null },
    ])
    const reads = simulator.log.map(({ usage }) => (usage?.cache_read_input_tokens ?? 0) > 0)
    expect(reads).toEqual([false, true, true])
  })

  it('may say by a header that it wants none of that', async () => {
    const { simulator, ask } = await openHouse()
    for (const turns of [0, 1]) await ask(turns, { 'x-runguard-cache': 'off' })
    expect(simulator.log.map(({ usage }) => usage?.cache_creation_input_tokens)).toEqual([0, 0])
  })
})
