import type { ContentBlock, MessageParam } from '@anthropic-ai/sdk/resources/messages'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addAnswer, addPrompt, addResults, answerOpenCalls, callsOf, type History } from './agent-history.js'
import { failedResult } from './agent-tool.js'

const text = fc.constantFrom('Yes.', '', '  ', 'A longer answer.').map((words) => ({ type: 'text', text: words }))
const call = fc.uuid().map((id) => ({ type: 'tool_use', id, name: 'look', input: {} }))
const answer = fc.array(fc.oneof(text, call), { maxLength: 4 }) as fc.Arbitrary<readonly object[]> as fc.Arbitrary<
  ContentBlock[]
>

/** What can happen to a conversation, in any order. */
type Act =
  | { readonly kind: 'prompt'; readonly words: string }
  | { readonly kind: 'answer'; readonly content: ContentBlock[]; readonly areCallsMade: boolean }

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ kind: fc.constant('prompt' as const), words: fc.constantFrom('Hi.', 'Go on.') }),
  fc.record({ kind: fc.constant('answer' as const), content: answer, areCallsMade: fc.boolean() }),
)

function apply(history: History, step: Act): History {
  if (step.kind === 'prompt') return addPrompt(history, step.words)
  // The API answers only what a person or a tool said last.
  if (history.at(-1)?.role !== 'user') return history
  const answered = addAnswer(history, step.content)
  const calls = callsOf(step.content)
  if (!step.areCallsMade || calls.length === 0) return answerOpenCalls(answered, 'not made')
  return addResults(
    answered,
    calls.map((each) => failedResult(each, 'made')),
  )
}

test('whatever happens, the conversation is one that the API takes', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 12 }), (acts) => {
      const history = acts.reduce(apply, [] as History)
      expect(faultsOf(history)).toEqual([])
    }),
  )
})

test('what was sent once is never changed, so that caches and thinking stay valid', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 12 }), (acts) => {
      let history: History = []
      for (const step of acts) {
        const grown = apply(history, step)
        // The last message of the person may still grow: nobody has answered it.
        const sent = history.slice(0, -1)
        expect(grown.slice(0, sent.length)).toEqual(sent)
        history = grown
      }
    }),
  )
})

test('results stand before the words that follow them', () => {
  const asked = [{ role: 'user', content: 'Hi.' }] as const
  const call = { type: 'tool_use', id: 'a', name: 'look', input: {} } as unknown as ContentBlock
  const history = addPrompt(answerOpenCalls(addAnswer(asked, [call]), 'not made'), 'Go on.')
  expect(history.at(-1)?.content).toMatchObject([{ type: 'tool_result' }, { type: 'text', text: 'Go on.' }])
})

test('a message that is a bare text can be added to', () => {
  expect(addPrompt([{ role: 'user', content: 'One.' }], 'Two.')).toEqual([
    {
      role: 'user',
      content: [
        { type: 'text', text: 'One.' },
        { type: 'text', text: 'Two.' },
      ],
    },
  ])
})

/** What the API refuses in a list of messages. */
function faultsOf(history: History): string[] {
  return history.flatMap((message, at) => [
    ...(message.role === (at % 2 === 0 ? 'user' : 'assistant') ? [] : ['roles do not take turns']),
    ...(message.content.length > 0 ? [] : ['a message is empty']),
    ...(blocks(message).some((block) => block.type === 'text' && block.text.trim() === '') ? ['a text is blank'] : []),
    ...(JSON.stringify(idsOf(message, 'tool_use')) === JSON.stringify(idsOf(history[at + 1], 'tool_result'))
      ? []
      : ['calls and results do not fit']),
  ])
}

function blocks(message: MessageParam | undefined): Exclude<MessageParam['content'], string> {
  return typeof message?.content === 'object' ? message.content : []
}

function idsOf(message: MessageParam | undefined, type: 'tool_use' | 'tool_result'): string[] {
  return blocks(message).flatMap((block) => {
    if (block.type === 'tool_use' && type === 'tool_use') return [block.id]
    return block.type === 'tool_result' && type === 'tool_result' ? [block.tool_use_id] : []
  })
}

test('half a character, where a text was cut, is replaced: no request could be sent with it', () => {
  const half = 'A 😀'.slice(0, 3)
  const asked = addPrompt([], half)
  const answered = addAnswer(asked, [{ type: 'tool_use', id: 'a', name: 'look', input: {} }] as ContentBlock[])
  const results = [
    { type: 'tool_result' as const, tool_use_id: 'a', content: half },
    { type: 'tool_result' as const, tool_use_id: 'a', content: [{ type: 'text' as const, text: half }] },
  ]
  const history = addResults(answered, results)
  expect(JSON.stringify(history)).not.toMatch(/\\ud83d/i)
  expect(JSON.stringify(history).match(/A \ufffd/g)).toHaveLength(3)
})

test('thinking that was cut off, or that nothing follows, is not sent back', () => {
  const [cut, whole] = ['', 'c2ln'].map((signature) => ({ type: 'thinking', thinking: 'Hm.', signature }))
  const words = { type: 'text', text: 'Yes.' }
  const asked = addPrompt([], 'Hi.')
  const kept = (...content: unknown[]) => addAnswer(asked, content as ContentBlock[]).slice(1)
  expect(kept(cut)).toEqual([])
  expect(kept(whole)).toEqual([])
  expect(kept(cut, words)).toEqual([{ role: 'assistant', content: [words] }])
  expect(kept(whole, words, whole)).toEqual([{ role: 'assistant', content: [whole, words] }])
})

test('who speaks before a paused answer has gone on drops what the API was about to look up', () => {
  const call = (id: string) => ({ type: 'server_tool_use', id, name: 'web_search', input: {} })
  const found = { type: 'web_search_tool_result', tool_use_id: 'a', content: [] }
  const thinking = { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' }
  const words = { type: 'text', text: 'Let me see.' }
  const after = (...content: unknown[]) => {
    const paused = addAnswer(addPrompt([], 'Search.'), content as ContentBlock[])
    return addPrompt(paused, 'Never mind.').map((message) => message.content)
  }
  const [asked, never] = ['Search.', 'Never mind.'].map((text) => ({ type: 'text', text }))
  expect(after(words, call('a'), found, thinking, call('b'))).toEqual([[asked], [words, call('a'), found], [never]])
  expect(after(thinking, call('b'))).toEqual([[asked, never]])
  expect(after(words, call('a'), found)).toEqual([[asked], [words, call('a'), found], [never]])
})
