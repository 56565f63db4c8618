/** What a command is given to run in. */

import type { Environment } from './settings/environment.js'

/** Runs a command and keeps what it returns as the exit code of the process. */
export type Run = (act: (environment: Environment) => Promise<number>) => Promise<void>
