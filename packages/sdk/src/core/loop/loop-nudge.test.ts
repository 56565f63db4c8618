import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { scanCall } from '../body/scan.js'
import { addNudge, applyNudges, type Nudge } from './loop-nudge.js'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const LOOK = 'Look "up" 🙂'
const BLOCK = JSON.stringify({ type: 'text', text: LOOK })

/** The body with one more nudge, and the nudges it has then. */
function nudge(body: string, before: readonly Nudge[] = []): { body: string; nudges: readonly Nudge[] } | null {
  const bytes = bytesOf(body)
  const nudges = addNudge(scanCall(bytes), bytes, before, LOOK)
  return nudges === null ? null : { body: textOf(applyNudges(bytes, scanCall(bytes), nudges)), nudges }
}

const RESULT = '{"type": "tool_result", "tool_use_id":"a","content":"ok" }'
const CALL = '{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"Bash","input":{}}]}'

describe('a nudge', () => {
  it('stands behind the results of tools, and not a byte before it changes', () => {
    const body = `{"model":"m", "messages":[${CALL} , {"content":[${RESULT} ],"role":"user"}],"max_tokens": 5}`
    expect(nudge(body)?.body).toBe(body.replace(`${RESULT} ]`, `${RESULT},${BLOCK} ]`))
  })

  it('stands behind the block with the marker, which stays where it is', () => {
    const marked = '{"type":"text","text":"x","cache_control":{"type":"ephemeral","ttl":"1h"}}'
    const body = `{"messages":[{"role":"user","content":[${marked}]}]}`
    expect(nudge(body)?.body).toBe(body.replace(marked, `${marked},${BLOCK}`))
  })

  it('makes a list of a message that is a bare string, with its text as it was written', () => {
    const body = String.raw`{"messages":[{"role":"user","content":"go \u0041n\n"}]}`
    const nudged = nudge(body)?.body ?? ''
    expect(nudged).toBe(
      String.raw`{"messages":[{"role":"user","content":[{"type":"text","text":"go \u0041n\n"},${BLOCK}]}]}`,
    )
  })

  it('goes into the last message of the user, where a note of the system follows it', () => {
    const body = `{"messages":[${CALL},{"role":"user","content":[${RESULT}]},{"role":"system","content":"note"}]}`
    expect(nudge(body)?.body).toBe(body.replace(RESULT, `${RESULT},${BLOCK}`))
  })

  it.each([
    ['the model has begun to answer', `{"messages":[{"role":"user","content":"go"},${CALL}]}`],
    ['there is no message', '{"messages":[]}'],
    ['the message is empty', '{"messages":[{"role":"user","content":[]}]}'],
  ])('is left out where %s', (_, body) => {
    expect(nudge(body)).toBeNull()
  })

  it('is put in once, however often the request comes, and not without end', () => {
    const body = (rounds: number) => {
      const round = (n: number) => [
        CALL.replace('"a"', `"${n}"`),
        `{"role":"user","content":[${RESULT.replace('"a"', `"${n}"`)}]}`,
      ]
      return `{"messages":[${Array.from({ length: rounds }, (_, n) => round(n))
        .flat()
        .join(',')}]}`
    }
    const first = nudge(body(1))
    expect(nudge(body(1), first?.nudges)).toBeNull()
    let nudges: readonly Nudge[] = []
    for (let rounds = 1; rounds <= 20; rounds++) nudges = nudge(body(rounds), nudges)?.nudges ?? nudges
    expect(nudges).toHaveLength(8)
  })
})

describe('a nudge in later requests', () => {
  const start = `{"messages":[${CALL},{"role":"user","content":[${RESULT}]}]}`
  const nudges = nudge(start)?.nudges ?? []
  const replay = (body: string) => textOf(applyNudges(bytesOf(body), scanCall(bytesOf(body)), nudges))

  it('is in the same place, so that the whole request begins as the one before', () => {
    const later = start.replace(/\]\}$/, ',{"role":"assistant","content":"hm"},{"role":"user","content":"go on"}]}')
    expect(replay(later)).toBe(later.replace(RESULT, `${RESULT},${BLOCK}`))
    expect(replay(later).startsWith(replay(start).slice(0, -2))).toBe(true)
  })

  it('is found again when the markers have moved', () => {
    const marked = RESULT.replace(' }', ',"cache_control":{"type":"ephemeral"}}')
    expect(replay(start.replace(RESULT, marked))).toContain(`${marked},${BLOCK}`)
  })

  it('is left out when its message is gone, and then the bytes are the same', () => {
    const bytes = bytesOf(start.replaceAll('"a"', '"b"'))
    expect(applyNudges(bytes, scanCall(bytes), nudges)).toBe(bytes)
  })
})

test('whatever a caller sends, a nudged body says the same as before, with one block more', () => {
  const block = fc.oneof(
    fc.record({ type: fc.constant('text'), text: fc.string() }),
    fc.record({ type: fc.constant('tool_result'), tool_use_id: fc.string(), content: fc.jsonValue() }),
  )
  const content = fc.oneof(fc.string(), fc.array(block, { minLength: 1 }))
  const message = fc.record({ role: fc.constantFrom('user', 'assistant', 'system'), content })
  fc.assert(
    fc.property(fc.array(message), fc.integer({ min: 0, max: 2 }), (messages, indent) => {
      const nudged = nudge(JSON.stringify({ messages }, null, indent))
      const last = messages.findLastIndex(({ role }) => role !== 'system')
      expect(nudged === null).toBe(messages[last]?.role !== 'user')
      if (nudged === null) return
      const expected = messages.map((each, index) => {
        if (index !== last) return each
        const blocks = typeof each.content === 'string' ? [{ type: 'text', text: each.content }] : each.content
        return { ...each, content: [...blocks, { type: 'text', text: LOOK }] }
      })
      expect(JSON.parse(nudged.body)).toEqual(JSON.parse(JSON.stringify({ messages: expected })))
    }),
  )
})
