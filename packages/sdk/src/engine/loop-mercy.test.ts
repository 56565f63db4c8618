/**
 * Work that looks like a loop and must go on, loops that look like work and must not, and people who must get through.
 * An honest client plays them against a whole engine: it sends its conversation, as it has grown, with every call.
 */
import { describe, expect, it, test } from 'vitest'
import { resolveEndpoint } from '../core/body/endpoint.js'
import type { Breaker } from '../core/breaker/breaker.js'
import { readOptions } from '../core/config/options.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import { memoryStore } from '../store/memory.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import type { Admission } from './admission.js'
import { engineDefaults } from './desk.js'
import { createEngine, type EngineOptions, type LoopEvent } from './engine.js'

const book = loadPriceBook(priceList)

interface Act {
  readonly tool: string
  readonly input: unknown
  readonly result: unknown
  readonly isError?: boolean
  /** What stands behind the result, in the same message. */
  readonly words?: string
}

const bash = (command: string, result: string, isError = false): Act => {
  return { tool: 'Bash', input: { command }, result, isError }
}
const person = (content: unknown) => ({ role: 'user', content })
const said = (words: string) => ({ role: 'assistant', content: words })

let ids = 0

/** What an act adds to a conversation. Calls side by side are one act of several. */
function messagesOf(...acts: readonly Act[]): unknown[] {
  const calls = acts.map((act) => ({ ...act, id: `toolu_${String(++ids).padStart(22, '0')}` }))
  const uses = calls.map(({ id, tool: name, input }) => ({ type: 'tool_use', id, name, input }))
  const results = calls.flatMap(({ id, result: content, isError = false, words }) => [
    { type: 'tool_result', tool_use_id: id, content, is_error: isError },
    ...(words === undefined ? [] : [{ type: 'text', text: words }]),
  ])
  return [{ role: 'assistant', content: uses }, person(results)]
}

/** Four rounds that nobody lets go on. */
const stuck = (): unknown[] => times(4, () => messagesOf(bash('npm install', 'nothing to do'))).flat()

const times = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n))
const letter = (n: number): string => 'abcdefghijklmnopqrstuvwxyz'.charAt(n % 26)
const prose = (words: number, seed: number): string =>
  times(words, (n) => `w${letter(n * 7 + seed)}${letter(n * 3 + seed)}`).join(' ')

interface Asking {
  readonly headers?: Readonly<Record<string, string>>
  readonly target?: string
  readonly fields?: object
}

const SESSION = { 'x-runguard-session': 's' }
const subAgent = (agent: string) => ({ ...SESSION, 'x-claude-code-agent-id': agent })

function house(options: Partial<EngineOptions> = {}) {
  const runtime = manualRuntime()
  const store = memoryStore()
  const opened: Breaker[] = []
  const events: LoopEvent[] = []
  const engine = createEngine({
    store,
    runtime,
    onBreaker: (breaker) => opened.push(breaker),
    onLoop: (event) => events.push(event),
    config: { ...engineDefaults, book, waitForMoneyMs: 0 },
    ...options,
  })
  const ask = async (messages: readonly unknown[], { headers = SESSION, target, fields }: Asking = {}) => {
    const written = { model: 'claude-opus-5-5', max_tokens: 1_000, messages, ...fields }
    const body = Buffer.from(JSON.stringify(written))
    const endpoint = resolveEndpoint('POST', target ?? '/v1/messages')
    const call = { method: 'POST', endpoint, headers, body, receivedBytes: body.length, readAtTick: runtime.tick() }
    const admission = await engine.admit({ ...call, problem: null })
    return { ...admission, tokens: Math.ceil(body.length / 4) }
  }
  /** Asks, and has it answered if it was sent. */
  const send = async (messages: readonly unknown[], asking: Asking = {}) => {
    const asked = await ask(messages, asking)
    const usage = { input_tokens: asked.tokens, output_tokens: 10 }
    answer(asked, 200, { model: 'claude-opus-5-5', usage })
    return asked
  }
  return { runtime, store, engine, opened, events, ask, send }
}

function answer(admission: Admission, status: number, body: object): void {
  if (admission.kind !== 'send') return
  admission.watch.sent()
  admission.watch.head(status, { 'content-type': 'application/json' })
  admission.watch.chunk(Buffer.from(JSON.stringify(body)))
  admission.watch.end('complete')
}

/** What goes on behind a call is done within a few turns of the event loop. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Plays rounds one after the other. Answers behind how many of them the agent was stopped, or null. */
async function play(rounds: readonly unknown[][], options: Partial<EngineOptions> = {}): Promise<number | null> {
  const { send } = house(options)
  const talk: unknown[] = [person('please do it')]
  for (let done = 0; done <= rounds.length; done++) {
    if ((await send(talk)).kind === 'refuse') return done
    talk.push(...(rounds[done] ?? []))
  }
  return null
}

const acts = (count: number, act: (n: number) => Act): unknown[][] => times(count, (n) => messagesOf(act(n)))

describe('an agent may', () => {
  const edit = (n: number): Act => ({
    tool: 'Edit',
    input: { file: 'a.ts', text: letter(n) },
    result: `ok ${letter(n)}`,
  })
  const tests = (n: number) => bash('npm test', `Exit code 1\nTests: ${30 - 2 * n} failed, ${70 + 2 * n} passed`, true)
  const tsc = (n: number) => bash('tsc', `src/a.ts(${12 + n * 9},5): error TS2345: Argument of type 'string'`, true)

  it.each<[string, unknown[][]]>([
    [
      'write sixteen files with a shell that says nothing',
      acts(17, (n) => bash(`cat > ${letter(n)} <<E\n${prose(2_500, n)}\nE`, '')),
    ],
    [
      'edit in silence and look at ever other failures',
      acts(18, (n) =>
        n % 2 === 0
          ? bash(`sed -i s/${letter(n)}/x/ a.py`, '')
          : bash('pytest', `FAILED ${letter(n)} ${prose(5_000, n)}`, true),
      ),
    ],
    [
      'fetch page after page into files',
      acts(20, (n) => bash(`curl -so page${n} https://example.com/list?page=${n}`, '')),
    ],
    ['fill cell after cell', acts(20, (n) => ({ tool: 'set_cell', input: { row: n, value: n * 17 }, result: '' }))],
    [
      'click here and there',
      acts(20, (n) => ({ tool: 'left_click', input: { x: 100 + n * 13, y: 40 + n }, result: '' })),
    ],
    [
      'scroll a long page to its end',
      acts(20, (n) => ({ tool: 'scroll_down', input: {}, result: prose(200, n * 31) + letter(n) })),
    ],
    [
      'look at a training that gets on',
      acts(8, (n) => bash('tail -1 train.log', `step ${n * 100}/5000 loss ${(3 / (n + 1)).toFixed(3)}`)),
    ],
    ['run a flaky test ten times', acts(10, (n) => bash('pytest test_flaky.py', `1 passed in 0.${31 + n}s`))],
    ['repair tests one by one', times(12, (n) => [...messagesOf(tests(n)), ...messagesOf(edit(n))])],
    [
      'repair the same type error in place after place',
      times(12, (n) => [...messagesOf(tsc(n)), ...messagesOf(edit(n))]),
    ],
    [
      'ask a person who answers beside the results',
      acts(8, (n) => ({
        tool: 'show_card',
        input: {},
        result: 'shown',
        words: ['Paris', 'Rome', 'I do not know', 'Oslo', 'Bern', 'Riga', 'Wien', 'Prag'][n] ?? '',
      })),
    ],
  ])('%s', async (_, rounds) => {
    expect(await play(rounds)).toBeNull()
  })

  it.each<[string, unknown[][]]>([
    [
      'sleeps, then looks, in turn',
      acts(24, (n) => (n % 2 === 0 ? bash('sleep 60', '') : bash('gh pr checks 12', 'pending'))),
    ],
    ['sleeps inside of a command', acts(12, () => bash('cd /repo && sleep 60 && gh pr checks 12', 'pending'))],
    ['sleeps behind the look', acts(12, () => bash('gh pr checks 12; sleep 30', 'pending'))],
    [
      'types nothing into a terminal that is at work',
      acts(12, (n) => bash('', `no new output after ${n + 1}0 seconds`)),
    ],
    [
      'has a tool that waits',
      acts(8, () => ({ tool: 'mcp__web__browser_wait_for', input: { time: 30 }, result: 'Waited for 30' })),
    ],
    [
      'looks at the log while it waits',
      times(8, () =>
        messagesOf({ tool: 'BashOutput', input: {}, result: 'running' }, bash('cat build.log', 'compiling')),
      ),
    ],
  ])('wait as long as it takes, if it %s', async (_, rounds) => {
    expect(await play(rounds)).toBeNull()
  })

  it('look again each time it is woken, but not all the time in between', async () => {
    const woken = (n: number) => [
      said('I look again later.'),
      person(`<task-notification>timer ${n} is due</task-notification>`),
    ]
    const look = bash('gh run view 77', 'in_progress')
    expect(await play(times(8, (n) => [...messagesOf(look), ...woken(n)]))).toBeNull()
    expect(await play([[...messagesOf(look), ...woken(1)], ...acts(9, () => look)])).toBe(5)
  })

  it('be asked something on the side: that does not make its prompt grow', async () => {
    const { send } = house()
    const talk: unknown[] = [person(`read this ${prose(30_000, 1)}`)]
    for (let n = 0; n < 17; n++) {
      expect((await send(talk)).kind).toBe('send')
      await send([person('Is this a new topic? Answer in one word.')])
      talk.push(...messagesOf(bash(`mv ${letter(n)}.md docs/`, '')))
    }
  })

  it('answer one prompt a hundred times for an evaluation', async () => {
    const { send } = house()
    const prompt = [person('rate it'), ...messagesOf({ tool: 'lookup', input: { id: 7 }, result: 'a record' })]
    for (let n = 0; n < 100; n++) expect((await send(prompt, { headers: {} })).kind).toBe('send')
  })
})

describe('an agent is stopped all the same', () => {
  const words = 'You have used many turns.'

  it.each<[string, number, unknown[][]]>([
    ['installs the same again', 4, acts(9, () => bash('npm install', 'up to date'))],
    [
      'describes the same call in ever other words',
      4,
      acts(9, (n) => ({
        tool: 'Bash',
        input: { command: 'npm i', description: `try ${letter(n)}` },
        result: 'up to date',
      })),
    ],
    ['asks a clock, whose answers differ in numbers alone', 12, acts(20, (n) => bash('date', `10:${10 + n}:00 UTC`))],
    [
      'hears a warning behind every other result',
      6,
      acts(9, (n) => ({ ...bash('npm install', 'up to date'), ...(n % 2 === 0 ? {} : { words }) })),
    ],
    [
      'fails in the same way whatever it sends',
      24,
      acts(30, (n) => ({
        tool: 'handover',
        input: { id: `r-${n}-${letter(n)}` },
        result: 'Error: no agent available',
      })),
    ],
    [
      'edits on and on, and its check fails in the same way',
      39,
      acts(50, (n) =>
        n % 2 === 0
          ? bash('npm test', 'FAIL a.test.ts: expected one, got two')
          : { tool: 'Edit', input: { text: `${letter(n)}${letter(n * 3)}` }, result: `done ${letter(n)}` },
      ),
    ],
  ])('if it %s', async (_, at, rounds) => {
    expect(await play(rounds)).toBe(at)
  })

  it('as early or late as the configuration says', async () => {
    const reading = readOptions({ loops: { limits: { sameResult: { stop: null }, repeat: { notice: 6, stop: 7 } } } })
    if (reading.kind !== 'config' || reading.config.loops === undefined) throw new Error(JSON.stringify(reading))
    const config = { ...engineDefaults, book, waitForMoneyMs: 0, loops: reading.config.loops }
    expect(
      await play(
        acts(9, () => bash('npm install', 'up to date')),
        { config },
      ),
    ).toBe(7)
  })
})

describe('a person', () => {
  it('gets through again and again beside the results of calls that were refused', async () => {
    const { ask, send } = house()
    const talk: unknown[] = [person('go')]
    const say = (text: string) => (talk.at(-1) as { content: object[] }).content.push({ type: 'text', text })
    for (const words of ['try again, the mirror is up now', 'no, use the mirror in Oslo']) {
      for (let n = 0; n < 4; n++) {
        await send(talk)
        talk.push(...messagesOf(bash('npm install', 'nothing to do')))
      }
      expect((await ask(talk)).kind).toBe('refuse')
      say(words)
      expect((await send(talk)).kind).toBe('send')
    }
  })

  it('may begin a message like a program does', async () => {
    const { ask } = house()
    const talk = [person('go'), ...stuck()]
    expect((await ask(talk)).kind).toBe('refuse')
    const words = person('Stop hook feedback: is what I see all the time. Switch it off please.')
    expect((await ask([...talk, said('stopped'), words])).kind).toBe('send')
  })

  it('has had their say also if a summary then swallows it', async () => {
    const { ask, send } = house()
    const talk = [person('go'), ...stuck()]
    expect((await ask(talk)).kind).toBe('refuse')
    await send([...talk, said('stopped'), person('once more please')])
    const summary = person('This session is being continued from a previous conversation. The person said: once more')
    expect((await ask([summary, ...messagesOf(bash('npm install', 'nothing to do'))])).kind).toBe('send')
  })

  it('gets through while the store is away, and so does what they asked for', async () => {
    const inner = memoryStore()
    let isAway = false
    const orFail = <Args extends unknown[], T>(method: (...args: Args) => Promise<T>) => {
      return (...args: Args): Promise<T> => (isAway ? Promise.reject(new Error('away')) : method(...args))
    }
    const { changeBreaker, readBreakers, changeAgent, findAgent, findMark } = inner
    const store = {
      ...inner,
      changeBreaker: orFail(changeBreaker),
      readBreakers: orFail(readBreakers),
      changeAgent: orFail(changeAgent),
      findAgent: orFail(findAgent),
      findMark: orFail(findMark),
    }
    const { ask, opened } = house({ store })
    await loopInTurns(ask, 3)
    expect(opened.map(({ key }) => key)).toEqual(['session:s'])
    isAway = true
    const talk = [person('go'), ...stuck(), said('stopped'), person('another way please')]
    expect((await ask(talk)).kind).toBe('send')
    expect((await ask([...talk, ...messagesOf(bash('yarn', 'done'))])).kind).toBe('send')
  })

  it('may count the tokens of a stopped conversation, which is no word to the agent', async () => {
    const { ask, store } = house()
    const talk = [person('go'), ...stuck()]
    await loopInTurns(ask, 3)
    const target = '/v1/messages/count_tokens'
    expect((await ask(talk, { target })).kind).toBe('send')
    expect((await ask([person('a side question')], { target })).kind).toBe('send')
    await settled()
    expect((await store.readBreakers(['session:s']))[0]?.state.kind).toBe('open')
    expect((await ask(talk)).kind).toBe('refuse')
  })
})

/** An agent that a person sends into the same loop turn after turn. */
async function loopInTurns(ask: ReturnType<typeof house>['ask'], turns: number): Promise<void> {
  for (const turn of times(turns, (n) => person(`turn ${n}`))) {
    await ask([turn, ...messagesOf(bash('ls', 'a'))])
    expect((await ask([turn, ...stuck()])).kind).toBe('refuse')
  }
  await settled()
}

describe('an operator', () => {
  it('who resumed a session yesterday did not mean the sub-agent that begins today', async () => {
    const { send, store, runtime } = house()
    const yesterday = runtime.now() - 86_400_000
    await store.putMark({ session: 's', resumedAt: yesterday, isExempt: false, by: 'cli', at: yesterday })
    const talk = [person('go'), ...stuck()]
    expect((await send(talk, { headers: subAgent('today') })).kind).toBe('refuse')
    await store.putMark({ session: 's', resumedAt: runtime.now() + 1, isExempt: false, by: 'cli', at: runtime.now() })
    expect((await send(talk, { headers: subAgent('today') })).kind).toBe('send')
  })

  it('hears who goes in a loop, and nothing else of what is remembered', async () => {
    const { ask, events } = house()
    await ask([person('go'), ...stuck()])
    expect(events.map(({ agent }) => agent)).toEqual([{ session: 's', agent: '' }])
  })
})

describe('a breaker', () => {
  const empty = { type: 'error', error: { type: 'billing_error', message: 'Your credit balance is too low' } }

  it('opens for the one whose account is empty, and not for those who pay for themselves', async () => {
    const { ask, opened } = house()
    const of = (name: string) => ({
      headers: { 'x-runguard-session': name, 'x-runguard-user': name, 'x-api-key': name },
    })
    answer(await ask([person('hi')], of('alice')), 402, empty)
    await settled()
    expect(opened.map(({ key }) => key)).toEqual(['session:alice'])
    expect((await ask([person('hi')], of('alice'))).kind).toBe('refuse')
    expect((await ask([person('hi')], of('bob'))).kind).toBe('send')
  })

  it('does not shut out the agent that called sub-agents which were stopped once each', async () => {
    const { ask, opened } = house()
    for (const agent of ['a', 'b', 'c', 'd']) {
      expect((await ask([person('go'), ...stuck()], { headers: subAgent(agent) })).kind).toBe('refuse')
    }
    await settled()
    expect(opened).toEqual([])
    expect((await ask([person('review it'), ...messagesOf(bash('ls', 'a b c'))])).kind).toBe('send')
  })

  it('counts a stop once, though its client sends it again between the calls of another agent of that session', async () => {
    const { ask, send, opened } = house()
    const stopped = [person('task a'), ...stuck()]
    const healthy: unknown[] = [person('task b')]
    for (let n = 0; n < 6; n++) {
      expect((await ask(stopped)).kind).toBe('refuse')
      await settled()
      healthy.push(...messagesOf(bash(`step ${letter(n)}`, `fine ${letter(n)}`)))
      expect((await send(healthy)).kind).toBe('send')
    }
    expect(opened).toEqual([])
  })
})

test('a large conversation that nobody has seen yet is judged as every other', async () => {
  const { ask } = house()
  const large = times(60, (n) => messagesOf(bash(`cat ${letter(n)}${n}`, prose(12_000, n)))).flat()
  expect((await ask([person('go'), ...large])).kind).toBe('send')
  expect((await ask([person('go'), ...large, ...stuck()])).kind).toBe('refuse')
})
