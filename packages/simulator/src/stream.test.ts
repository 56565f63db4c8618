import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { idSource } from './ids.js'
import type { JsonObject } from './json.js'
import { textOf } from './json.js'
import { type Answer, wholeMessage, writeAnswer } from './message.js'
import { renderPrompt } from './prompt.js'
import { PromptCache } from './prompt-cache.js'
import { type Reply, type ReplyPart, speak } from './reply.js'
import { readMessagesRequest } from './request.js'
import { type StreamStep, streamSteps } from './stream.js'
import { usageAt } from './usage.js'

function answerTo(reply: Reply, maxTokens: number): Answer {
  const body = { model: 'claude-opus-5-5', max_tokens: maxTokens, messages: [{ role: 'user', content: 'hi' }] }
  const request = readMessagesRequest(body, '2026-10-21', Date.UTC(2026, 10, 26))
  const prompt = renderPrompt(request, 'w')
  return writeAnswer(speak(reply, request), request, prompt, new PromptCache().look(prompt, 0), idSource('test'))
}

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 })
const part: fc.Arbitrary<ReplyPart> = fc.oneof(
  text.map((words) => ({ kind: 'text', text: words }) as const),
  fc.record({ kind: fc.constant('thinking' as const), text: fc.oneof(text, fc.constant('')), tokens: fc.nat(300) }),
  fc.record({
    kind: fc.constant('tool' as const),
    name: text,
    input: fc.dictionary(text, text, { noNullPrototype: true }),
  }),
  fc.record({ kind: fc.constant('search' as const), query: text, resultTokens: fc.nat(900) }),
)
const extraRun = fc.constantFrom<Reply['extraRun']>(
  undefined,
  { kind: 'compaction', summaryTokens: 50 },
  { kind: 'fallback', model: 'claude-sonnet-5-5', refusedAfterTokens: 3 },
)
const anyAnswer = fc
  .record({ parts: fc.array(part, { maxLength: 5 }), run: extraRun, maxTokens: fc.integer({ min: 1, max: 600 }) })
  .map(({ parts, run, maxTokens }) => answerTo({ parts, ...(run === undefined ? {} : { extraRun: run }) }, maxTokens))
const anyPacing = fc.record({ chunkCharacters: fc.integer({ min: 0, max: 30 }) })

/** Puts a stream together as a client does. */
function assemble(steps: readonly StreamStep[]): JsonObject {
  let message: JsonObject = {}
  const blocks: Record<string, string | JsonObject>[] = []
  const json: string[] = []
  for (const { data } of steps) {
    const index = Number(data.index)
    if (data.type === 'message_start') message = data.message as JsonObject
    if (data.type === 'content_block_start') blocks[index] = { ...(data.content_block as JsonObject) } as never
    if (data.type === 'content_block_delta') {
      const delta = data.delta as JsonObject
      const block = blocks[index] ?? {}
      for (const field of ['text', 'thinking', 'signature', 'content']) {
        if (typeof delta[field] === 'string') block[field] = `${block[field] ?? ''}${delta[field]}`
      }
      if (delta.type === 'input_json_delta') json[index] = (json[index] ?? '') + textOf(delta, 'partial_json')
    }
    if (data.type === 'content_block_stop' && json[index] !== undefined)
      (blocks[index] ?? {}).input = JSON.parse(json[index])
    if (data.type === 'message_delta') {
      const usage = { ...(message.usage as JsonObject), ...(data.usage as JsonObject) }
      message = { ...message, ...(data.delta as JsonObject), usage }
    }
  }
  return { ...message, content: blocks as unknown as JsonObject[] }
}

describe('a stream', () => {
  it('adds up to the message that is sent whole, however it is cut into events', () => {
    fc.assert(
      fc.property(anyAnswer, anyPacing, (answer, pacing) => {
        const { usage: streamed, ...rest } = assemble(streamSteps(answer, pacing))
        const { usage: whole, ...message } = wholeMessage(answer)
        expect(rest).toEqual(message)
        const { cache_creation: _a, ...streamedCounts } = streamed as JsonObject
        const { cache_creation: _b, ...wholeCounts } = whole as JsonObject
        expect(streamedCounts).toEqual(wholeCounts)
      }),
    )
  })

  it('has generated more with every event, never less than it has sent, and in the end what is billed', () => {
    fc.assert(
      fc.property(anyAnswer, anyPacing, (answer, pacing) => {
        const steps = streamSteps(answer, pacing)
        let before = 0
        let bytes = 0
        for (const { progress, data } of steps) {
          bytes += Buffer.byteLength(textOf((data.delta ?? {}) as JsonObject, 'text'))
          expect(progress.outputTokens).toBeGreaterThanOrEqual(Math.ceil(bytes / 3))
          expect(progress.outputTokens).toBeGreaterThanOrEqual(before)
          before = progress.outputTokens
        }
        expect(steps.at(-1)?.progress).toEqual(answer.final)
        expect(usageAt(answer.start, answer.final)).toEqual(wholeMessage(answer).usage)
      }),
    )
  })

  it('goes in the order that clients rely on', () => {
    fc.assert(
      fc.property(anyAnswer, anyPacing, (answer, pacing) => {
        const letters: Record<string, string> = {
          message_start: 'S',
          content_block_start: 'b',
          content_block_delta: 'd',
          content_block_stop: 'e',
          ping: '',
          message_delta: 'D',
          message_stop: 'E',
        }
        const shape = streamSteps(answer, pacing)
          .map(({ event }) => letters[event] ?? '?')
          .join('')
        expect(shape).toMatch(/^S(bd*e)*DE$/)
      }),
    )
  })
})
