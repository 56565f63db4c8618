/** `POST /runguard/feedback`: what a caller says of an answer that it got. */

import type { Engine } from '@runguard/sdk/engine'
import { z } from 'zod'

/** What is sent: RunGuard's id of a call, or the API's id of its request, and whether its answer was good. */
export const feedbackBody = z.strictObject({ id: z.string().min(1).max(200), ok: z.boolean() }).meta({ id: 'Feedback' })

/** What is answered: `learned` is false for a call that is not known, names no task, or was judged before. */
export const feedbackAnswer = z.object({ learned: z.boolean() }).meta({ id: 'FeedbackTaken' })

/** Takes note of a judgement; null if it cannot be written. Never rejects. */
export async function takeFeedback(
  { feedback }: Pick<Engine, 'feedback'>,
  { id, ok }: z.output<typeof feedbackBody>,
): Promise<boolean | null> {
  return feedback({ call: id, isGood: ok }).catch(() => null)
}
