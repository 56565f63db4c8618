import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { scanCall } from '../body/scan.js'
import { hashText } from './loop-hash.js'
import { MAX_ROUNDS, readRounds, type SeenRounds } from './steps.js'
import { stepsOf } from './steps-keys.js'

type Content = string | readonly unknown[]

const user = (content: Content) => ({ role: 'user', content })
const assistant = (...content: readonly unknown[]) => ({ role: 'assistant', content })
const text = (words: string) => ({ type: 'text', text: words })
const call = (id: string, name = 'Bash', input: unknown = { command: 'ls' }) => ({ type: 'tool_use', id, name, input })
const result = (id: string, content: unknown = 'ok', isError = false) => {
  return { type: 'tool_result', tool_use_id: id, content, is_error: isError }
}
const reminder = (words: string) => text(`<system-reminder>\n${words}\n</system-reminder>`)

function read(messages: readonly unknown[], known: string | null = null): SeenRounds {
  const body = new TextEncoder().encode(JSON.stringify({ model: 'm', system: 'be kind', messages }))
  return readRounds(scanCall(body), body, known)
}

const ids = ({ rounds }: SeenRounds): string[] => rounds.map(({ id }) => id)

/** A conversation of so many rounds after a person's message. */
function talk(rounds: number, from = 0): unknown[] {
  const numbers = Array.from({ length: rounds }, (_, index) => from + index)
  return [user('go'), ...numbers.flatMap((n) => [assistant(call(`t${n}`)), user([result(`t${n}`)])])]
}

describe('the rounds of a conversation', () => {
  it('are the tool calls since a person wrote, with what came back, in order', () => {
    const seen = read([
      ...talk(3, 100),
      assistant(text('done')),
      user('and now?'),
      assistant(
        { type: 'thinking', thinking: 'hm', signature: 's' },
        text('let me see'),
        call('a', 'Read', { path: 'x' }),
      ),
      user([result('a', [text('file')])]),
      assistant(call('b')),
      user([result('b', 'boom', true), reminder('be brief')]),
    ])
    expect(seen.opening).toBe('person')
    expect(seen.rounds).toEqual([
      {
        id: 'a',
        calls: [{ tool: 'Read', input: { path: 'x' }, result: { content: [text('file')], isError: false } }],
        text: null,
        news: null,
      },
      {
        id: 'b',
        calls: [{ tool: 'Bash', input: { command: 'ls' }, result: { content: 'boom', isError: true } }],
        text: null,
        news: null,
      },
    ])
  })

  it('take parallel calls as one round, whatever the order of their results, in one message or in several', () => {
    const turn = assistant(call('a'), call('b'), call('c'))
    const together = read([user('go'), turn, user([result('c', '3'), result('a', '1'), result('b', '2')])])
    const apart = read([user('go'), turn, user([result('b', '2')]), user([result('a', '1')]), user([result('c', '3')])])
    expect(together.rounds).toHaveLength(1)
    expect(together.rounds[0]?.calls.map((each) => each.result?.content)).toEqual(['1', '2', '3'])
    expect(apart).toEqual(together)
  })

  it('know a call that was interrupted from one that is still to be carried out', () => {
    const interrupted = read([user('go'), assistant(call('a'), call('b')), user([result('a')]), assistant(call('c'))])
    expect(ids(interrupted)).toEqual(['a'])
    expect(interrupted.rounds[0]?.calls.map((each) => each.result === null)).toEqual([false, true])
    const steps = interrupted.rounds.flatMap((round) => stepsOf(round, 7))
    expect(steps.map(({ round, hasRun }) => [round, hasRun])).toEqual([
      [7, true],
      [7, false],
    ])
  })

  it('count calls of the API to its own tools apart, where the model saw a result in between', () => {
    const search = (id: string) => ({ type: 'server_tool_use', id, name: 'web_search', input: { query: 'x' } })
    const found = (id: string, content: unknown) => ({ type: 'web_search_tool_result', tool_use_id: id, content })
    const mcp = { type: 'mcp_tool_use', id: 'm', name: 'list', server_name: 'files', input: {} }
    const seen = read([
      user('go'),
      assistant(
        ...[
          search('a'),
          search('b'),
          found('a', []),
          found('b', { type: 'web_search_tool_result_error' }),
          search('c'),
        ],
        ...[found('c', [{ type: 'web_search_result', url: 'u' }]), mcp],
        ...[{ type: 'mcp_tool_result', tool_use_id: 'm', is_error: true, content: [text('no')] }, call('d')],
      ),
      user([result('d')]),
    ])
    expect(ids(seen)).toEqual(['a', 'c', 'm', 'd'])
    expect(seen.rounds[0]?.calls.map((each) => each.result?.isError)).toEqual([false, true])
    expect(seen.rounds[2]?.calls).toEqual([
      { tool: 'files/list', input: {}, result: { content: [text('no')], isError: true } },
    ])
  })

  it('have turns of the model in which it only talks', () => {
    const seen = read([
      user('go'),
      assistant(text('let me write'), text('the document')),
      user('Stop hook feedback:\nnot done yet'),
      assistant(text('as before')),
      user([reminder('still not done')]),
    ])
    expect(seen.opening).toBe('person')
    expect(seen.rounds.map((round) => round.text)).toEqual([
      hashText('let me write\nthe document'),
      hashText('as before'),
    ])
  })

  it('are read only as far as they are new', () => {
    const seen = read(talk(5), 't2')
    expect(seen.opening).toBe('known')
    expect(ids(seen)).toEqual(['t3', 't4'])
    expect(read(talk(5), 't4')).toEqual({ rounds: [], opening: 'known' })
    expect(read(talk(5), 'gone').opening).toBe('person')
  })

  it('know what their client woke them with, if that was a message of its own', () => {
    const woken = (id: string, words: string) => [
      assistant(text('I wait')),
      user(`<task-notification>${words}</task-notification>`),
      assistant(call(id)),
      user([result(id)]),
    ]
    const seen = read([...talk(1), ...woken('a', 'one'), ...woken('b', 'two'), ...woken('c', 'two')], 't0')
    const [first, second, third] = ['a', 'b', 'c'].map((each) => seen.rounds.find(({ id }) => id === each)?.news)
    expect(first).toMatch(/^[0-9a-f]{16}$/)
    expect(second).not.toBe(first)
    expect(third).toBe(second)
    const echo = user([result('x'), text('<task-notification>x done</task-notification>')])
    expect(
      read([user('go'), assistant(call('x')), echo, assistant(call('y')), user([result('y')])]).rounds,
    ).toMatchObject([{ news: null }, { news: null }])
  })

  it('are no more than a few megabytes, but the newest however large it is', () => {
    const large = (count: number) =>
      Array.from({ length: count }, (_, n) => [
        assistant(call(`t${n}`)),
        user([result(`t${n}`, 'x'.repeat(3_000_000))]),
      ])
    const shown = (seen: SeenRounds) => [seen.opening, ...ids(seen)]
    expect(shown(read([user('go'), ...large(4).flat()]))).toEqual(['limit', 't3'])
    expect(shown(read([user('go'), ...large(4).flat()], 't2'))).toEqual(['known', 't3'])
    const huge = [assistant(call('h')), user([result('h', 'x'.repeat(6_000_000))])]
    expect(shown(read([user('go'), ...large(1).flat(), ...huge], 't0'))).toEqual(['known', 'h'])
  })

  it('are as many as anybody looks at, the newest', () => {
    const seen = read(talk(MAX_ROUNDS + 7))
    expect(seen.opening).toBe('limit')
    expect(seen.rounds).toHaveLength(MAX_ROUNDS)
    expect(seen.rounds.at(-1)?.id).toBe(`t${MAX_ROUNDS + 6}`)
    expect(read(talk(MAX_ROUNDS - 1)).opening).toBe('person')
  })
})

describe('a person', () => {
  const before = talk(2)

  it.each<[string, unknown[]]>([
    ['writes a message', [assistant(text('done')), user('next')]],
    ['sends a picture', [assistant(text('done')), user([{ type: 'image', source: {} }])]],
    [
      'writes behind the results of a call that was refused',
      [assistant(call('x')), user([result('x'), text('try it so')])],
    ],
    ['writes, with reminders around it', [user([reminder('date'), text('next'), reminder('be brief')])]],
    ['writes before a note of the system', [user('next'), { role: 'system', content: 'note' }]],
    [
      'writes while the agent works',
      [
        assistant(call('x')),
        user([result('x'), reminder('The user sent a new message while you were working:\nstop')]),
      ],
    ],
  ])('%s, and no round counts any more', (_, messages) => {
    expect(read([...before, ...messages])).toEqual({ rounds: [], opening: 'person' })
  })

  it.each<[string, unknown[]]>([
    ['a reminder', [user([reminder('tests still fail'), text('  \n')])]],
    ['two reminders in one text', [user('<system-reminder>a</system-reminder>\n<system-reminder>b</system-reminder>')]],
    ['a hook', [user('Stop hook feedback:\n[check] not done')]],
    ['an interruption', [user([text('[Request interrupted by user for tool use]')])]],
    ['what asks for a summary', [user('CRITICAL: Respond with TEXT ONLY. Do NOT call any tools.')]],
    ['a background task', [user('<task-notification>t1 done</task-notification>')]],
  ])('is not %s: rounds go on counting', (_, messages) => {
    expect(ids(read([...before, ...messages])).slice(0, 2)).toEqual(['t0', 't1'])
  })

  it('is not the client that says something behind every result', () => {
    const rounds = ['a', 'b', 'c'].flatMap((id) => [assistant(call(id)), user([result(id), text(`You are at ${id}.`)])])
    expect(ids(read([user('go'), ...rounds]))).toEqual(['b', 'c'])
  })

  it('is not the summary that a conversation begins with after it became too long', () => {
    const seen = read([
      user('This session is being continued from a previous conversation that …'),
      ...talk(2).slice(1),
    ])
    expect(seen).toMatchObject({ opening: 'start', rounds: [{ id: 't0' }, { id: 't1' }] })
  })
})

test('calls that were turned down, or cancelled with another, count as never run', () => {
  const denied = "The user doesn't want to proceed with this tool use. The tool use was rejected"
  const cancelled = '<tool_use_error>Cancelled: parallel tool call Bash errored</tool_use_error>'
  const content = [result('a', denied, true), result('b', [text(cancelled)], true), result('c', denied)]
  const seen = read([user('go'), assistant(call('a'), call('b'), call('c')), user(content)])
  expect(seen.rounds.flatMap((round) => stepsOf(round, 0)).map(({ hasRun }) => hasRun)).toEqual([false, false, true])
})

test('equal calls have equal keys, whatever the order of their fields, and what is declared of a tool is known', () => {
  const inputs = [
    { command: 'ls', timeout: 5 },
    { timeout: 5, command: 'ls' },
    { command: 'ls', timeout: 6 },
  ]
  const turns = inputs.flatMap((input, n) => [
    assistant(call(`c${n}`, 'Bash', input)),
    user([result(`c${n}`, `${n} files`)]),
  ])
  const [a, b, c] = read([user('go'), ...turns]).rounds.flatMap((round, n) => stepsOf(round, n, { Bash: 'exempt' }))
  expect(a?.key).toBe(b?.key)
  expect(a?.key).not.toBe(c?.key)
  expect(a?.norm).toBe(c?.norm)
  expect(a?.result).not.toBe(b?.result)
  expect(a?.toolClass).toBe('exempt')
})

const anyBlock = fc.oneof(
  fc.string().map(text),
  fc.constantFrom('a', 'b', '__proto__').map((id) => call(id)),
  fc.constantFrom('a', 'b', '__proto__').map((id) => result(id)),
  fc.jsonValue(),
  fc.record({ type: fc.constantFrom('tool_use', 'tool_result', 'text', 'x_tool_result'), id: fc.jsonValue() }),
)
const anyMessage = fc.record({
  role: fc.constantFrom('user', 'assistant', 'system', 'robot'),
  content: fc.oneof(fc.string(), fc.array(anyBlock), fc.jsonValue()),
})

test('whatever a caller sends, rounds are read, and what is new is the end of all there is', () => {
  fc.assert(
    fc.property(fc.array(anyMessage, { maxLength: 20 }), (messages) => {
      const all = read(messages)
      const steps = all.rounds.flatMap((round, index) => stepsOf(round, index))
      expect(steps.every(({ key }) => key.length > 0)).toBe(true)
      for (const known of ids(all)) {
        const seen = read(messages, known)
        expect(seen.opening).toBe('known')
        expect(all.rounds.slice(all.rounds.length - seen.rounds.length)).toEqual(seen.rounds)
      }
    }),
  )
})

test('a block that is no JSON is read as an empty one', () => {
  const text =
    '{"messages":[{"role":"user","content":"go"},{"role":"assistant","content":[{"type":"tool_use","id":nope}]},' +
    '{"role":"user","content":[{"type":"tool_result","tool_use_id":nope}]}]}'
  const body = new TextEncoder().encode(text)
  const seen = readRounds(scanCall(body), body)
  expect(seen.rounds).toMatchObject([{ calls: [{ tool: '', result: null }] }])
})
