/** How calls end, in words. */

import type { EndingReason } from '@runguard/sdk/core'

interface Words {
  /** A mark in a line that is read in passing; empty where there is nothing to mark. */
  readonly mark: string
  /** What it means for the bill. */
  readonly sentence: string
}

const words: Readonly<Record<EndingReason, Words>> = {
  complete: { mark: '', sentence: 'The answer is complete; the API reported the usage that is charged.' },
  'free-endpoint': { mark: 'free', sentence: 'The endpoint is free of charge.' },
  'unmetered-endpoint': {
    mark: 'unmetered',
    sentence: 'The endpoint is passed on unmetered: whatever the call cost is not counted here.',
  },
  'error-status': { mark: 'not billed', sentence: 'The API answered with an error, which is not billed.' },
  refused: { mark: 'refused', sentence: 'RunGuard refused the call and sent nothing.' },
  'never-sent': { mark: 'upstream unreachable', sentence: 'The upstream could not be reached; nothing was sent.' },
  'upstream-failed': {
    mark: 'upstream failed',
    sentence: 'The connection to the upstream broke; what was seen until then is charged, as an estimate.',
  },
  'upstream-error-event': {
    mark: 'upstream error',
    sentence: 'The stream ended in an error; what was seen until then is charged, as an estimate.',
  },
  'stream-incomplete': {
    mark: 'stream incomplete',
    sentence: 'The stream stopped before its end; what was seen is charged, as an estimate.',
  },
  'usage-missing': {
    mark: 'usage missing',
    sentence: 'The answer did not say what it used; the charge is estimated from its size.',
  },
  'usage-suspect': {
    mark: 'usage suspect',
    sentence: 'The reported usage contradicts itself; the dearer reading is charged, as an estimate.',
  },
  'caller-aborted': {
    mark: 'aborted',
    sentence: 'The caller went away; what was seen until then is charged, as an estimate.',
  },
  'gateway-stopped': {
    mark: 'gateway stopped',
    sentence: 'The gateway was stopped first; what was seen until then is charged, as an estimate.',
  },
  'loop-cut': {
    mark: 'cut: loop',
    sentence:
      'RunGuard ended the answer, because it said the same again and again; what was seen is charged, as an estimate.',
  },
  'breaker-cut': {
    mark: 'cut: held',
    sentence: 'RunGuard ended the answer, because an operator held it; what was seen is charged, as an estimate.',
  },
  'budget-cut': {
    mark: 'cut: budget',
    sentence:
      'RunGuard ended the answer, because its budget had no more for it; what was seen is charged, as an estimate.',
  },
}

/** A word or two for a line. */
export function endingMark(reason: EndingReason): string {
  return words[reason].mark
}

/** A sentence for an explanation. */
export function endingSentence(reason: EndingReason): string {
  return words[reason].sentence
}
