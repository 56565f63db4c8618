import { describe, expect, it } from 'vitest'
import { scanCall } from '../body/scan.js'
import { classifyCall, readFeatures } from './classifier.js'

const tell = (body: object | string) => {
  const asked = typeof body === 'string' ? { messages: [{ role: 'user', content: body }] } : body
  const bytes = new TextEncoder().encode(JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 100, ...asked }))
  return classifyCall(readFeatures(scanCall(bytes), bytes))
}
const user = (content: unknown) => ({ role: 'user', content })

describe('a call that declares nothing', () => {
  it.each([
    ['Classify this ticket: the printer is on fire', 'classify'],
    ['Extract the total.', 'extract'],
    ['Please summarise the following report. It is long.', 'summarize'],
    ['Review this diff: - a + b', 'code_review'],
    ['Prove that there are infinitely many primes.', 'reason'],
    ['Analyse the attached figures.', 'analyze'],
    ['Write an in-depth report on tides.', 'research'],
    ['Write a poem about the sea.', null],
    ['Summarize the text and classify its tone.', null],
    ['Tell me more: the customer asks to summarize the contract', null],
    ['A declassified file', null],
    ['', null],
  ])('%s is told as %s', (content, task) => {
    expect(tell(content)).toBe(task)
  })

  it('is told by the paragraph behind its contents too', () => {
    expect(tell(`${'A very long text. '.repeat(5_000)}\n\nSummarize this.`)).toBe('summarize')
  })

  it('is told by its system prompt where the person names no task', () => {
    expect(tell({ system: 'You classify mails.', messages: [user('Hello, I want my money back.')] })).toBe('classify')
    expect(tell({ system: 'Classify mails.', messages: [user('Summarize this one: hello')] })).toBe('summarize')
    expect(tell({ system: 'Classify or summarize mails.', messages: [user('Hello')] })).toBe(null)
  })

  it('is no task of the table where an agent is at work', () => {
    const tools = [{ name: 'look', input_schema: {} }]
    expect(tell({ tools, messages: [user('Summarize the file a.txt')] })).toBe(null)
    const messages = [user('Summarize this: x'), { role: 'assistant', content: 'y' }, user('Summarize it shorter.')]
    expect(tell({ messages })).toBe(null)
  })

  it('that asks for output of a given structure, and says nothing else, extracts', () => {
    const output_config = { format: { type: 'json_schema', schema: {} } }
    expect(tell({ output_config, messages: [user('Invoice 12, paid')] })).toBe('extract')
  })

  it.each([
    [[user([{ type: 'image', source: { type: 'base64', data: 'x' } }])]],
    [[user([{ type: 'text', text: 5 }])]],
    [[]],
  ])('is none whatever stands in it: %j', (messages) => {
    expect(tell({ messages })).toBe(null)
  })
})
