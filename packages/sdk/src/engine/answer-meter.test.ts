import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answerMeter } from './answer-meter.js'
import type { Metered } from './metered.js'

const context = { model: 'claude-sonnet-5-5', requestedModel: 'claude-sonnet-5-5', requestedTtl: null }
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What a meter says of an answer. @param heard what somebody made of it */
function meterOf(text: string, heard?: unknown): Metered {
  const meter = answerMeter(context)
  meter.feed(encode(text.slice(0, 7)))
  meter.feed(encode(text.slice(7)))
  if (heard !== undefined) meter.hear(heard)
  return meter.read()
}

const counts = fc.record(
  {
    input_tokens: fc.oneof(fc.nat(), fc.jsonValue()),
    output_tokens: fc.oneof(fc.nat(), fc.jsonValue()),
    cache_read_input_tokens: fc.oneof(fc.nat(), fc.jsonValue()),
    iterations: fc.jsonValue(),
  },
  { requiredKeys: [] },
)
const answer = fc.record(
  {
    model: fc.oneof(fc.string({ maxLength: 300 }), fc.jsonValue()),
    usage: fc.oneof(counts, fc.jsonValue()),
    stop_reason: fc.oneof(fc.constant('end_turn'), fc.jsonValue()),
    content: fc.jsonValue(),
    diagnostics: fc.oneof(
      fc.record({ cache_miss_reason: fc.record({ type: fc.string(), cache_missed_input_tokens: fc.nat() }) }),
      fc.jsonValue(),
    ),
    error: fc.oneof(fc.record({ type: fc.string(), message: fc.constant('cache_control: no') }), fc.jsonValue()),
  },
  { requiredKeys: [] },
)

describe('an answer in one piece', () => {
  it('says the same whether it is read or was parsed by somebody else', () => {
    fc.assert(
      fc.property(fc.oneof(answer, fc.jsonValue()), (given) => {
        const text = JSON.stringify(given)
        expect(meterOf(text, JSON.parse(text))).toEqual(meterOf(text))
      }),
    )
  })

  it('says the same where it begins with a byte order mark', () => {
    const text = '{"model":"a","usage":{"input_tokens":1,"output_tokens":2}}'
    expect(meterOf(`\ufeff${text}`)).toMatchObject({ isFinal: true, model: 'a', reading: meterOf(text).reading })
  })

  it('says the last that was said where something is said twice', () => {
    const text =
      '{"model":"a","usage":{"input_tokens":1,"output_tokens":1},"model":"b","error":{"type":"x"},"error":null}'
    expect(meterOf(text, JSON.parse(text))).toEqual(meterOf(text))
    expect(meterOf(text)).toMatchObject({ model: 'b', errorCode: null, isFinal: true })
  })

  it('that is none is counted by its bytes', () => {
    expect(meterOf('<html>no answer</html>')).toMatchObject({ isFinal: false, reading: null, contentBytes: 22 })
    expect(meterOf('[1, 2, 3, 4]', [1, 2, 3, 4])).toMatchObject({ isFinal: false, reading: null, contentBytes: 12 })
  })
})
