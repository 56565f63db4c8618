/** What kind of text an answer is made of, heard from samples while it streams: digits have far more tokens than prose. */

import { findTextKind, type TextKind } from './text-tokens.js'

/** Bytes of content by their kind, as far as it was judged. */
export type TextTally = Readonly<Record<TextKind, number>>

/** Listens to the deltas of one stream. All positions are bytes of content so far. */
export interface StreamedText {
  readonly tally: TextTally
  /** True if the next delta is to be heard. */
  isDue(at: number): boolean
  /** @param data of a `content_block_delta`; null if it was too long to be kept @param at behind it */
  hear(data: string | null, at: number): void
  /** Another block begins: nothing is known of it. */
  restart(at: number): void
}

/** So many bytes pass between two samples. */
const SAMPLE_BYTES = 64
/** What is judged at once, in characters. The longer, the later a change is heard. */
const WINDOW_CHARS = 64
/** Of fewer characters nobody can tell. */
const LEAST_CHARS = 24

const encoder = new TextEncoder()

/** An ear for one stream. */
export function listenToText(): StreamedText {
  const tally: Record<TextKind, number> = { prose: 0, code: 0, json: 0, ids: 0 }
  let kind: TextKind | null = null
  let heardTo = 0
  let recent = ''
  const moveTo = (at: number): void => {
    if (kind !== null) tally[kind] += at - heardTo
    heardTo = at
  }
  return {
    tally,
    isDue: (at) => at === 0 || kind === null || at - heardTo >= SAMPLE_BYTES,
    hear(data, at) {
      const text = data === null ? null : readText(data)
      recent = text === null ? '' : (recent + text.slice(-WINDOW_CHARS)).slice(-WINDOW_CHARS)
      kind = judge(recent, data)
      moveTo(at)
    },
    restart(at) {
      moveTo(at)
      kind = null
      recent = ''
    },
  }
}

const TEXT = '"text":"'
const TOOL_INPUT = '"partial_json":"'

/** The text of a delta, still escaped. Null for thinking and signatures: their bytes are not what is billed. */
function readText(data: string): string | null {
  const key = data.includes(TEXT) ? TEXT : TOOL_INPUT
  const start = data.indexOf(key)
  return start === -1 ? null : data.slice(start + key.length, Math.max(0, data.lastIndexOf('"')))
}

function judge(recent: string, data: string | null): TextKind | null {
  if (recent.length < LEAST_CHARS) return null
  const bytes = encoder.encode(recent)
  const kind = findTextKind(bytes, { start: 0, end: bytes.length })
  // The input of a tool may turn into anything, so that only the worst is believed of it.
  return kind === 'ids' || data?.includes(TEXT) === true ? kind : null
}
