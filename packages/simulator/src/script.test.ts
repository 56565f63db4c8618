import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findDirectives } from './directives.js'
import type { Json, JsonObject } from './json.js'
import { type Reply, speak } from './reply.js'
import { readMessagesRequest } from './request.js'
import { chooseReply, echoScript, type Script } from './script.js'

const tools = [
  { type: 'web_search_20250305', name: 'web_search' },
  {
    name: 'Bash',
    input_schema: {
      type: 'object',
      properties: { command: { type: 'string' }, n: { type: 'integer', minimum: 3 } },
      required: ['command', 'n'],
    },
  },
  { name: 'Read', input_schema: { type: 'object' } },
]

function requestFor(messages: Json, extra: JsonObject = {}) {
  const body = { model: 'claude-opus-5-5', max_tokens: 1000, tools, messages, ...extra }
  return readMessagesRequest(body, '2026-10-21', Date.UTC(2026, 10, 26))
}

/** A conversation that begins with these words and then took so many rounds of tool calls. */
function conversation(words: string, rounds = 0): Json {
  const loop = Array.from({ length: rounds }, (_, index): Json[] => [
    { role: 'assistant', content: [{ type: 'tool_use', id: `t${index}`, name: 'Bash', input: {} }] },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: `t${index}`, content: 'ok' },
        { type: 'text', text: 'a reminder' },
      ],
    },
  ])
  return [{ role: 'user', content: words }, ...loop.flat()]
}

function reply(messages: Json, header: string | null = null, scripts: Record<string, Script> = {}): Reply {
  const context = { header, userAgent: null, served: 0 }
  return chooseReply(requestFor(messages), context, new Map(Object.entries(scripts)), echoScript)
}

const says = (text: string) => ({ parts: [{ kind: 'text', text }] })
const bash = { kind: 'tool', name: 'Bash', input: { command: 'sim', n: 3 } }

describe('a conversation', () => {
  it('without directives gets an echo', () => {
    expect(reply(conversation('good morning'))).toEqual(says('You said: good morning'))
  })

  it('that loops calls the same tool with the same input in every round', () => {
    for (const round of [0, 1, 50]) expect(reply(conversation('[[sim:looping]]', round)).parts).toEqual([bash])
  })

  it('with a counted loop ends after so many rounds', () => {
    const parts = [0, 1, 2, 3].map(
      (round) => reply(conversation('[[sim:tool-loop 3 Read {"file":"a"}]]', round)).parts[0],
    )
    const read = { kind: 'tool', name: 'Read', input: { file: 'a' } }
    expect(parts).toEqual([read, read, read, { kind: 'text', text: 'Done.' }])
  })

  it('goes from step to step at `next`', () => {
    const words = '[[sim:say one]] [[sim:tool Read {}]] [[sim:next]] [[sim:tool-loop 2]] [[sim:next]] [[sim:text 4]]'
    const kinds = [0, 1, 2, 3, 4].map((round) =>
      reply(conversation(words, round))
        .parts.map(({ kind }) => kind)
        .join('+'),
    )
    expect(kinds).toEqual(['text+tool', 'tool', 'tool', 'text', 'text'])
  })

  it('begins anew when the person speaks again', () => {
    const before = conversation('[[sim:looping]]', 2) as Json[]
    const messages = [...before, { role: 'assistant', content: 'stopped' }, { role: 'user', content: 'thanks' }]
    expect(reply(messages)).toEqual(says('You said: thanks'))
  })

  it('begins anew when the person speaks beside a tool result, with a directive', () => {
    const [question, call, result] = conversation('[[sim:looping]]', 1) as [JsonObject, JsonObject, JsonObject]
    const content = [...(result.content as Json[]), { type: 'text', text: '[[sim:say enough]]' }]
    expect(reply([question, call, { role: 'user', content }])).toMatchObject(says('enough'))
  })

  it('may call several tools at once', () => {
    expect(reply(conversation('[[sim:parallel 3]]')).parts).toEqual([bash, bash, bash])
    const mixed = reply(conversation('[[sim:tool Bash {}]] [[sim:tool Read {}]]')).parts
    expect(mixed).toMatchObject([{ name: 'Bash' }, { name: 'Read' }])
  })

  it('can be paced and broken', () => {
    const given = reply(conversation('[[sim:first-byte 5]] [[sim:every 10]] [[sim:fault error-event 7]] [[sim:say x]]'))
    expect(given).toMatchObject({
      pacing: { firstByteMs: 5, betweenEventsMs: 10 },
      fault: { kind: 'error-event', afterEvents: 7 },
    })
  })

  it('can be directed by a header, which goes before the text', () => {
    expect(reply(conversation('[[sim:looping]]'), 'think 5; say hi').parts).toMatchObject([
      { kind: 'thinking', tokens: 5 },
      { kind: 'text', text: 'hi' },
    ])
    expect(reply(conversation('hello'), '[[sim:tool Read {"a":";"}]]').parts).toMatchObject([
      { name: 'Read', input: { a: ';' } },
    ])
  })

  it('can be given to a script by name', () => {
    const scripts: Record<string, Script> = {
      mine: (_request, { round }) => ({ parts: [{ kind: 'text', text: `round ${round}` }] }),
    }
    expect(reply(conversation('hello', 2), 'mine', scripts)).toEqual(says('round 2'))
  })

  it.each([
    ['[[sim:dance]]', "unknown directive 'dance'"],
    ['[[sim:text many]]', "'text' needs a whole number"],
    ['[[sim:text 99999999]]', "'text' needs a whole number"],
    ['[[sim:tool Read {"a":}]]', "object of 'tool' is not valid JSON"],
    ['[[sim:fault nonsense]]', 'kind: Input should be one of'],
    ['[[sim:fault cut soon]]', 'afterBytes: Input should be a number'],
  ])('is refused when %s means nothing', (words, message) => {
    expect(() => reply(conversation(words))).toThrow(message)
  })
})

describe('directives', () => {
  it('are found again in any text around them', () => {
    const word = fc.stringMatching(/^[a-z0-9-]{1,8}$/)
    const json = fc.dictionary(
      word,
      fc.jsonValue().filter((value) => !Object.is(value, -0)),
    )
    fc.assert(
      fc.property(word, fc.array(word, { maxLength: 3 }), json, fc.string(), (verb, words, object, around) => {
        fc.pre(!around.includes('[['))
        const text = `${around}[[sim:${[verb, ...words].join(' ')} ${JSON.stringify(object)}]]${around}`
        const [found] = findDirectives(text)
        // A text with many `]]` inside its strings is beyond what is looked through.
        fc.pre(JSON.stringify(object).split(']]').length < 10)
        expect(found).toMatchObject({ verb, words })
        expect(JSON.stringify(found?.json)).toBe(JSON.stringify(object))
      }),
    )
  })

  it('that are not closed are none', () => {
    expect(findDirectives('[[sim:text 5')).toEqual([])
  })
})

describe('what is said', () => {
  const spoken = (given: Reply, extra: JsonObject = {}) => speak(given, requestFor(conversation('x'), extra))

  it('ends at max_tokens, to the token', () => {
    const given = spoken(
      {
        parts: [
          { kind: 'text', text: 'abc'.repeat(50) },
          { kind: 'tool', name: 'Read', input: {} },
        ],
      },
      { max_tokens: 20 },
    )
    expect(given).toMatchObject({
      outputTokens: 20,
      stopReason: 'max_tokens',
      parts: [{ part: { text: 'abc'.repeat(20) } }],
    })
  })

  it('ends before a stop sequence', () => {
    const given = spoken({ parts: [{ kind: 'text', text: 'one STOP two' }] }, { stop_sequences: ['two', 'STOP'] })
    expect(given).toMatchObject({
      stopReason: 'stop_sequence',
      stopSequence: 'STOP',
      parts: [{ part: { text: 'one ' } }],
    })
  })

  it('costs nothing when the cache is only warmed', () => {
    expect(spoken({ parts: [] }, { max_tokens: 0 })).toMatchObject({
      outputTokens: 0,
      stopReason: 'max_tokens',
      parts: [],
    })
  })

  it('costs at least one token otherwise', () => {
    expect(spoken({ parts: [] }).outputTokens).toBe(1)
  })
})
