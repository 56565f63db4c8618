import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { CallView } from './call.js'
import { scanCall } from './scan.js'
import { ScanMemory } from './scan-memory.js'

/** JSON as nobody writes it, and every reader takes it: white space and escapes anywhere, names twice, values of any kind. */
const space = fc.constantFrom('', '', '', ' ', '\r\n', '\t', '\n  ')
const texts = [
  '',
  'a',
  'é 🙂',
  'say "it" \\',
  '}],"messages":[',
  '"}]},{"role":"user"',
  '\\\\',
  '\u0000\u2028',
  'x'.repeat(90),
]
const scalar = fc.oneof(
  fc.constantFrom(...texts).map((text) => JSON.stringify(text)),
  fc.constantFrom('0', '-1.5e3', '12345678901234567890', 'true', 'null', '1e400', '00'),
)
const marker = fc.constantFrom('{"type":"ephemeral"}', '{"ttl":"1h","type":"ephemeral"}', 'null', '{}', '7')

function escaped(name: string): fc.Arbitrary<string> {
  const code = name.charCodeAt(0).toString(16).padStart(4, '0')
  return fc.constantFrom(`"${name}"`, `"${name}"`, `"${name}"`, `"\\u${code}${name.slice(1)}"`)
}

function object(members: Readonly<Record<string, fc.Arbitrary<string>>>): fc.Arbitrary<string> {
  const each = Object.entries(members).map(([name, value]) =>
    fc.tuple(escaped(name), space, value, space).map(([key, before, json, after]) => `${key}${before}:${json}${after}`),
  )
  const some = fc.oneof(fc.tuple(...each), fc.array(fc.oneof(...each), { maxLength: 6 }))
  return fc.tuple(space, some).map(([first, list]) => `{${first}${list.join(`,${first}`)}}`)
}

function list(item: fc.Arbitrary<string>, maxLength = 3): fc.Arbitrary<string> {
  return fc.tuple(space, fc.array(item, { maxLength })).map(([gap, items]) => `[${gap}${items.join(`${gap},`)}${gap}]`)
}

const image = object({ type: fc.constant('"image"'), source: fc.constant('{"type":"base64","data":"iVBOR"}') })
const part = fc.oneof(scalar, image, list(scalar), object({ type: fc.constant('"text"'), text: scalar }))
const block = fc.oneof(
  { arbitrary: object({ type: fc.constant('"text"'), text: scalar, cache_control: marker }), weight: 3 },
  { arbitrary: object({ type: fc.constant('"tool_result"'), content: fc.oneof(scalar, list(part)) }), weight: 3 },
  {
    arbitrary: object({ type: fc.constant('"tool_use"'), input: object({ content: part, messages: list(part) }) }),
    weight: 2,
  },
  { arbitrary: part, weight: 1 },
)
const role = fc.constantFrom('"user"', '"assistant"', 'null', '3')
const message = fc.oneof(
  { arbitrary: object({ role, content: fc.oneof(scalar, list(block)) }), weight: 8 },
  { arbitrary: scalar, weight: 1 },
)
const parameter = fc.oneof(
  ...Object.entries({
    model: scalar,
    max_tokens: scalar,
    system: fc.oneof(scalar, list(block)),
    tools: list(object({ name: scalar, input_schema: object({ type: scalar }), cache_control: marker })),
    thinking: object({ type: scalar, budget_tokens: scalar }),
    metadata: object({ user_id: scalar }),
    stream: scalar,
    messages: fc.oneof(scalar, list(message)),
    anything: part,
  }).map(([name, value]) => fc.tuple(escaped(name), value).map(([key, json]) => `${key}:${json}`)),
)
const parameters = fc.array(parameter, { maxLength: 5 })

/** Agents of one program begin alike; each goes on in its own way. */
const program = fc.record({
  start: fc.constantFrom('', '', '', '\r\n ', '\ufeff'),
  head: parameters,
  opening: fc.array(message, { maxLength: 5 }),
  gap: space,
  steps: fc.array(
    fc.record({
      agent: fc.nat(2),
      said: fc.array(message, { minLength: 1, maxLength: 3 }),
      tail: fc.oneof(fc.constant([]), parameters),
      forgets: fc.constantFrom(0, 0, 0, 1, 3),
    }),
    { minLength: 6, maxLength: 14 },
  ),
})

function told(scan: () => CallView): unknown {
  try {
    const { blocks, ...rest } = scan()
    return { ...rest, blocks: blocks.map((each) => ({ ...each })) }
  } catch (error) {
    return error
  }
}

it('agents that begin alike and take turns are each read as if they were alone', () => {
  let resumed = 0
  const areSame = fc.property(program, fc.boolean(), ({ start, head, opening, gap, steps }, areOneOwners) => {
    const memory = new ScanMemory((bytes) => Buffer.from(bytes).toString('latin1'), { minBytes: 0 })
    const said = [[...opening], [...opening], [...opening]]
    const views: { readonly view: CallView; readonly before: unknown }[] = []
    const seen = new Set<unknown>()
    for (const { agent, said: added, tail, forgets } of steps) {
      const own = said[agent] ?? []
      own.splice(own.length - forgets, forgets)
      own.push(...added)
      const messages = `"messages":[${gap}${own.join(`${gap},`)}${gap}]`
      const body = Buffer.from(`${start}{${[...head, messages, ...tail].join(`,${gap}`)}}`)
      const found = told(() => {
        const view = memory.scan(body, areOneOwners ? '' : String(agent))
        if (view.blocks.some((each) => seen.has(each))) resumed += 1
        for (const each of view.blocks) seen.add(each)
        views.push({ view, before: told(() => view) })
        return view
      })
      expect(found).toEqual(told(() => scanCall(body)))
    }
    // Nor has what came later changed what was read before.
    for (const { view, before } of views) expect(told(() => view)).toEqual(before)
  })
  fc.assert(areSame, { numRuns: 500 })
  // Else nothing was tried.
  expect(resumed).toBeGreaterThan(300)
}, 60_000)
