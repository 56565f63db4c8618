/** How the program ends, and how a command says why. */

/**
 * What the process returns. `failure`: it was asked for properly and did not work; `budget`: a budget is used up;
 * `config`: a value makes no sense; `unreachable`: nobody answers at an address.
 */
export const exitCodes = { ok: 0, failure: 1, usage: 2, budget: 3, config: 4, unreachable: 5 } as const

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** A command cannot go on; the message is shown to the person as it is, so it says what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode = exitCodes.failure) {
    super(message)
    this.exitCode = exitCode
  }
}
