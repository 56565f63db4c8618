/** What shows that a page is ours. */

import { hashSecret } from './secrets.js'

/** Known to whoever may read our answers, which is no other page. @param session what the cookie holds */
export function csrfTokenOf(session: string): string {
  return hashSecret(`csrf:${session}`)
}
