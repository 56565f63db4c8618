/** The commands and flags that tell how things stand: `status`, `statusline`, `doctor`, and `init`. */

import { text } from 'node:stream/consumers'
import { type Command, Option } from 'commander'
import type { Run } from '../run.js'
import { jsonFlag, parseUpstream, withStoreFlags } from '../settings/flags.js'

const STATUSLINE_NOTES = `
Put it into Claude Code's settings.json:
  "statusLine": { "type": "command", "command": "runguard statusline" }`

/** Adds the four. */
export function addStandingCommands(program: Command, run: Run): void {
  const status = program
    .command('status')
    .description('what is spent, which budget decides, whether a gateway runs')
    .addOption(gatewayFlag())
    .option(...jsonFlag)
  withStoreFlags(status).action((options) =>
    run(async (environment) => (await import('../commands/status.js')).runStatus(environment, options)),
  )
  const statusline = program
    .command('statusline')
    .description('a line for the bottom of Claude Code, from the JSON that it gives on stdin')
    .addHelpText('after', STATUSLINE_NOTES)
  withStoreFlags(statusline).action((options) =>
    run(async (environment) => {
      const input = process.stdin.isTTY ? '' : await text(process.stdin)
      return (await import('../commands/statusline.js')).runStatusline(environment, input, options)
    }),
  )
  const doctor = program
    .command('doctor')
    .description('what stands in the way, and how to mend it')
    .addOption(gatewayFlag())
    .option(...jsonFlag)
  withStoreFlags(doctor).action((options) =>
    run(async (environment) => (await import('../commands/doctor.js')).runDoctor(environment, options)),
  )
  program
    .command('init')
    .description('write a runguard.yaml to start from; none is ever replaced')
    .action(() => run(async (environment) => (await import('../commands/init.js')).runInit(environment)))
}

function gatewayFlag(): Option {
  return new Option('--gateway <url>', 'where it should be').default('http://127.0.0.1:4141').argParser(parseUpstream)
}
