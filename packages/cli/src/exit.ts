/** How the program ends, and how a command says why. */

/** What the process returns; see {@link exitMeanings}. */
export const exitCodes = { ok: 0, failure: 1, usage: 2, budget: 3, config: 4, unreachable: 5 } as const

/** What each of them says, for help and the reference page. */
export const exitMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'done',
  failure: 'it was asked for properly and did not work, or what was checked is not as it should be',
  usage: 'there is no such command, argument or flag',
  budget: 'a budget is used up',
  config: 'a value makes no sense, on the command line or in the configuration',
  unreachable: 'nobody answers at an address',
}

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
