import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CallView } from './call.js'
import { scanCall } from './scan.js'
import { ScanMemory } from './scan-memory.js'

const bytesOf = (value: unknown, space?: number): Uint8Array => Buffer.from(JSON.stringify(value, null, space))
/** The bytes themselves: no two texts have the same seal. */
const exactSeal = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** All that is scanned is of one owner, unless another is named. */
class OwnMemory extends ScanMemory {
  override scan(bytes: Uint8Array, owner = 'a'): CallView {
    return super.scan(bytes, owner)
  }
}

const remember = (limits = {}) => new OwnMemory(exactSeal, { minBytes: 0, ...limits })

const user = (text: string, more: object = {}) => ({ role: 'user', content: [{ type: 'text', text, ...more }] })
const marked = (text: string) => user(text, { cache_control: { type: 'ephemeral' } })
const talk = (count: number, name = 'x') =>
  Array.from({ length: count }, (_, at) => user(`${name} says line ${at} of the talk`))
const system = [{ type: 'text', text: 'Be kind to whoever asks, and answer in as few words as it takes.' }]
const request = (messages: readonly object[], more: object = {}) => ({ model: 'm-1', system, ...more, messages })

describe('a conversation that is sent again, a little longer', () => {
  it('is read from where the one before it stood', () => {
    const memory = remember()
    const first = memory.scan(bytesOf(request(talk(9))))
    const next = bytesOf(request(talk(11)))
    const second = memory.scan(next)
    expect(second).toEqual(scanCall(next))
    expect(second.blocks.map((block, at) => block === first.blocks[at])).toEqual(
      Array.from({ length: 12 }, (_, at) => at < 9),
    )
  })

  it('is so although its marker moves on with every request', () => {
    const memory = remember()
    const first = memory.scan(bytesOf(request([...talk(8), marked('so far'), user('and so on'), marked('the end')])))
    const end = [user('so far'), user('and so on'), user('the end'), marked('new end')]
    const second = memory.scan(bytesOf(request([...talk(8), ...end])))
    expect(second.blocks.slice(0, 9).every((block, at) => block === first.blocks[at])).toBe(true)
  })

  it('is read whole where one byte before is another', () => {
    const memory = remember()
    memory.scan(bytesOf(request(talk(9))))
    expect(memory.scan(bytesOf({ ...request(talk(10)), model: 'm-2' })).model).toBe('m-2')
    const other = bytesOf(request(talk(11), { system: 'Be brief.' }))
    expect(memory.scan(other)).toEqual(scanCall(other))
  })

  it('is known still after a request of it that broke off', () => {
    const memory = remember()
    const body = bytesOf(request(talk(9)))
    const first = memory.scan(body)
    expect(() => memory.scan(body.subarray(0, -1))).toThrow('comma or an end')
    expect(memory.scan(body).blocks[0]).toBe(first.blocks[0])
  })

  it('does not mistake what stood behind its messages for what stands there now', () => {
    const memory = remember()
    memory.scan(bytesOf({ ...request(talk(9)), stream: true, max_tokens: 7, thinking: { type: 'adaptive' } }))
    const view = memory.scan(bytesOf({ ...request(talk(9)), max_tokens: 8 }))
    expect(view).toMatchObject({ stream: false, maxTokens: 8, thinking: null, stated: [] })
  })

  it('is not kept: its blocks hold numbers and names alone', () => {
    const { blocks } = remember().scan(bytesOf(request(talk(9))))
    expect(blocks.flatMap((block) => Object.values(block)).filter((value) => typeof value === 'object')).toEqual(
      blocks.flatMap(({ role }) => (role === null ? [null, null] : [null])),
    )
  })

  it.each([
    ['the type of a block', request([{ role: 'user', content: [{ type: 'x'.repeat(64) }] }, ...talk(8)])],
    ['a role', request([{ role: 'x'.repeat(64), content: 'hi' }, ...talk(8)])],
    ['the model', request(talk(9), { model: 'm'.repeat(300) })],
    ['the user', request(talk(9), { metadata: { user_id: 'u'.repeat(1_000) } })],
    ['a fallback', request(talk(9), { fallbacks: [{ model: 'm' }] })],
  ])('is forgotten where a text may hide in a name: %s', (_, value) => {
    const memory = remember()
    memory.scan(bytesOf(value))
    expect(memory.size).toEqual({ conversations: 0, blocks: 0 })
  })

  it('moves its checkpoint on only when much stands behind it', () => {
    let seals = 0
    const countingSeal = (bytes: Uint8Array): string => {
      seals += 1
      return exactSeal(bytes)
    }
    const memory = new OwnMemory(countingSeal, { minBytes: 0 })
    for (let count = 100; count < 110; count++) memory.scan(bytesOf(request(talk(count))))
    expect(seals).toBe(10)
    expect(memory.size.conversations).toBe(1)
    memory.scan(bytesOf(request(talk(200))))
    expect(seals).toBe(12)
    expect(memory.size).toEqual({ conversations: 1, blocks: 200 })
  })
})

describe('a memory of scans', () => {
  it('forgets the conversation that was not heard of for longest', () => {
    const memory = remember({ conversations: 2 })
    const heard = (name: string) => memory.scan(bytesOf(request(talk(9, name)))).blocks[0]
    const [a, b] = [heard('a'), heard('b')]
    expect(heard('a')).toBe(a)
    heard('c')
    expect(heard('a')).toBe(a)
    expect(heard('b')).not.toBe(b)
    expect(memory.size.conversations).toBe(2)
  })

  it('holds no more blocks than it may', () => {
    const memory = remember({ blocks: 30 })
    for (const name of ['a', 'b', 'c', 'd', 'e']) memory.scan(bytesOf(request(talk(12, name))))
    expect(memory.size).toEqual({ conversations: 2, blocks: 24 })
    memory.scan(bytesOf(request(talk(40, 'f'))))
    expect(memory.size).toEqual({ conversations: 0, blocks: 0 })
  })

  it('knows nothing of what another owner has sent, and forgets none of it for him', () => {
    const memory = remember()
    const body = bytesOf(request(talk(9)))
    const first = memory.scan(body, 'a')
    expect(memory.scan(body, 'b').blocks[0]).not.toBe(first.blocks[0])
    // The same place, and the same end: a guess.
    memory.scan(bytesOf(request(talk(9), { system: system.map((block) => ({ ...block, text: 'X'.repeat(64) })) })), 'b')
    expect(memory.scan(body, 'a').blocks[0]).toBe(first.blocks[0])
  })

  it('tells conversations apart that end alike', () => {
    const memory = remember()
    const form = 'Answer in JSON with the fields that are named above, and nothing else. '.repeat(4)
    const heard = (name: string) => memory.scan(bytesOf(request([...talk(4, name), user(form), user(form)]))).blocks[0]
    const [a, b] = [heard('a'), heard('b')]
    expect([heard('a'), heard('b')]).toEqual([a, b])
    expect(heard('a')).toBe(a)
    expect(memory.size.conversations).toBe(2)
  })

  it('leaves small bodies alone, and all of them where nothing can be sealed', () => {
    const body = bytesOf(request(talk(9)))
    for (const memory of [new OwnMemory(exactSeal), new OwnMemory(null, { minBytes: 0 })]) {
      expect(memory.scan(body)).toEqual(scanCall(body))
      expect(memory.size.conversations).toBe(0)
    }
  })
})

/** All that a scan says, or what it says is wrong. */
function told(bytes: Uint8Array, scan: (bytes: Uint8Array) => CallView): unknown {
  try {
    const { blocks, ...rest } = scan(bytes)
    return { ...rest, blocks: blocks.map((block) => ({ ...block })) }
  } catch (error) {
    return error
  }
}

const word = fc.constantFrom('a', '', 'say "it" \\ twice', 'a line\n of some length, with é and 🙂', '}],"model":"x"')
const mark = fc.option(fc.constantFrom({ type: 'ephemeral' }, { type: 'ephemeral', ttl: '1h' }, null), {
  nil: undefined,
  freq: 3,
})
const block = fc.oneof(
  fc.record({ type: fc.constantFrom('text', 'thinking'), text: word, cache_control: mark }),
  fc.record({ type: fc.constantFrom('tool_use', 'tool_result'), content: fc.oneof(word, fc.constant([])), id: word }),
  fc.constantFrom<unknown>('bare', 7, null, [], { cache_control: 3 }),
)
const content = fc.oneof(word, fc.array(block, { maxLength: 3 }))
const role = fc.constantFrom('user', 'assistant', 'system', 'other')
const message = fc.oneof(
  { arbitrary: fc.record({ role, content }), weight: 6 },
  { arbitrary: fc.record({ content, role }), weight: 2 },
  { arbitrary: fc.constantFrom<unknown>({}, 'text', 5, null, [1]), weight: 1 },
)
const member = fc.constantFrom(
  '"model":"m-2"',
  '"model":7',
  '"max_tokens":100',
  '"max_tokens":"many"',
  '"stream":true',
  '"thinking":{"type":"enabled","budget_tokens":9}',
  '"thread":{"type":"create"}',
  '"thread":{}',
  '"container":"c"',
  '"compaction":{}',
  '"cache_control":{"type":"ephemeral"}',
  '"metadata":{"user_id":"u"}',
  '"output_config":{"effort":"low"}',
  '"system":"Be kind."',
  '"tools":[{"name":"t","input_schema":{"type":"object"}}]',
  '"messages":[]',
  '"messages":[{"role":"user","content":"again"},{"role":"user","content":[{"type":"text","text":"and again"}]}]',
  '"\\u006dessages":null',
  '"unknown":[{"messages":["]"]}]',
)
const members = fc.array(member, { maxLength: 4 })

/** What is done to a conversation before it is sent again. Places are parts of the body, so that they stay in it. */
const change = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('grow'), added: fc.array(message, { maxLength: 3 }) }), weight: 6 },
  { arbitrary: fc.record({ kind: fc.constant('follow'), after: members }), weight: 2 },
  { arbitrary: fc.record({ kind: fc.constant('drop'), count: fc.nat(4) }), weight: 1 },
  {
    arbitrary: fc.record({
      kind: fc.constantFrom('replace', 'insert', 'delete', 'cut'),
      part: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      byte: fc.constantFrom(...Buffer.from('"\\{}[],: 0ae\n\u0000')),
    }),
    weight: 4,
  },
)
type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never

interface Written {
  readonly before: readonly string[]
  readonly messages: readonly unknown[]
  readonly after: readonly string[]
}

function write({ before, messages, after }: Written, space: number | undefined): Uint8Array {
  const list = `"messages":${JSON.stringify(messages, null, space)}`
  return Buffer.from(`{${[...before, list, ...after].join(space === undefined ? ',' : ' ,\n')}}`)
}

/** One byte more, less or other; or nothing from there on. */
function damage(body: Uint8Array, kind: string, part: number, byte: number): Uint8Array {
  const at = Math.floor(part * body.length)
  const rest = kind === 'insert' ? body.subarray(at) : body.subarray(at + 1)
  if (kind === 'cut') return body.slice(0, at)
  return Buffer.concat([body.subarray(0, at), kind === 'delete' ? Buffer.alloc(0) : Buffer.of(byte), rest])
}

/** The bodies that a client sends in turn. Damage lasts for one request: the next is the conversation again. */
function* sendAll(first: Written, changes: readonly Change[], space: number | undefined): Generator<Uint8Array> {
  let now = first
  yield write(now, space)
  for (const step of changes) {
    if ('added' in step) now = { ...now, messages: [...now.messages, ...step.added] }
    else if ('after' in step) now = { ...now, after: step.after }
    else if ('count' in step) now = { ...now, messages: now.messages.slice(0, -step.count) }
    const body = write(now, space)
    yield 'part' in step ? damage(body, step.kind, step.part, step.byte) : body
  }
}

describe('a scan that goes on where an earlier one stood', () => {
  const before = members.map((some) => [
    '"model":"m-1"',
    '"system":[{"type":"text","text":"You help with code."}]',
    ...some,
  ])
  const messages = fc.array(message, { minLength: 4, maxLength: 10 })
  const first = fc.record({ before, messages, after: fc.oneof(fc.constant([]), members) })
  const space = fc.constantFrom(undefined, undefined, 1)

  it('says what a scan of the whole body says, whatever was sent', () => {
    let sent = 0
    let resumed = 0
    const isSame = fc.property(
      first,
      fc.array(change, { minLength: 4, maxLength: 12 }),
      space,
      (from, changes, indent) => {
        const memory = remember()
        const seen = new Set<unknown>()
        for (const body of sendAll(from, changes, indent)) {
          const found = told(body, (bytes) => {
            const view = memory.scan(bytes)
            if (view.blocks.some((each) => seen.has(each))) resumed += 1
            for (const each of view.blocks) seen.add(each)
            return view
          })
          sent += 1
          expect(found).toEqual(told(body, scanCall))
        }
      },
    )
    fc.assert(isSame, { numRuns: 1_500 })
    // Else nothing was tried.
    expect(resumed / sent).toBeGreaterThan(0.2)
  }, 60_000)

  it('counts elements on, so that too many are too many', () => {
    const memory = remember()
    const many = (count: number) =>
      bytesOf(request([...talk(4), { role: 'user', content: Array(count).fill(0) }, ...talk(5)]))
    const [fits, exceeds] = [many(99_980), many(99_990)]
    expect(told(fits, (bytes) => memory.scan(bytes))).toEqual(told(fits, scanCall))
    const longer = bytesOf(request([...talk(4), { role: 'user', content: Array(99_980).fill(0) }, ...talk(16)]))
    for (const body of [exceeds, longer]) {
      expect(told(body, (bytes) => memory.scan(bytes))).toEqual(told(body, scanCall))
      expect(() => memory.scan(body)).toThrow('more than 100000')
    }
  })
})
