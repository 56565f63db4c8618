import Anthropic from '@anthropic-ai/sdk'
import { type Budget, readConfig } from '@runguard/sdk/core'
import { engineDefaults } from '@runguard/sdk/engine'
import { auditBills, type ReplyPart, type RunningSimulator, startSimulator } from '@runguard/simulator'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type House, startHouse } from './harness.js'

const SENTENCE = 'I will now write the document for you. '
const REASON = /^RunGuard ended this answer here, because the answer said the same \d+ times in a row\./
const model = 'claude-sonnet-5-5'

/** Says these parts once, and then that all is well. */
async function openSimulator(parts: readonly ReplyPart[], betweenEventsMs = 1): Promise<RunningSimulator> {
  const simulator = await startSimulator({
    script: (_request, { served }) =>
      served === 0 ? { parts, pacing: { betweenEventsMs } } : { parts: [{ kind: 'text', text: 'All is well.' }] },
  })
  onTestFinished(() => simulator.close())
  return simulator
}

function clientOf({ gateway }: House): Anthropic {
  const headers = { 'x-runguard-session': 'job' }
  return new Anthropic({ baseURL: gateway.url, apiKey: 'sk-ant-test', maxRetries: 2, defaultHeaders: headers })
}

const asked: Anthropic.MessageParam = { role: 'user', content: 'Write the document.' }
const ask = (house: House, messages: Anthropic.MessageParam[] = [asked]): Promise<Anthropic.Message> =>
  clientOf(house).messages.stream({ model, max_tokens: 32_000, messages }).finalMessage()

function budgets(limit: string): readonly Budget[] {
  const reading = readConfig({ budgets: [{ scope: 'everything', window: 'month', limit }] })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  return reading.config.budgets
}

const echo: ReplyPart = { kind: 'text', text: `Certainly. ${SENTENCE.repeat(2_000)}` }

describe.each([
  ['that no budget meets', []],
  ['under a budget', budgets('$50')],
])('a stream that says the same again and again, %s', (_, held) => {
  it('is ended as a whole message, its bill stops, and the talk goes on', async () => {
    const simulator = await openSimulator([echo])
    const house = await startHouse(simulator.url, { budgets: held })
    const { content, stop_reason, usage } = await ask(house)
    expect(stop_reason).toBe('end_turn')
    expect(content).toMatchObject([
      { type: 'text', text: expect.stringContaining(SENTENCE.repeat(25)) },
      { type: 'text', text: expect.stringMatching(REASON) },
    ])
    const [record] = await house.records(1)
    expect(record).toMatchObject({
      ending: { kind: 'at-least', reason: 'loop-cut' },
      usage: { parts: [{ output: usage.output_tokens }] },
      loop: { action: 'stop', isEnforced: true, rule: 'repeating-text' },
    })
    await simulator.idle()
    expect(simulator.log).toMatchObject([{ ending: 'aborted' }])
    expect(simulator.log[0]?.streamedCharacters).toBeLessThan(6_000)
    expect(record?.cost.nano).toBeGreaterThanOrEqual(Number(auditBills(simulator.log).total))

    const next = await ask(house, [asked, { role: 'assistant', content }, { role: 'user', content: 'And now?' }])
    expect(next.content).toMatchObject([{ text: 'All is well.' }])
  })
})

describe('a stream without a budget', () => {
  const thought: ReplyPart = { kind: 'thinking', text: SENTENCE.repeat(100) }
  it.each([
    ['says the same in a thought', [thought, { kind: 'text', text: 'Done.' }], 'notice'],
    ['says the same behind a tool call', [{ kind: 'tool', name: 'look', input: {} }, echo], 'notice'],
  ] as const)('that %s is told of and not touched', async (_, parts, action) => {
    const simulator = await openSimulator(parts, 0)
    const house = await startHouse(simulator.url)
    const thinking = { type: 'enabled', budget_tokens: 20_000 } as const
    const tools: Anthropic.Tool[] = [{ name: 'look', input_schema: { type: 'object' } }]
    const request = { model: 'claude-haiku-4-5', max_tokens: 60_000, thinking, tools, messages: [asked] }
    const { content } = await clientOf(house).messages.stream(request).finalMessage()
    const said = parts.map((part) => (part.kind === 'tool' ? part.name : part.text))
    const heard = content.map((each) =>
      each.type === 'thinking' ? each.thinking : Object.values(each).find((value) => said.includes(value)),
    )
    expect(heard).toEqual(said)
    expect(await house.records(1)).toMatchObject([{ ending: { kind: 'exact' }, loop: { action } }])
  })

  it('in observe is told what would have been done, and not touched', async () => {
    const simulator = await openSimulator([{ kind: 'text', text: SENTENCE.repeat(200) }])
    const house = await startHouse(simulator.url, {
      config: { loops: { ...engineDefaults.loops, mode: 'observe' } },
    })
    expect((await ask(house)).content).toMatchObject([{ text: SENTENCE.repeat(200) }])
    expect(await house.records(1)).toMatchObject([
      { ending: { kind: 'exact' }, loop: { action: 'stop', isEnforced: false, rule: 'repeating-text' } },
    ])
  })

  it('of tables, code and lists is the same to the byte as without RunGuard', async () => {
    const rows = Array.from({ length: 200 }, (_, n) => `| ${n} | passed | yes |`).join('\n')
    const code = `\`\`\`ts\n${'  [0, 0, 0, 0],\n'.repeat(200)}\`\`\``
    const list = '- positive\n'.repeat(300)
    const parts = [{ kind: 'text', text: [rows, code, list].join('\n\n') }] as const
    const body = JSON.stringify({ model, max_tokens: 32_000, stream: true, messages: [asked] })
    const headers = {
      'content-type': 'application/json',
      'x-api-key': 'sk-ant-test',
      'anthropic-version': '2023-06-01',
    }
    const read = async (url: string): Promise<string> =>
      (await fetch(`${url}/v1/messages`, { method: 'POST', headers, body })).text()
    const plain = await read((await openSimulator(parts, 0)).url)
    const house = await startHouse((await openSimulator(parts, 0)).url)
    expect(await read(house.gateway.url)).toBe(plain)
    expect(await house.records(1)).toMatchObject([{ ending: { kind: 'exact' }, loop: null }])
  })
})
