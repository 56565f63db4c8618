/** The commands and flags of `runguard batch`. */

import { type Command, Option } from 'commander'
import type { Run } from '../run.js'
import { jsonFlag, parseCount, parseUpstream } from '../settings/flags.js'

const NOTES = `
A line of the file is a text, {"custom_id": …, "user_message": …}, {"custom_id": …, "params": {…}} or the params alone.
The key comes from ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN. Interrupted commands go on when they are called again.`

/** Adds `batch` and its commands. */
export function addBatchCommands(program: Command, run: Run): void {
  const batch = program
    .command('batch')
    .description('many prompts at half price, answered within a day')
    .addHelpText('after', NOTES)
  addSubmit(batch, run)
  withPlace(batch.command('status').description('how far a job is').argument('<id>', 'msgbatch_…')).action(
    (id, options) =>
      run(async (environment) => (await import('../commands/batch.js')).runBatchStatus(environment, id, options)),
  )
  withPlace(batch.command('results').description('wait for a job, and print its answers as JSON lines'))
    .argument('<id>', 'msgbatch_…')
    .action((id, options) =>
      run(async (environment) => (await import('../commands/batch.js')).runBatchResults(environment, id, options)),
    )
  withPlace(
    batch.command('cancel').description('end a job; what is done by then is billed').argument('<id>', 'msgbatch_…'),
  ).action((id, options) =>
    run(async (environment) => (await import('../commands/batch.js')).runBatchCancel(environment, id, options)),
  )
  withPlace(batch.command('ls').alias('list').description('the latest batches'))
    .addOption(new Option('--limit <count>', 'how many at most').default(20).argParser(parseCount))
    .action((options) =>
      run(async (environment) => (await import('../commands/batch.js')).runBatchList(environment, options)),
    )
}

function addSubmit(batch: Command, run: Run): void {
  withPlace(batch.command('submit').description('submit the prompts of a file; prints the id of the job'))
    .argument('<file>', 'JSON lines')
    .option('--model <id>', 'for prompts that are only a text (default: the model of the small tier)')
    .addOption(
      new Option('--max-tokens <count>', 'for prompts that are only a text (default: 1024)').argParser(parseCount),
    )
    .option('--system <text>', 'the system prompt of prompts that are only a text')
    .option('--test-first', 'send the first prompt as a single call before, and stop if that fails')
    .option('--again', 'although the file was submitted before')
    .action((file, options) =>
      run(async (environment) => (await import('../commands/batch.js')).runBatchSubmit(environment, file, options)),
    )
}

function withPlace(command: Command): Command {
  const url = new Option('--base-url <url>', 'a gateway, or the API (default: $ANTHROPIC_BASE_URL, else the API)')
  return command.addOption(url.argParser(parseUpstream)).option(...jsonFlag)
}
