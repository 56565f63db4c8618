/** What a caller says of answers that it got, in the head of its next call. */

/** The header: `rg_…=ok`, or `=bad`; several with commas. */
export const FEEDBACK_HEADER = 'x-runguard-feedback'

/** What somebody says of the answer to one call. */
export interface Feedback {
  /** RunGuard's id of the call, or the API's id of its request. */
  readonly id: string
  readonly isGood: boolean
}

const MAX_SAID = 20
const SAID = /^([\w.-]{1,200})\s*=\s*(ok|bad)$/

/** Whatever of a header can be understood; the rest is passed over, because no call fails for a remark about another. */
export function readFeedback(header: string | undefined): readonly Feedback[] {
  if (header === undefined) return []
  return header.split(',', MAX_SAID).flatMap((said) => {
    const [, id, word] = SAID.exec(said.trim()) ?? []
    return id === undefined ? [] : [{ id, isGood: word === 'ok' }]
  })
}
