/** Runs the blocks of documents: a module by node, a shell script by a shell, a configuration by the gateway. */

import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileFiles, type ProgramEnd, runToEnd } from '../testing/user-program.js'
import type { Block } from './blocks.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A key that is none. */
const dummyKey = 'sk-ant-test-0000'

/** Documents name the real API and the usual port; here stands a simulator, and the port may be taken. */
function localized(text: string, upstream: string, port: number): string {
  return text.replaceAll('https://api.anthropic.com', upstream).replaceAll('4141', String(port))
}

/** The name of the file that a module goes to; the compiler's complaints begin with it. */
export function fileNameOf({ path, line }: Block): string {
  return `${path.replaceAll(/[^A-Za-z0-9]+/g, '-')}-${line}.ts`
}

/**
 * Compiles modules, each with the address of the simulator for the one of the API.
 *
 * @param folder emptied first; has to be below the packages that the modules import
 * @returns what the compiler complains about
 */
export async function compileModules(
  folder: string,
  blocks: readonly Block[],
  upstream: string,
): Promise<readonly string[]> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const block of blocks) {
    // What has been awaited is done; a server that the module leaves behind must not keep it alive.
    const text = `${localized(block.text, upstream, 0)}\nexport {}\nprocess.exit()\n`
    writeFileSync(join(folder, fileNameOf(block)), text)
  }
  const files = blocks.map((block) => join(folder, fileNameOf(block)))
  // What is shown often names a value that its reader goes on with.
  return blocks.length === 0 ? [] : compileFiles(folder, files, { noUnusedLocals: false })
}

/** Runs a module that was compiled. */
export async function runModule(folder: string, block: Block, upstream: string): Promise<ProgramEnd> {
  const file = join(folder, 'dist', fileNameOf(block).replace(/ts$/, 'js'))
  return inOwnHome((home) => {
    const environment = { HOME: home, ANTHROPIC_BASE_URL: upstream, ANTHROPIC_API_KEY: dummyKey }
    return runToEnd(process.execPath, [file], { environment, workingDirectory: home })
  })
}

/** Runs a shell script. What it starts is ended with it. */
export function runShell({ text }: Block, upstream: string, port: number): Promise<ProgramEnd> {
  return inOwnHome((home) => runScript(home, localized(text, upstream, port), upstream, port))
}

/**
 * Starts a gateway with a configuration. A database server that it names is not here, so a file takes its
 * place.
 */
export function runConfiguration({ text }: Block, upstream: string, port: number): Promise<ProgramEnd> {
  return inOwnHome((home) => {
    writeFileSync(join(home, 'runguard.yaml'), text.replace(/^store: postgres:/m, '# $&'))
    const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => `export ${name}='${variableFor(name)}'`)
    return runScript(home, [...names, 'runguard start', 'runguard budget ls'].join('\n'), upstream, port)
  })
}

/** What a configuration takes from the environment: a secret where its name says so, an address, else an amount. */
function variableFor(name: string): string {
  if (/(?:KEY|TOKEN|SECRET|PASSWORD)$/.test(name)) return 'x'.repeat(40)
  return /(?:URL|WEBHOOK)$/.test(name) ? 'https://hooks.example.com/services/x' : '$20'
}

/** The program as it is built. What serves goes to the background once it listens, as a second terminal would have it. */
const runguardStandIn = `#!/bin/bash
case "\${1-start}" in
  start | -*) set -- "$@" --port "$STAND_IN_PORT" --upstream "$STAND_IN_UPSTREAM" ;;
  sim) set -- "$@" --port 0 ;;
  *) exec "$STAND_IN_NODE" "$STAND_IN_ROOT/packages/cli/bin/runguard.js" "$@" ;;
esac
"$STAND_IN_NODE" "$STAND_IN_ROOT/packages/cli/bin/runguard.js" "$@" > "$HOME/served" 2> "$HOME/said" &
echo $! >> "$HOME/servers"
until grep -q ANTHROPIC_BASE_URL= "$HOME/said"; do
  kill -0 $! 2> /dev/null || { cat "$HOME/said" >&2; exit 1; }
  sleep 0.05
done
`

/** npm is not run: what it is asked to install has to be here, and what it is asked to run has to exist. */
const npmStandIn = `#!/bin/bash
verb="$1"; shift
[ "$verb" = test ] && exit 0
for name in "$@"; do
  case "$verb" in
    install) [ -e "$STAND_IN_ROOT/node_modules/$name/package.json" ] ;;
    run) grep -q "^    \\"$name\\": " "$STAND_IN_ROOT/package.json" ;;
    *) false ;;
  esac || { echo "npm $verb $name: nothing here has that name" >&2; exit 1; }
done
`

const npxStandIn = '#!/bin/bash\n[ "$1" = runguard ] || { echo "npx $1" >&2; exit 1; }\nshift\nexec runguard "$@"\n'

async function runScript(home: string, script: string, upstream: string, port: number): Promise<ProgramEnd> {
  const programs = join(home, 'programs')
  mkdirSync(programs)
  for (const [name, text] of [
    ['runguard', runguardStandIn],
    ['npm', npmStandIn],
    ['npx', npxStandIn],
  ] as const) {
    writeFileSync(join(programs, name), text)
    chmodSync(join(programs, name), 0o755)
  }
  const environment = {
    PATH: [programs, process.env.PATH].join(delimiter),
    HOME: home,
    NO_COLOR: '1',
    ANTHROPIC_API_KEY: dummyKey,
    STAND_IN_NODE: process.execPath,
    STAND_IN_ROOT: root,
    STAND_IN_UPSTREAM: upstream,
    STAND_IN_PORT: String(port),
  }
  try {
    return await runToEnd('bash', ['-euc', script], { environment, workingDirectory: home })
  } finally {
    endServers(join(home, 'servers'))
  }
}

/** Ends what the script left running; it wrote down the ids. */
function endServers(list: string): void {
  if (!existsSync(list)) return
  for (const id of readFileSync(list, 'utf8').trim().split('\n')) {
    try {
      process.kill(Number(id), 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
}

async function inOwnHome(run: (home: string) => Promise<ProgramEnd>): Promise<ProgramEnd> {
  const home = mkdtempSync(join(tmpdir(), 'runguard-block-'))
  try {
    return await run(home)
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  }
}
