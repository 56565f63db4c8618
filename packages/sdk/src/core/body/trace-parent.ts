/** The header `traceparent` of W3C Trace Context: where in its own trace a caller makes a call. */

/** A span of the caller. */
export interface TraceParent {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits. */
  readonly spanId: string
  /** Whether the caller keeps its trace. */
  readonly isSampled: boolean
}

const HEADER = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const LONGEST = 512

/** Null for anything that is none, as the standard has it: what comes behind is for later versions alone. */
export function readTraceParent(header: string | undefined): TraceParent | null {
  if (header === undefined || header.length > LONGEST) return null
  const [, version = '', traceId = '', spanId = '', flags = '', rest] = HEADER.exec(header.trim()) ?? []
  if (version === '' || version === 'ff' || (version === '00' && rest !== undefined)) return null
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}
