/** `runguard init`: a configuration to start from. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import type { Environment } from '../settings/environment.js'

/** Where and what is written; every line that is not a comment is the default but the mode. */
export const firstConfig = `# RunGuard: read by every command in this directory.  Check it with:  runguard doctor

# observe tells what it would refuse, and refuses nothing. With enforce budgets, loops and breakers hold.
mode: observe

# At most so much. Scopes: everything, request, or project:, user:, tag:, session: with a name, or * for each one by
# itself. Windows: hour, day, week, month, lifetime, session, request.
budgets:
  - scope: everything
    window: month
    limit: $100
  - scope: session:*
    limit: $10

# A model without a listed price: priced as the dearest of its line, flat (flag), or refused.
unknownModel: dearest

# While the ledger cannot be written: refuse calls, or let them pass and write them later.
onStoreFailure: refuse

# Agents that do the same again and again are told of, then stopped.
# loops:
#   nudge: true          # tell the model first
#   noticeLimit: $1      # stop a loop that has cost so much

# What runs away is stopped for a while.
# breaker:
#   spendPerMinute: { session: $2 }

# Several machines share calls and budgets on a server; else a file in the home directory.
# store: postgres://runguard:\${PASSWORD}@db.internal/runguard
`

const NAME = 'runguard.yaml'

/** Writes the file. Throws {@link CommandError} if there is one: nothing that a person wrote is ever replaced. */
export function runInit({ terminal, workingDirectory }: Environment): ExitCode {
  try {
    writeFileSync(join(workingDirectory, NAME), firstConfig, { flag: 'wx' })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new CommandError(code === 'EEXIST' ? `There is a ${NAME} already; it is left as it is.` : message)
  }
  terminal.say(`Wrote ${NAME}. It observes and refuses nothing, until you change its mode to enforce.`)
  return exitCodes.ok
}
