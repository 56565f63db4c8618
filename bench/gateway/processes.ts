/** The processes of a run: each in a group of its own, none of which outlives this one. */

import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const children = new Set<ChildProcess>()

/** However this process ends, nothing of the run stays behind. @param folder with its files */
export function endWithThisProcess(folder: string): void {
  process.on('exit', () => {
    // The event waits for nothing.
    for (const child of children) endProcess(child)
    rmSync(folder, { recursive: true, force: true })
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))
}

/** Ends one process and whatever it started. */
function endProcess(child: ChildProcess): void {
  children.delete(child)
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/** Keeps track of a child. It is the head of a group, so that Ctrl-C reaches only this process, which ends the rest. */
function track(child: ChildProcess): ChildProcess {
  children.add(child)
  child.on('exit', () => children.delete(child))
  return child
}

/**
 * Starts a module of this folder as a process; resolves with the port it reports.
 *
 * @param nodeOptions flags of node itself
 */
export async function startModule(
  name: string,
  args: readonly string[],
  nodeOptions: readonly string[] = [],
): Promise<{ child: ChildProcess; port: number }> {
  const path = fileURLToPath(new URL(`../${name}.js`, import.meta.url))
  const child = track(
    fork(path, args, {
      detached: true,
      execArgv: [...nodeOptions],
      env: {},
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  )
  const { port } = (await nextMessage(child, name)) as { port: number }
  return { child, port }
}

/** Asks a module something over its channel, and waits for the answer. */
export function ask(child: ChildProcess, question: object): Promise<unknown> {
  const answer = nextMessage(child, 'the process')
  child.send(question)
  return answer
}

async function nextMessage(child: ChildProcess, name: string): Promise<unknown> {
  const gone = new AbortController()
  const ended = once(child, 'exit', { signal: gone.signal }).then(() => {
    throw new Error(`${name} ended before it answered`)
  })
  try {
    const [message] = await Promise.race([once(child, 'message', { signal: gone.signal }), ended])
    return message
  } finally {
    gone.abort()
    ended.catch(() => {})
  }
}

/** Starts a program that prints one line when it is ready, and that ends when its standard input does. */
export async function startProgram(
  path: string,
  args: readonly string[],
): Promise<{ child: ChildProcess; line: string }> {
  const child = track(spawn(path, args, { detached: true, stdio: ['pipe', 'pipe', 'inherit'] }))
  child.stdin?.on('error', () => {})
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const ended = once(child, 'close').then(() => {
    throw new Error(`${path} ended before it was ready`)
  })
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string]
  ended.catch(() => {})
  return { child, line }
}

/** Runs a program to its end; resolves with what it printed. */
export async function runProgram(path: string, args: readonly string[]): Promise<string> {
  const child = track(spawn(path, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] }))
  let output = ''
  let problem = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    problem += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${path} failed: ${problem.trim() || `exit code ${code}`}`)
  return output
}

/** The path of a program on PATH or where system programs live; null if it is not there. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  for (const folder of folders) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not in this folder.
    }
  }
  return null
}
