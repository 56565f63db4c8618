import { describe, expect, it } from 'vitest'
import { readTraceParent } from './trace-parent.js'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

describe('the trace of a caller', () => {
  it('is read from its header', () => {
    expect(readTraceParent(`00-${TRACE}-${SPAN}-01`)).toEqual({ traceId: TRACE, spanId: SPAN, isSampled: true })
    expect(readTraceParent(`00-${TRACE}-${SPAN}-00`)?.isSampled).toBe(false)
    expect(readTraceParent(`01-${TRACE}-${SPAN}-03-later`)?.isSampled).toBe(true)
  })

  it('is none where the header is none', () => {
    const zeros = '0'.repeat(32)
    for (const odd of [
      undefined,
      '',
      'x',
      `00-${TRACE}-${SPAN}`,
      `ff-${TRACE}-${SPAN}-01`,
      `00-${TRACE}-${SPAN}-01-more`,
      `00-${zeros}-${SPAN}-01`,
      `00-${TRACE}-${zeros.slice(16)}-01`,
      `00-${TRACE.toUpperCase()}-${SPAN}-01`,
      `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
      `01-${TRACE}-${SPAN}-01-${'x'.repeat(10_000)}`,
    ])
      expect(readTraceParent(odd)).toBeNull()
  })
})
