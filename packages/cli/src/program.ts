/** The commands and flags of `runguard`. What a command does is loaded when it is called, so that help is quick. */

import { Command, Option } from 'commander'
import { addExamples } from './examples.js'
import { exitCodes, exitMeanings } from './exit.js'
import { addAlertCommands } from './operations/alert-commands.js'
import { addAuditCommands } from './operations/audit-commands.js'
import { addBatchCommands } from './operations/batch-commands.js'
import { addBreakerCommands } from './operations/breaker-commands.js'
import { addBudgetCommands } from './operations/budget-commands.js'
import { addCompletionCommands } from './operations/completion-commands.js'
import { addKeyCommands } from './operations/key-commands.js'
import { addLedgerCommands } from './operations/ledger-commands.js'
import { addLookingBackCommands } from './operations/looking-back-commands.js'
import { addSessionCommands } from './operations/session-commands.js'
import { addStandingCommands } from './operations/standing-commands.js'
import { addUserCommands } from './operations/user-commands.js'
import type { Run } from './run.js'
import { readEnvironment, readVersion } from './settings/environment.js'
import {
  jsonFlag,
  logLevels,
  parseCount,
  parseHost,
  parseListenHost,
  parsePort,
  parseUpstream,
  withStoreFlags,
} from './settings/flags.js'

export { exitCodes, exitMeanings } from './exit.js'

const EXIT_CODES = Object.entries(exitCodes)
  .map(([name, code]) => `  ${code}  ${exitMeanings[name as keyof typeof exitCodes]}`)
  .join('\n')

/** The whole program, ready to parse. It also says all that the reference page says of it. */
export function buildProgram(): Command {
  const program = new Command('runguard')
    .description('Cost control for Claude: a gateway that knows what every call costs.')
    .version(readVersion())
    .option('--no-color', 'no colours (NO_COLOR works too)')
    .addHelpText('after', `\nExit codes:\n${EXIT_CODES}`)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
  const run = runWith(program)
  addStart(program, run)
  addRun(program, run)
  addBudgetCommands(program, run)
  addKeyCommands(program, run)
  addUserCommands(program, run)
  addAuditCommands(program, run)
  addLedgerCommands(program, run)
  addSessionCommands(program, run)
  addBatchCommands(program, run)
  addBreakerCommands(program, run)
  addAlertCommands(program, run)
  addStandingCommands(program, run)
  addReport(program, run)
  addLookingBackCommands(program, run)
  addCompletionCommands(program, run)
  addExplain(program, run)
  addCache(program, run)
  addRoutes(program, run)
  addPrices(program, run)
  addSim(program, run)
  addDemo(program, run)
  addExamples(program)
  return program
}

function runWith(program: Command): Run {
  return async (act) => {
    const exitCode = await act(readEnvironment(program.opts().color === true))
    // Set, not exited with: output that is still on its way gets out. What went wrong on that way comes first.
    process.exitCode ??= exitCode
  }
}

/** Another than loopback is for gateways that say who may use them. */
function listenFlag(): Option {
  return new Option('--host <address>', 'where to listen; another than loopback needs access: in the configuration')
    .default('127.0.0.1')
    .argParser(parseListenHost)
}

function hostFlag(): Option {
  return new Option('--host <address>', 'a loopback address').default('127.0.0.1').argParser(parseHost)
}

function portFlag(port: number): Option {
  return new Option('--port <port>', '0 for any free one').default(port).argParser(parsePort)
}

function addStart(program: Command, run: Run): void {
  const command = program
    .command('start')
    .description('start the gateway, and print a line for each call (the default)')
    .addOption(portFlag(4141))
    .addOption(listenFlag())
    .addOption(
      new Option('--upstream <url>', 'where calls go').default('https://api.anthropic.com').argParser(parseUpstream),
    )
  withStoreFlags(command)
  addPolicies(command)
    .addOption(new Option('--log-level <level>', 'JSON lines on stderr').choices(logLevels).default('warn'))
    .option('--json', 'print one JSON object for each call')
    .action((options) =>
      run(async (environment) => (await import('./commands/start.js')).runStart(environment, options)),
    )
}

function addRun(program: Command, run: Run): void {
  const command = program
    .command('run')
    .description('run a program with its calls guarded, and print what they cost:  runguard run -- claude')
    .argument('<command...>', 'behind two hyphens, with its own arguments')
    .option('--project <name>', 'on the account of this project')
    .addOption(
      new Option('--upstream <url>', 'where calls go (default: $ANTHROPIC_BASE_URL, else the API)').argParser(
        parseUpstream,
      ),
    )
  withStoreFlags(command)
  addPolicies(command).action((words, options) =>
    run(async (environment) => (await import('./commands/run.js')).runProgram(environment, words, options)),
  )
}

/** Without defaults of their own: where a flag is absent the configuration may speak. */
function addPolicies(command: Command): Command {
  const mode = new Option(
    '--mode <mode>',
    'observe: budgets, loops and breakers are told of, and refuse nothing (default: enforce)',
  )
  const onStoreFailure = new Option(
    '--on-store-failure <policy>',
    'while the ledger cannot be written: refuse calls, or let them pass (default: refuse)',
  )
  const unknownModel = new Option(
    '--unknown-model <policy>',
    'without a listed price: the dearest of the line, a flat $5/$25, or refused (default: dearest)',
  )
  return command
    .addOption(mode.choices(['enforce', 'observe']))
    .addOption(onStoreFailure.choices(['refuse', 'pass']))
    .addOption(unknownModel.choices(['dearest', 'flag', 'refuse']))
}

const REPORT_NOTES = `
Points in time: 90m, 24h, 7d or 2w (so long ago), 2026-11-01 (a local day; --until includes it), 2026-11-01T08:00:00Z.
Days are those of the machine's time zone, changes of the clocks included.`

function addReport(program: Command, run: Run): void {
  const command = program
    .command('report')
    .description('what was spent')
    .argument('[by]', 'daily, weekly, session, model, project; or prompt, of transcripts', 'daily')
    .option('--transcripts', 'of what Claude Code wrote down by itself, instead of what went through RunGuard')
    .option('--path <path...>', 'transcripts in other folders, or single ones (default: ~/.claude/projects)')
    .option('--show-prompts', 'by prompt: with the words it begins with')
    .option('--since <time>', 'from then on')
    .option('--until <time>', 'up to then')
    .option('--utc', 'days are those of UTC')
    .option(...jsonFlag)
    .addOption(new Option('--csv', 'print CSV instead of text').conflicts('json'))
    .addHelpText('after', REPORT_NOTES)
  withStoreFlags(command).action((name, options) =>
    run(async (environment) => (await import('./commands/report.js')).runReport(environment, name, options)),
  )
}

function addExplain(program: Command, run: Run): void {
  const command = program
    .command('explain')
    .description('why one call cost what it cost, line by line')
    .argument('<id>', 'rg_…, the req_… of the API, or last')
    .option(...jsonFlag)
  withStoreFlags(command).action((id, options) =>
    run(async (environment) => (await import('./commands/explain.js')).runExplain(environment, id, options)),
  )
}

function addCache(program: Command, run: Run): void {
  const command = program
    .command('cache')
    .description('what the prompt cache saved, and why it missed')
    .argument('[session]', 'only the calls of this session')
    .addOption(new Option('--limit <count>', 'of so many latest calls').default(10_000).argParser(parseCount))
    .option(...jsonFlag)
  withStoreFlags(command).action((session, options) =>
    run(async (environment) => (await import('./commands/cache.js')).runCache(environment, session ?? null, options)),
  )
}

function addRoutes(program: Command, run: Run): void {
  const command = program
    .command('routes')
    .description('which tier does for which task, by the table and by what was said of answers')
    .argument('[task]', 'only this one')
    .option(...jsonFlag)
  withStoreFlags(command).action((task, options) =>
    run(async (environment) => (await import('./commands/routes.js')).runRoutes(environment, task ?? null, options)),
  )
}

function addPrices(program: Command, run: Run): void {
  const prices = program.command('prices').description('what models cost')
  prices
    .command('show')
    .description('the price list, or all prices of one model')
    .argument('[model]', 'exact id or alias')
    .option('--at <date>', 'as of that day')
    .option(...jsonFlag)
    .action((model, options) =>
      run(async (environment) => (await import('./commands/prices.js')).runPricesShow(environment, model, options)),
    )
  const check = prices
    .command('check')
    .description('is the list recent, and does it hold what was called lately? fails if something needs attention')
    .option(...jsonFlag)
  withStoreFlags(check).action((options) =>
    run(async (environment) => (await import('./commands/prices.js')).runPricesCheck(environment, options)),
  )
}

function addSim(program: Command, run: Run): void {
  program
    .command('sim')
    .description('start a simulated Claude API: no key, no money')
    .addOption(portFlag(4010))
    .addOption(hostFlag())
    .option('--json', 'print the address as JSON')
    .action((options) => run(async (environment) => (await import('./commands/sim.js')).runSim(environment, options)))
}

function addDemo(program: Command, run: Run): void {
  program
    .command('demo')
    .description('see it work: simulated traffic through the gateway, and its bill checked')
    .option('--keep', 'leave everything running until Ctrl-C')
    .option(...jsonFlag)
    .action((options) => run(async (environment) => (await import('./commands/demo.js')).runDemo(environment, options)))
}
