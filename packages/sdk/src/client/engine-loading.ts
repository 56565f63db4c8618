/** Loading the engine while the program goes on: it is many times larger than all that a program needs to begin. */

import { errorFromRefusal } from '../core/refusal/refusal-error.js'

/** Something that is there, or soon will be. */
export interface Loading<Part> {
  /** Null until it is there. */
  readonly loaded: Part | null
  /** Rejects with a `RunGuardError` if it cannot be loaded. */
  readonly whenLoaded: Promise<Part>
  /** Tells it something, at once or as soon as it is there, in the order of telling. One that never comes hears nothing. */
  tell(word: (part: Part) => void): void
}

/**
 * Loads the engine. That begins at once and not with the first call: what an earlier process left to be done waits for no
 * call. Until it is there calls wait, and where it never will be they are refused: nothing is sent unguarded.
 *
 * @param open rejects with whatever is in the way
 */
export function loadEngine<Part>(open: () => Promise<Part>): Loading<Part> {
  return new EngineLoading(open)
}

class EngineLoading<Part> implements Loading<Part> {
  loaded: Part | null = null
  readonly whenLoaded: Promise<Part>

  constructor(open: () => Promise<Part>) {
    this.whenLoaded = open().catch((cause: unknown) => {
      throw errorFromRefusal({ code: 'runguard_not_loaded', message: notLoaded(cause) }, { cause })
    })
    const keep = (part: Part): void => {
      this.loaded = part
    }
    // Every call is told of a failure. A program that makes none must not end because of it.
    this.whenLoaded.then(keep, () => {})
  }

  tell(word: (part: Part) => void): void {
    if (this.loaded !== null) word(this.loaded)
    else this.whenLoaded.then(word, () => {})
  }
}

function notLoaded(cause: unknown): string {
  return `RunGuard could not be loaded, and nothing is sent without it: ${String(cause)}`
}
