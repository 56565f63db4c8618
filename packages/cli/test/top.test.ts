/** `runguard top` on a terminal of its own: it goes on until somebody leaves, and gives the terminal back. */

import { spawn, spawnSync } from 'node:child_process'
import { startSimulator } from '@runguard/simulator'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { ask, makeHome, program, startGateway } from './cli.js'

/** The `script` of Linux gives a program a terminal; others are told differently what to run. */
const hasTerminals = spawnSync('script', ['--version']).stdout?.includes('util-linux') ?? false

beforeEach((context) => {
  if (!hasTerminals) context.skip('without the script program of util-linux there is no terminal to test on')
})

const ENTER = '\u001b[?1049h'
const LEAVE = '\u001b[?25h\u001b[?1049l'

interface OnTerminal {
  press(keys: string): void
  signal(name: NodeJS.Signals): void
  /** Resolves when what was written so far or will be has it so often. */
  shows(text: string, times?: number): Promise<void>
  readonly written: Promise<string>
}

/** Runs `top`, with the settings of the terminal before and behind it. */
function startTop(home: string): OnTerminal {
  const top = `sh -c 'echo pid:$$; exec ${process.execPath} ${program} top'`
  const line = `stty -g; ${top}; echo code:$?; stty -g`
  const env = { PATH: process.env.PATH ?? '', HOME: home, TERM: 'xterm', SHELL: '/bin/sh' }
  const child = spawn('script', ['-qefc', line, '/dev/null'], { cwd: home, env, stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const written = new Promise<string>((resolve) => child.on('close', () => resolve(output)))
  return {
    press: (keys) => child.stdin.write(keys),
    signal: (name) => process.kill(Number(/pid:(\d+)/.exec(output)?.[1]), name),
    shows: (text, times = 1) =>
      expect.poll(() => output.split(text).length - 1, { timeout: 15_000 }).toBeGreaterThanOrEqual(times),
    written,
  }
}

/** A home in which a call was made a moment ago. */
async function homeWithCall(): Promise<string> {
  const simulator = await startSimulator()
  onTestFinished(() => simulator.close())
  const home = makeHome()
  const gateway = await startGateway(home, simulator.url)
  await ask(gateway.url, '[[sim:text 5]]')
  gateway.child.kill('SIGTERM')
  await gateway.finished
  return home
}

function expectGivenBack(written: string): void {
  const [before = '', , ...rest] = written.trim().split(/\r?\n/)
  expect(written.indexOf(LEAVE)).toBeGreaterThan(written.indexOf(ENTER))
  expect(written).toContain('code:0')
  expect(rest.at(-1)).toBe(before)
}

test('it draws again and again until q is pressed, and no other key', async () => {
  const top = startTop(await homeWithCall())
  await top.shows('calls in 10 min')
  top.press('\u001b[A')
  await top.shows('calls in 10 min', 3)
  top.press('q')
  expectGivenBack(await top.written)
}, 30_000)

const ways: readonly (readonly [string, (top: OnTerminal) => void])[] = [
  ['Escape', (top) => top.press('\u001b')],
  ['Ctrl-C', (top) => top.press('\u0003')],
  ['several keys at once', (top) => top.press('qq')],
  ['SIGTERM', (top) => top.signal('SIGTERM')],
  ['SIGHUP', (top) => top.signal('SIGHUP')],
  ['SIGQUIT', (top) => top.signal('SIGQUIT')],
]

test('however it ends, the terminal is as it was before', async () => {
  const home = await homeWithCall()
  for (const [, leave] of ways) {
    const top = startTop(home)
    await top.shows('calls in 10 min')
    leave(top)
    expectGivenBack(await top.written)
  }
}, 60_000)
