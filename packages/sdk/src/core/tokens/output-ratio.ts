/** How many bytes of streamed text are a token of output: learned, and never more than is safe. */

/** What has been learned so far. Plain data. */
export interface OutputRatio {
  readonly bytesPerToken: number
  /** How many answers it was learned from. */
  readonly answers: number
}

/** Nothing learned: hardly any ordinary text has fewer bytes a token. */
export const freshOutputRatio: OutputRatio = { bytesPerToken: 2, answers: 0 }

/** A stream that is taken to be further than it is ends too early; one that is further than it is taken to be overspends. */
const SAFE_SHARE = 0.9
/** Every token covers a byte. */
const LEAST_BYTES_PER_TOKEN = 1
/** After prose may come code, of which the same bytes are more tokens. */
const MOST_BYTES_PER_TOKEN = 3
/** After this many answers each moves the ratio up by a small part only; down it goes at once. */
const MEMORY_ANSWERS = 8
/** Of a short answer the bytes around its text count too much. */
const LEAST_TOKENS = 16

/**
 * Learns from a stream that was seen whole: the bytes of its content, and its true tokens. One answer of dense JSON among
 * many of prose brings the ratio down to it, and prose then has to earn it back. (What is streamed is escaped JSON: where
 * a token has few bytes, in code and data, escapes make up for some of it.)
 */
export function learnOutputRatio(state: OutputRatio, streamedBytes: number, tokens: number): OutputRatio {
  if (!(tokens >= LEAST_TOKENS && streamedBytes >= 0)) return state
  const answers = state.answers + 1
  const seen = Math.max(LEAST_BYTES_PER_TOKEN, (streamedBytes / tokens) * SAFE_SHARE)
  const safe = Math.min(MOST_BYTES_PER_TOKEN, seen)
  const risen = state.bytesPerToken + (safe - state.bytesPerToken) / Math.min(answers, MEMORY_ANSWERS)
  return { bytesPerToken: Math.min(safe, risen), answers }
}
