/** Claude Code, run as a person would run it in a script: `claude -p`. */

import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import type { Place } from '../stage/place.js'
import {
  type ClientKind,
  dummyKey,
  enough,
  type Failure,
  model,
  type Order,
  type Talk,
  type Told,
  type ToldTokens,
} from './client.js'

/**
 * The program, as npm installed it for this platform with the Agent SDK: the same file, byte for byte, as in the
 * package `@anthropic-ai/claude-code`, which comes without the SDK and asks for a newer Node to run its installer.
 */
export const claudeProgram = findProgram(`@anthropic-ai/claude-agent-sdk-${process.platform}-${process.arch}`)

function findProgram(packageName: string): string {
  const file = process.platform === 'win32' ? 'claude.exe' : 'claude'
  const { resolve } = createRequire(import.meta.url)
  try {
    return resolve(`${packageName}/${file}`)
  } catch {
    return resolve(`${packageName}-musl/${file}`)
  }
}

/** How it is asked. */
export interface ClaudeRun {
  readonly words: string
  /** More flags. */
  readonly flags?: readonly string[]
  /** More environment. */
  readonly environment?: Readonly<Record<string, string>>
  /** Called for each line it prints, with a function that ends it as Ctrl-C would. */
  readonly onLine?: (line: ClaudeLine, interrupt: () => void) => void
}

/** One line of `--output-format stream-json`; the last one is the result. */
export interface ClaudeLine {
  readonly type: string
  readonly event?: { readonly type: string; readonly delta?: { readonly type: string; readonly text?: string } }
}

/** What it says about a run when it is over. */
export interface ClaudeResult {
  readonly type: 'result'
  readonly result: string
  readonly is_error: boolean
  readonly api_error_status: number | null
  readonly session_id: string
  readonly total_cost_usd: number
  readonly modelUsage: Readonly<Record<string, ClaudeModelUsage>>
}

/** How a run ended. */
export interface ClaudeEnd extends ClaudeResult {
  readonly exitCode: number | null
}

/** Its own books, per model. */
export interface ClaudeModelUsage {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadInputTokens: number
  readonly cacheCreationInputTokens: number
  readonly costUSD: number
}

/**
 * All that it may know: where the gateway is, a key that is none, and an empty home. The switches keep it from
 * calling anybody else: no telemetry, no error reports, no update, no traffic besides the model's.
 */
export function claudeEnvironment({ url, home }: Pick<Place, 'url' | 'home'>): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_API_KEY: dummyKey,
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_MAX_RETRIES: '2',
  }
}

const outputFlags = ['--output-format', 'stream-json', '--verbose', '--include-partial-messages']

/** Runs it once. Rejects if it ends without a result and was not interrupted. */
export async function runClaude(place: Place, run: ClaudeRun): Promise<ClaudeEnd | null> {
  const flags = ['-p', run.words, '--model', model, ...outputFlags, ...(run.flags ?? [])]
  const child = spawn(claudeProgram, flags, {
    cwd: place.home,
    env: { ...claudeEnvironment(place), ...run.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const complaints: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk))
  const isClosed = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
  let result: ClaudeResult | null = null
  let isInterrupted = false
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as ClaudeLine | ClaudeResult
    if (line.type === 'result') result = line as ClaudeResult
    run.onLine?.(line as ClaudeLine, () => {
      isInterrupted = child.kill('SIGINT')
    })
  }
  const exitCode = await isClosed
  if (result !== null) return { ...result, exitCode }
  if (isInterrupted) return null
  throw new Error(`Claude Code ended with ${exitCode} and no result: ${Buffer.concat(complaints)}`)
}

/** The table runs it with the tool that a person uses most. */
export const claudeCode: ClientKind = {
  name: 'Claude Code 2.1',
  toolCall: bashCall,
  orderOf: orderOfBash,
  userAgent: /^claude-cli\/2\.1\.\d+ \(external, sdk-cli\)$/,
  attempts: 3,
  refusal: { gateway: null },
  surplusOutput: 0,
  open: (place) => ({
    say: async (words) => told(await runClaude(place, { words })),
    stream: (words) => stream(place, words),
    work: async (words) => told(await runClaude(place, { words, flags: ['--allowedTools', 'Bash'] })),
    sayCached: async (words, ttl) => {
      const environment: Record<string, string> = ttl === '1h' ? { ENABLE_PROMPT_CACHING_1H: '1' } : {}
      return told(await runClaude(place, { words, environment }))
    },
    fail: (words) => fail(place, words),
    leave: (words) => leave(place, words),
    talk: () => talk(place),
  }),
}

async function stream(place: Place, words: string): Promise<Told> {
  let text = ''
  const result = await runClaude(place, { words, onLine: (line) => (text += textOf(line)) })
  return { ...told(result), text }
}

async function fail(place: Place, words: string): Promise<Failure> {
  const result = await runClaude(place, { words })
  if (result?.is_error !== true || result.exitCode === 0) throw new Error('The call did not fail.')
  return { status: result.api_error_status, message: result.result, error: null }
}

async function leave(place: Place, words: string): Promise<string> {
  let text = ''
  await runClaude(place, {
    words,
    onLine: (line, interrupt) => {
      text += textOf(line)
      if (text.length >= enough) interrupt()
    },
  })
  return text
}

function talk(place: Place): Talk {
  let flags: readonly string[] = ['--allowedTools', 'Bash']
  return {
    say: async (words) => {
      const end = await runClaude(place, { words, flags })
      flags = ['--continue', ...flags]
      if (end === null || end.is_error || end.exitCode !== 0) throw new Error(`Claude Code failed: ${end?.result}`)
      return end.result
    },
  }
}

/** {@link ClientKind.toolCall} for the real shell. */
export function bashCall(about: string): string {
  return `Bash ${JSON.stringify({ command: `echo ${about}` })}`
}

/** A real command for the real shell: what follows the mark is a comment. */
export function orderOfBash(mark: string, padding: string): Order {
  return { name: 'Bash', input: { command: `touch ${mark} # ${padding}`, description: 'Leaves a mark' } }
}

/** The words in a line that carries a piece of the stream. */
function textOf({ event }: ClaudeLine): string {
  return event?.delta?.type === 'text_delta' ? (event.delta.text ?? '') : ''
}

/** What its result says in the words of the table. */
export function told(result: Pick<ClaudeResult, 'result' | 'modelUsage'> | null): Told {
  if (result === null) throw new Error('Claude Code was interrupted.')
  const usages = Object.values(result.modelUsage)
  const sum = (of: (usage: ClaudeModelUsage) => number): number => usages.reduce((total, each) => total + of(each), 0)
  const read = sum((usage) => usage.cacheReadInputTokens)
  const written = sum((usage) => usage.cacheCreationInputTokens)
  const prompt = sum((usage) => usage.inputTokens) + read + written
  const tokens: ToldTokens = { prompt, read, written, output: sum((usage) => usage.outputTokens) }
  return { text: result.result, tokens }
}
