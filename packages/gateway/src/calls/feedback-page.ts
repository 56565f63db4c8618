/** `POST /runguard/feedback`: what a caller says of an answer that it got. */

import type { Engine, Judgement } from '@runguard/sdk/engine'
import { z } from 'zod'

/** What is sent: RunGuard's id of a call, or the API's id of its request, and whether its answer was good. */
export const feedbackSchema = z.strictObject({ id: z.string().min(1).max(200), ok: z.boolean() })

/** What is answered. */
export interface FeedbackAnswer {
  readonly status: number
  readonly body: { readonly learned: boolean } | { readonly error: string }
}

/**
 * Takes note of a judgement. Never rejects.
 *
 * @param written the body, parsed
 * @param key the gateway key of the caller: it judges calls of its own; null: those on no key; absent: all
 */
export async function takeFeedback(
  { feedback }: Pick<Engine, 'feedback'>,
  written: unknown,
  key?: Judgement['key'],
): Promise<FeedbackAnswer> {
  const reading = feedbackSchema.safeParse(written)
  if (!reading.success) return { status: 400, body: { error: 'Send JSON: {"id": "rg_…", "ok": true}.' } }
  const { id, ok } = reading.data
  try {
    const learned = await feedback({ call: id, isGood: ok, ...(key !== undefined && { key }) })
    return { status: 200, body: { learned } }
  } catch {
    return { status: 503, body: { error: 'The store cannot be written. Try again in a moment.' } }
  }
}
