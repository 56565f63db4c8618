/** Steps: what an agent did, as the loop detector sees it. */

/**
 * What a tool is known to be, where somebody said so.
 *
 * - `poll`: asks how something else is getting on; asking again is its purpose.
 * - `cursor`: moves on with every call (the next page, a debugger's step), so an equal call is another act as long as
 *   its answers are new.
 * - `write`: changes something; the same call again is the same change again, whatever it answers.
 * - `exempt`: never part of a loop.
 */
export type ToolClass = 'poll' | 'cursor' | 'write' | 'exempt'

/**
 * One tool call and its result. Keys are short hashes: equal when two calls, or two results, are the same.
 * Made from a conversation by whoever reads it; {@link LoopStep.key} and its kin by `loop-keys.ts`.
 */
export interface LoopStep {
  readonly tool: string
  /** The tool and its canonical input, without fields that only describe the call. */
  readonly key: string
  /** The same for inputs that differ only in small things (letter case, spacing, piping); null if that is not known. */
  readonly looseKey: string | null
  /** The result as it was, by which results of calls that went well are compared; null if it is not known. */
  readonly result: string | null
  /** The result without colours, numbers and spacing, by which failures are compared; null if it is not known. */
  readonly norm: string | null
  /** The tool says that it failed, or its result begins like a failure. */
  readonly isError: boolean
  /** Nothing came back. */
  readonly isEmpty: boolean
  /** The model turn that asked for it. Parallel calls of one turn share it. Goes up within a session. */
  readonly round: number
  readonly toolClass: ToolClass | null
  /**
   * False for a call that was never carried out: cancelled because one beside it failed, or turned down by a person.
   * It neither counts nor ends a streak.
   */
  readonly hasRun: boolean
}
