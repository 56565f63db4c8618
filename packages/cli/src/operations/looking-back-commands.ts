/** The commands and flags that look back at what was called: `replay`, `top`, `reconcile`, and `export`. */

import type { Command } from 'commander'
import type { Run } from '../run.js'
import { jsonFlag, withStoreFlags } from '../settings/flags.js'

const REPLAY_EXAMPLES = `Examples:
  runguard replay --policy runguard.yaml                  what it would have done to the calls of the store
  runguard replay --policy runguard.yaml --transcripts    … to what Claude Code did by itself
  runguard replay --compare old.yaml new.yaml --since 30d two policies side by side
`

const REPLAY_NOTES = `
Nothing is sent. Exit code 3: a budget would have been exceeded.`

/** Adds them. */
export function addLookingBackCommands(program: Command, run: Run): void {
  addReplay(program, run)
}

function addReplay(program: Command, run: Run): void {
  const command = program
    .command('replay')
    .description('what a policy would have refused, changed and saved, had it been in force')
    .option('--policy <file>', 'a configuration (default: runguard.yaml, if it is there)')
    .option('--compare <file...>', 'other configurations to stand beside it')
    .option('--transcripts', 'over what Claude Code wrote down by itself, instead of what went through RunGuard')
    .option('--path <path...>', 'over transcripts in other folders, or single ones')
    .option('--since <time>', 'calls from then on')
    .option('--until <time>', 'calls up to then')
    .option(...jsonFlag)
    .addHelpText('before', REPLAY_EXAMPLES)
    .addHelpText('after', REPLAY_NOTES)
  withStoreFlags(command).action((options) =>
    run(async (environment) => (await import('../commands/replay.js')).runReplay(environment, options)),
  )
}
