/** Changing what others may change at the same time. */

/** A change of a key or a user that cannot be made; the message says why, to a person. */
export class TeamChangeError extends Error {
  override readonly name = 'TeamChangeError'
  readonly kind: 'not-found' | 'conflict' | 'invalid'

  constructor(kind: TeamChangeError['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}

/** What was there, and what is there now; null for nothing. */
export interface Changed<T> {
  readonly before: T | null
  readonly after: T
}

interface Change<T> {
  find(): Promise<T | null>
  /** Null if there is nothing to change. */
  next(current: T): T | null
  /** False if it has changed meanwhile. */
  keep(next: T): Promise<boolean>
  /** Said if there is none. */
  readonly missing: string
  /** Said if there is nothing to change. */
  readonly idle: string
}

const MAX_TRIES = 5

/** Looks, decides and keeps; again if somebody came between. Throws {@link TeamChangeError}. */
export async function changeStored<T>({ find, next, keep, missing, idle }: Change<T>): Promise<Changed<T>> {
  for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
    const before = await find()
    if (before === null) throw new TeamChangeError('not-found', missing)
    const after = next(before)
    if (after === null) throw new TeamChangeError('conflict', idle)
    if (await keep(after)) return { before, after }
  }
  throw new TeamChangeError('conflict', 'Somebody else is changing the same: try again.')
}
