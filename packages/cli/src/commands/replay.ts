/** `runguard replay`: what a policy would have done to the calls of the past. Nothing is sent. */

import { existsSync } from 'node:fs'
import { type Account, loadPriceBook, priceList } from '@runguard/sdk/core'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import { requireTranscripts } from '../operations/require-transcripts.js'
import type { PastCall } from '../replay/past-call.js'
import { pastOfRecords } from '../replay/past-records.js'
import { pastOfTranscripts } from '../replay/past-transcripts.js'
import { playCalls } from '../replay/player.js'
import { addAccounts, addCall, addStopped, isOverBudget, openTally, type Tally } from '../replay/tally.js'
import { type ConfigFile, findConfig } from '../settings/config-file.js'
import type { Environment } from '../settings/environment.js'
import { describePlace, findPlace, useStore } from '../settings/open-store.js'
import { chooseSettings } from '../settings/settings.js'
import type { StoreFlags } from '../settings/store-place.js'
import { defaultRoots, type TranscriptFile } from '../transcripts/transcript-files.js'
import { printable, wholeCount } from '../views/format.js'
import { parseSpan, type Span } from '../views/moments.js'
import { type PolicyOutcome, type ReplaySource, replayJson, replayText } from '../views/replay-views.js'

/** The flags of `replay`. */
export interface ReplayOptions extends StoreFlags {
  readonly policy?: string
  /** Other policies, to stand beside it. */
  readonly compare?: readonly string[]
  /** From Claude Code's own transcripts, where it keeps them; or in `path`. */
  readonly transcripts?: boolean
  readonly path?: readonly string[]
  readonly since?: string
  readonly until?: string
  readonly json?: boolean
}

/** Where the calls are read from, anew for each policy. */
interface Past {
  readonly hasContent: boolean
  /** @param onUntold called for each call that cannot be judged again */
  calls(onUntold: () => void): AsyncIterable<PastCall> | Iterable<PastCall>
}

/** Prints what the policy would have done. Returns the exit code of a used-up budget if one would have been exceeded. */
export async function runReplay(environment: Environment, options: ReplayOptions): Promise<ExitCode> {
  const policies = await readPolicies(environment, options)
  const span = parseSpan(options, { nowMs: environment.now(), offsetAt: environment.offsetAt })
  if (options.transcripts || options.path !== undefined) {
    const files = findFiles(environment, options)
    return await judge(environment, options, policies, transcriptPast(environment, files, span))
  }
  const place = await findPlace(environment, options)
  const code = await useStore<ExitCode | null>(place, null, async (store) => {
    const calls: Past['calls'] = (onUntold) => pastOfRecords(store, span, onUntold)
    return await judge(environment, options, policies, { hasContent: false, calls })
  })
  if (code !== null) return code
  throw new CommandError(
    `No calls in ${describePlace(place)} yet. Of Claude Code's own transcripts:  runguard replay --transcripts`,
  )
}

async function readPolicies(environment: Environment, { policy, compare = [] }: ReplayOptions): Promise<ConfigFile[]> {
  const named = policy === undefined && compare.length > 0 ? compare : [policy, ...compare]
  const files: ConfigFile[] = []
  for (const path of named) {
    const file = await findConfig(environment, path)
    if (file === null) {
      throw new CommandError('Say which policy to try: --policy runguard.yaml', exitCodes.usage)
    }
    files.push(file)
  }
  return files
}

function findFiles({ homeDirectory, variable }: Environment, { path }: ReplayOptions): TranscriptFile[] {
  const roots = path ?? defaultRoots(homeDirectory, variable('CLAUDE_CONFIG_DIR'))
  const missing = path?.find((root) => !existsSync(root))
  return requireTranscripts(missing === undefined ? roots : [missing])
}

function transcriptPast({ terminal }: Environment, files: readonly TranscriptFile[], span: Span): Past {
  const book = loadPriceBook(priceList)
  const totalMb = Math.ceil(files.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6)
  const calls = (): Iterable<PastCall> => {
    let read = 0
    const onBytes = (count: number): void => {
      read += count
      terminal.showProgress(`${wholeCount(Math.floor(read / 1e6))} of ${wholeCount(totalMb)} MB`)
    }
    const onUnreadable = (path: string, why: string): void => {
      terminal.say(`warning: ${printable(path, 200)} is left out: ${printable(why, 200)}`)
    }
    return pastOfTranscripts(files, book, span, { onBytes, onUnreadable })
  }
  return { hasContent: true, calls }
}

async function judge(
  { terminal }: Environment,
  { json }: ReplayOptions,
  policies: readonly ConfigFile[],
  past: Past,
): Promise<ExitCode> {
  const outcomes: PolicyOutcome[] = []
  let untold = 0
  for (const file of policies) {
    untold = 0
    outcomes.push({ policy: file.path, tally: await playPolicy(file, past, () => untold++) })
  }
  terminal.showProgress('')
  const source: ReplaySource = { kind: past.hasContent ? 'transcripts' : 'records', untold }
  if (json) terminal.print(JSON.stringify({ source, policies: outcomes.map(replayJson) }))
  else terminal.print(replayText(outcomes, source, terminal.colors))
  return outcomes.some(({ tally }) => isOverBudget(tally)) ? exitCodes.budget : exitCodes.ok
}

async function playPolicy(file: ConfigFile, past: Past, onUntold: () => void): Promise<Tally> {
  const tally = openTally()
  // What is cached is what was cached then: the prompts themselves are not there to be planned.
  const config = {
    ...chooseSettings({}, file),
    caching: { mode: 'off', ttl: null } as const,
    book: loadPriceBook(priceList),
  }
  const accounts: readonly Account[] = await playCalls(past.calls(onUntold), {
    config,
    budgets: file.config.budgets,
    hasContent: past.hasContent,
    onCall: (call) => addCall(tally, call),
    onStopped: (run) => addStopped(tally, run),
  })
  addAccounts(tally, accounts)
  return tally
}
