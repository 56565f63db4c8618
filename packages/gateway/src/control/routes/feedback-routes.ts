/** What people and their programs say of answers. Whoever has a gateway key alone says it in the head of its next call. */

import { feedbackAnswer, feedbackBody, takeFeedback } from '../../calls/feedback.js'
import type { ControlParts } from '../control-parts.js'
import { operation, type ReadyOperation, specify } from '../operation.js'
import { ApiProblem } from '../problem.js'

const feedbackGive = specify({
  id: 'feedback.give',
  method: 'post',
  path: '/runguard/feedback',
  summary: 'Say whether the answer to a call was good, so that its task is sent to a tier that does',
  body: feedbackBody,
  answer: feedbackAnswer,
})

/** The operation on outcomes. */
export function feedbackRoutes({ engine }: Pick<ControlParts, 'engine'>): ReadyOperation[] {
  return [
    operation(feedbackGive, async ({ body }) => {
      const learned = await takeFeedback(engine, body)
      if (learned !== null) return { learned }
      throw new ApiProblem(503, 'store-away', 'The store cannot be written. Try again in a moment.')
    }),
  ]
}
