#!/usr/bin/env node
/**
 * Installs and builds what is missing, so that every other command works on a fresh clone.
 *
 * Plain Node without a dependency: it runs before anything is installed. All it prints goes to stderr, because the
 * command behind it may print data on stdout.
 *
 *   node scripts/setup.mjs [--e2e] [--quiet]
 *
 *   --e2e     also what the tests with the large real clients, and all examples, need
 *   --quiet   says something only when there was work to do, or when it failed
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const wants = { e2e: process.argv.includes('--e2e'), quiet: process.argv.includes('--quiet') }
const showsLive = process.stderr.isTTY === true && !process.env.CI

/**
 * What is done, in order. `isDone` looks without changing anything; `run` answers whether it changed something and
 * throws a {@link StepError} when it could not; `mend` is the advice when the output of the step gives no better one.
 */
const steps = [
  {
    title: 'Node and npm',
    isWanted: true,
    isDone: () => false,
    run: checkTools,
    mend: 'Install a current Node.js from https://nodejs.org (npm comes with it)',
  },
  {
    title: 'packages',
    isWanted: true,
    isDone: () => isInstalled(root),
    run: () => install(root),
    mend: 'Delete node_modules',
  },
  {
    title: 'packages of e2e',
    isWanted: wants.e2e,
    isDone: () => isInstalled(join(root, 'e2e')),
    run: () => install(join(root, 'e2e')),
    mend: 'Delete e2e/node_modules',
  },
  {
    title: 'packages of examples',
    isWanted: wants.e2e && existsSync(join(root, 'examples')),
    isDone: () => existsSync(join(root, 'examples', 'node_modules')),
    run: lendToExamples,
    mend: 'Delete examples/node_modules',
  },
  {
    title: 'build',
    isWanted: true,
    isDone: () => false,
    run: build,
    mend: 'Correct the errors above (if they name a missing package, delete node_modules)',
  },
  {
    title: 'dashboard',
    isWanted: existsSync(join(root, 'packages', 'dashboard', 'index.html')),
    isDone: isDashboardBuilt,
    run: buildDashboard,
    mend: 'Correct the errors above',
  },
]

/** What npm says when it fails, and what helps. The first match wins. */
const knownFailures = [
  [/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH/, 'Make sure that npm reaches its registry'],
  [/_CERT|CERT_/, 'Let Node trust the certificates of your network (NODE_EXTRA_CA_CERTS=file)'],
  [/E40[13]\b/, 'Log in to the npm registry, or point npm at one that answers'],
  [/EBADENGINE/, 'Use a newer Node.js'],
  [/can only install .* in sync|EUSAGE/, 'Run "npm install" once, and keep the package-lock.json that it writes'],
  [/ENOTEMPTY|EBUSY/, 'Wait until no other npm is at work in this folder'],
  [/ENOSPC/, 'Free some disk space'],
  [/EACCES|EPERM|EROFS/, 'Make sure that this folder and the npm cache may be written'],
]

/** A step that could not be done, with all that its command printed. */
class StepError extends Error {
  constructor(message, output = '') {
    super(message)
    this.output = output
  }
}

// --- the steps ---------------------------------------------------------------------------------------------------

async function checkTools() {
  const needed = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node
  const [major, minor] = needed.match(/\d+/g).map(Number)
  const [haveMajor, haveMinor] = process.versions.node.split('.').map(Number)
  if (haveMajor < major || (haveMajor === major && haveMinor < minor)) {
    throw new StepError(`this is Node ${process.versions.node}, needed is ${needed}`)
  }
  await run(...npm('--version'))
  return false
}

/** One hash of all that decides what ends up in `node_modules`: another hash, another installation. */
function installationOf(folder) {
  const lock = join(folder, 'package-lock.json')
  if (!existsSync(lock)) throw new StepError(`${relative(root, lock)} is missing`)
  return createHash('sha256')
    .update(readFileSync(lock))
    .update(`${process.version} ${process.platform} ${process.arch}`)
    .digest('hex')
}

const stampOf = (folder) => join(folder, 'node_modules', '.runguard-setup')

function isInstalled(folder) {
  return existsSync(stampOf(folder)) && readFileSync(stampOf(folder), 'utf8') === installationOf(folder)
}

/** The stamp goes first and comes back last: whatever interrupts the installation, the next run sees that it is half done. */
async function install(folder) {
  const installation = installationOf(folder)
  rmSync(stampOf(folder), { force: true })
  await run(...npm('ci', '--prefix', folder, '--no-audit', '--no-fund', '--no-progress', '--loglevel=error'))
  writeFileSync(stampOf(folder), installation)
  return true
}

/** The examples need what e2e needs: one installation serves both. */
async function lendToExamples() {
  const place = join(root, 'examples', 'node_modules')
  // A link that leads nowhere is in the way.
  rmSync(place, { force: true })
  symlinkSync(join(root, 'e2e', 'node_modules'), place, 'junction')
  return true
}

/**
 * Builds what is out of date. The compiler trusts its own notes and does not look whether the output is still there,
 * so the notes of a folder whose output is gone, and all of them after an interrupted build, are thrown away first.
 */
async function build() {
  const mark = join(root, 'node_modules', '.runguard-building')
  const projects = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')).references.map((project) => ({
    output: join(root, project.path, 'dist'),
    notes: join(root, project.path, 'tsconfig.tsbuildinfo'),
  }))
  for (const { output, notes } of projects) {
    if (existsSync(mark) || !existsSync(output)) rmSync(notes, { force: true })
  }
  const builtAt = () => projects.map(({ notes }) => statSync(notes, { throwIfNoEntry: false })?.mtimeMs).join()
  const before = builtAt()
  writeFileSync(mark, '')
  await run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', root])
  rmSync(mark)
  return builtAt() !== before
}

const dashboard = join(root, 'packages', 'dashboard')
/** Where the program has it when it is installed: its own package is never published. */
const shippedDashboard = join(root, 'packages', 'cli', 'dashboard')
const dashboardStamp = join(root, 'node_modules', '.runguard-dashboard')

/** One hash of all that the pages are made of. */
function dashboardSource() {
  const hash = createHash('sha256').update(installationOf(root))
  const sources = readdirSync(join(dashboard, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  const all = [...sources, ...['index.html', 'package.json', 'vite.config.ts'].map((name) => join(dashboard, name))]
  for (const path of all.sort()) hash.update(`${relative(dashboard, path)}\n`).update(readFileSync(path))
  return hash.digest('hex')
}

function isDashboardBuilt() {
  const isThere = existsSync(join(shippedDashboard, 'index.html')) && existsSync(dashboardStamp)
  return isThere && readFileSync(dashboardStamp, 'utf8') === dashboardSource()
}

async function buildDashboard() {
  rmSync(dashboardStamp, { force: true })
  const source = dashboardSource()
  await run(process.execPath, [join(root, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', dashboard])
  rmSync(shippedDashboard, { recursive: true, force: true })
  cpSync(join(dashboard, 'dist'), shippedDashboard, { recursive: true })
  writeFileSync(dashboardStamp, source)
  return true
}

// --- running commands --------------------------------------------------------------------------------------------

/** The npm that started us, else the one on the PATH. */
function npm(...args) {
  const own = process.env.npm_execpath
  if (own?.endsWith('.js') && existsSync(own)) return [process.execPath, [own, ...args]]
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm', args]
}

let child
let lastLine = ''

/** Runs a command to its end. Throws a {@link StepError} with everything it printed if it fails. */
function run(command, args) {
  return new Promise((resolve, reject) => {
    const output = []
    child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: command.endsWith('.cmd'),
    })
    const take = (bytes) => {
      output.push(bytes)
      lastLine = bytes.toString().trimEnd().split('\n').at(-1) ?? ''
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', (cause) => reject(new StepError(`${command} did not start (${cause.message})`)))
    child.on('close', (code, signal) => {
      if (code === 0) return resolve()
      reject(new StepError(signal ? `stopped by ${signal}` : `exit code ${code}`, Buffer.concat(output).toString()))
    })
  })
}

let interruptedBy
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (interruptedBy) process.exit(1)
    interruptedBy = signal
    child?.kill(signal)
  })
}

// --- showing progress --------------------------------------------------------------------------------------------

const seconds = (sinceMs) => `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`
const say = (line) => process.stderr.write(`${line}\n`)

/** Shows that a step is alive: one changing line in a terminal, a line now and then elsewhere. Answers how to end it. */
function startTicker(title, startedAt) {
  const draw = () => {
    const line = `  ${title} … ${seconds(startedAt)}  ${lastLine}`
    process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`)
  }
  const ticker = showsLive
    ? setInterval(draw, 200)
    : setInterval(() => say(`  ${title} … ${seconds(startedAt)}`), 10_000)
  return () => {
    clearInterval(ticker)
    if (showsLive) process.stderr.write('\r\x1b[K')
  }
}

/** Does one step. Answers whether there was something to do. */
async function take(step) {
  if (step.isDone()) {
    if (!wants.quiet) say(`✓ ${step.title}: up to date`)
    return false
  }
  lastLine = ''
  const startedAt = Date.now()
  const stopTicker = startTicker(step.title, startedAt)
  try {
    const hasChanged = await step.run()
    stopTicker()
    if (hasChanged || !wants.quiet) say(`✓ ${step.title}: ${seconds(startedAt)}`)
    return hasChanged
  } finally {
    stopTicker()
  }
}

/** One line that says what failed and how to mend it, after everything the failing command had to say. */
function explain(step, error) {
  if (error.output) say(error.output.trimEnd())
  if (interruptedBy) return say(`✗ setup was interrupted in "${step.title}". Run the same command again to go on.`)
  const known = knownFailures.find(([sign]) => step.title !== 'build' && sign.test(error.output ?? ''))
  say(
    `✗ setup failed in "${step.title}": ${error.message}. ${known?.[1] ?? step.mend}, then run the same command again.`,
  )
}

async function main() {
  const startedAt = Date.now()
  let hasWorked = false
  for (const step of steps.filter((each) => each.isWanted)) {
    try {
      hasWorked = (await take(step)) || hasWorked
    } catch (error) {
      explain(step, error)
      process.exit(interruptedBy ? 130 : 1)
    }
  }
  if (hasWorked || !wants.quiet) say(`✓ ready after ${seconds(startedAt)}`)
}

await main()
