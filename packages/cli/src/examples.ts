/** The examples with which the help of every command opens. */

import type { Command } from 'commander'

/** A line to copy, and what it is good for. */
export type Example = readonly [line: string, meaning: string]

/** By the words of the command; `''` for the program itself. */
export const examples: Readonly<Record<string, readonly Example[]>> = {
  '': [
    ['runguard', 'start the gateway; then point any Claude client at it'],
    ['runguard run -- claude', 'run a program guarded, and see its bill'],
    ['runguard report --transcripts', 'what Claude Code has spent so far'],
    ["runguard budget add '$20' --per month", 'never spend more than that'],
    ['runguard demo', 'see it work: no key, no money'],
  ],
  start: [
    ['runguard', 'listen on port 4141, and print a line for each call'],
    ['runguard start --port 8080 --mode observe', 'on another port; nothing is refused, only told of'],
    ['runguard --upstream https://proxy.internal', 'calls go on to a proxy instead of the API'],
  ],
  run: [
    ['runguard run -- claude', 'Claude Code with a gateway of its own, and its bill at the end'],
    ['runguard run --project web -- node app.js', 'on the account of a project'],
    ['runguard run --mode observe -- python app.py', 'nothing is refused, only told of'],
  ],
  budget: [
    ["runguard budget add '$20' --per month", 'for everything together'],
    ["runguard budget add '$2' --scope 'session:*'", 'for each session by itself'],
    ['runguard budget ls', 'how all of them stand'],
  ],
  'budget add': [
    ["runguard budget add '$20' --per month", 'for everything together'],
    ["runguard budget add '$2' --scope 'session:*'", 'for each session by itself'],
    [
      "runguard budget add '$5' --per day --scope project:web --time-zone Europe/Berlin",
      'one project, by the calendar of its place',
    ],
  ],
  'budget ls': [
    ['runguard budget ls', 'what is spent, set aside and left'],
    ['runguard budget ls --check', 'for scripts: exit code 3 if one is used up'],
  ],
  'budget set': [
    ["runguard budget set everything/month --limit '$50'", 'another limit, from now on'],
    ['runguard budget set everything/month --observe', 'only tell what it would refuse'],
  ],
  'budget override': [
    ["runguard budget override 'user:*/day' --scope-name alice --limit '$50'", 'more for one of them'],
    ["runguard budget override project:web/day --limit '$50' --until 2026-12-01", 'more for a while'],
  ],
  'budget pause': [['runguard budget pause everything/month', 'neither count nor refuse, for now']],
  'budget resume': [['runguard budget resume everything/month', 'let it go on']],
  'budget rm': [['runguard budget rm everything/month', 'take it away; its ledger stays']],
  key: [
    ["runguard key add ci --team web --budget '$5/day'", 'a key for a program, that spends no more than that'],
    ['runguard key rotate rgk_k3x9…', 'another secret; the old one works for a day'],
    ['runguard key revoke rgk_k3x9…', 'no gateway takes it any more'],
  ],
  'key add': [
    ["runguard key add ci --team web --budget '$5/day'", 'for a team, with a budget of its own'],
    ['runguard key add ada --user ada --expires 90d', 'for a person, for three months'],
  ],
  'key ls': [
    ['runguard key ls', 'the keys that are in use'],
    ['runguard key ls --all --json', 'all there ever were, for programs'],
  ],
  'key rotate': [
    ['runguard key rotate rgk_k3x9…', 'the secret from before is taken for a day more'],
    ['runguard key rotate rgk_k3x9… --grace 0', 'it has leaked: the old one ends now'],
  ],
  'key revoke': [['runguard key revoke rgk_k3x9…', 'no gateway takes it any more']],
  user: [
    ['runguard user add alice --role operator', 'prints the token that Alice signs in with'],
    ['runguard user set alice --disable', 'out at once'],
    ['runguard user ls', 'who there is'],
  ],
  'user add': [
    ['runguard user add alice --role operator', 'prints the token that Alice signs in with'],
    ['runguard user add bob --no-token --email bob@example.com', 'comes by the sign-in of the organisation'],
  ],
  'user ls': [['runguard user ls', 'who there is, and what they may do']],
  'user set': [
    ['runguard user set alice --role admin', 'may do more from now on'],
    ['runguard user set alice --disable', 'out at once'],
  ],
  'user rm': [['runguard user rm alice', 'signed out at once, and forgotten']],
  'user admin-token': [['runguard user admin-token', 'the one before is worth nothing then']],
  audit: [
    ['runguard audit tail --since 7d', 'who changed what in the last week'],
    ['runguard audit verify --head 42:9f86d0…', 'is it as it was written? fails if not'],
    ['runguard audit export > audit.jsonl', 'all of it, with its head'],
  ],
  'audit tail': [
    ['runguard audit tail', 'the newest twenty'],
    ['runguard audit tail --since 7d --action keys.create', 'who made keys in the last week'],
  ],
  'audit verify': [['runguard audit verify --head 42:9f86d0…', 'also against a head that was noted down before']],
  'audit export': [['runguard audit export > audit.jsonl', 'all of it, with its head as the last line']],
  ledger: [
    ['runguard ledger show', 'current accounts, and money that is set aside'],
    ['runguard ledger verify', 'add it all up; fails if something is wrong'],
    ["runguard ledger void rg_01k… --reason 'never sent'", 'take back what an estimate posted'],
  ],
  'ledger show': [
    ['runguard ledger show', 'current accounts, and money that is set aside'],
    ['runguard ledger show --hold rg_01k…', 'every movement of one call'],
    ['runguard ledger show --expired', 'what nobody ended, the largest first'],
  ],
  'ledger verify': [['runguard ledger verify', 'fails if a sum is not what its entries say']],
  'ledger void': [
    ["runguard ledger void rg_01k… --reason 'never sent'", 'one call'],
    ["runguard ledger void --expired --budget everything/month --reason 'power cut'", 'all that nobody ended'],
  ],
  session: [
    ['runguard session ls', 'who is at work, and who goes in a loop'],
    ['runguard session resume 4f9c2b7e…', 'let an agent that was stopped go on'],
    ['runguard session exempt nightly', 'never stop this session because of a loop'],
  ],
  'session ls': [['runguard session ls --limit 10', 'the ten that were seen last']],
  'session resume': [['runguard session resume 4f9c2b7e…', 'let an agent that was stopped go on']],
  'session exempt': [['runguard session exempt nightly', 'never stop this session because of a loop']],
  'session watch': [['runguard session watch nightly', 'look for its loops again']],
  batch: [
    ['runguard batch submit prompts.jsonl', 'submit a file, and print the id of the job'],
    ['runguard batch results msgbatch_… > answers.jsonl', 'wait, and write the answers'],
    ['runguard batch ls', 'the latest batches of the workspace'],
  ],
  'batch submit': [
    ['runguard batch submit prompts.jsonl', 'prints the id of the job'],
    ['runguard batch submit prompts.jsonl --test-first', 'try the first prompt before all the others'],
  ],
  'batch status': [['runguard batch status msgbatch_…', 'how far it is']],
  'batch results': [['runguard batch results msgbatch_… > answers.jsonl', 'wait, and write the answers']],
  'batch cancel': [['runguard batch cancel msgbatch_…', 'end it; what is done is billed']],
  'batch ls': [['runguard batch ls --limit 5', 'the latest five of the workspace']],
  breaker: [
    ['runguard breaker ls', 'what is stopped at the moment, and why'],
    ["runguard breaker hold model:claude-opus-5-5 --note 'audit until noon'", 'refuse all calls to a model'],
    ['runguard breaker release session:4f9c2b7e…', 'let a session go on at once'],
  ],
  'breaker ls': [['runguard breaker ls', 'what is stopped at the moment, and why']],
  'breaker hold': [
    ["runguard breaker hold model:claude-opus-5-5 --note 'audit until noon'", 'until it is released'],
    ['runguard breaker hold session:4f9c2b7e…', 'this session alone'],
  ],
  'breaker release': [['runguard breaker release session:4f9c2b7e…', 'let it go on at once']],
  alerts: [
    ['runguard alerts ls --state open', 'what is wrong at the moment'],
    ['runguard alerts test ops', 'does the channel "ops" of runguard.yaml work?'],
    ['runguard alerts deliveries --state failed', 'which messages did not arrive, and why'],
  ],
  'alerts ls': [['runguard alerts ls --state open', 'what is wrong at the moment']],
  'alerts test': [
    ['runguard alerts test', 'do all channels of runguard.yaml work?'],
    ['runguard alerts test ops', 'only the channel "ops"'],
  ],
  'alerts deliveries': [['runguard alerts deliveries --state failed', 'which did not arrive, and why']],
  'alerts resend': [['runguard alerts resend 01k…', 'send a message once more']],
  'alerts ack': [['runguard alerts ack 01k…', 'somebody has seen it']],
  status: [
    ['runguard status', 'spent today, the budget that decides, the gateway'],
    ['runguard status --json', 'the same for programs'],
  ],
  statusline: [[`runguard statusline < status.json`, 'what Claude Code shows at the bottom, from the JSON it gives']],
  doctor: [
    ['runguard doctor', 'each thing that stands in the way, and how to mend it'],
    ['runguard doctor --json', 'for scripts: exit code 1 if something must be mended'],
  ],
  init: [['runguard init', 'write runguard.yaml; it observes until you say enforce']],
  report: [
    ['runguard report daily --since 7d', 'what the last week cost'],
    ['runguard report model --csv > models.csv', 'by model, for a spreadsheet'],
    ['runguard report project --transcripts', 'what Claude Code wrote down by itself'],
  ],
  replay: [
    ['runguard replay --policy runguard.yaml', 'what it would have done to the calls of the store'],
    ['runguard replay --transcripts', '… to what Claude Code did by itself'],
    ['runguard replay --compare old.yaml new.yaml --since 30d', 'two policies side by side'],
  ],
  reconcile: [
    ['runguard reconcile', 'the last 24 hours; the key is in $ANTHROPIC_ADMIN_KEY'],
    ['runguard reconcile --since 7d --api-key apikey_01Rj…', 'a week of one API key, tokens alone'],
  ],
  top: [
    ['runguard top', 'sessions, burn rate, and when the budget is used up'],
    ['runguard top --json', 'once, for programs'],
  ],
  export: [
    ['runguard export > calls.jsonl', 'every record, as it is kept'],
    ['runguard export --csv --since 30d > calls.csv', 'a month for a spreadsheet'],
  ],
  completion: [
    ['source <(runguard completion bash)', 'for this shell; put it into ~/.bashrc to keep it'],
    ['source <(runguard completion zsh)', 'the same in ~/.zshrc'],
    ['runguard completion fish > ~/.config/fish/completions/runguard.fish', 'for good'],
  ],
  explain: [
    ['runguard explain last', 'the call before'],
    ['runguard explain req_011C…', 'by the id that the API gave it'],
  ],
  cache: [
    ['runguard cache', 'what was read, written and missed, and why'],
    ['runguard cache 4f9c2b7e…', 'of one session'],
  ],
  routes: [
    ['runguard routes', 'which tier does for which task'],
    ['runguard routes classify', 'one task'],
  ],
  prices: [
    ['runguard prices show claude-opus-5-5', 'all prices of a model'],
    ['runguard prices check', 'is the list recent?'],
  ],
  'prices show': [
    ['runguard prices show', 'the whole list'],
    ['runguard prices show claude-opus-5-5 --at 2026-06-01', 'one model, as of a day'],
  ],
  'prices check': [['runguard prices check', 'fails if something needs attention']],
  sim: [
    ['runguard sim', 'on port 4010'],
    ['runguard start --upstream http://127.0.0.1:4010', 'then a gateway in front of it'],
  ],
  demo: [
    ['runguard demo', 'half a minute of simulated traffic, and its bill'],
    ['runguard demo --keep', 'leave it running, to look around'],
  ],
}

const NO_EXAMPLES: readonly Example[] = []
const WIDEST_LINE = 56

/** Puts them in front of the help of a command and of all those below it. */
export function addExamples(command: Command, path = ''): void {
  const own = examples[path] ?? NO_EXAMPLES
  if (own.length > 0) command.addHelpText('before', `Examples:\n${layOut(own)}\n`)
  for (const child of command.commands) addExamples(child, `${path} ${child.name()}`.trim())
}

/** A line that is too long for the column has its meaning below it. */
function layOut(own: readonly Example[]): string {
  const width = Math.max(...own.map(([line]) => (line.length > WIDEST_LINE ? 0 : line.length)))
  return own
    .map(
      ([line, meaning]) =>
        `  ${line.padEnd(width)}${line.length > width ? `\n  ${' '.repeat(width)}` : ''}  ${meaning}`,
    )
    .join('\n')
}
