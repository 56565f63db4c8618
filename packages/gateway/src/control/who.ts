/** Who does something, in words that stand beside what was done. */

import type { Asker } from './operation.js'

/** Never empty. */
export function nameOf({ actor }: Pick<Asker, 'actor'>): string {
  return actor === null ? 'nobody' : actor.name || actor.id || actor.kind
}
