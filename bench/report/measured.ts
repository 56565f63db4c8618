/** A program run once, from its start to its end. */

import { spawnSync } from 'node:child_process'
import type { Reporter } from './reporters.js'

/** What a run took. */
export interface Measured {
  readonly name: string
  readonly seconds: number
  /** The most memory the process ever had, in megabytes. */
  readonly peakMb: number
  readonly outputTokens: number
}

/** The process itself knows its peak best; it tells it as it ends. */
const TELL_PEAK =
  "data:text/javascript,process.on('exit',()=>process.stderr.write('\\npeak-kb='+process.resourceUsage().maxRSS+'\\n'))"

/** Runs it. Throws if it fails or does not say what it took. */
export function measureProgram({ name, args, environment, readOutputTokens }: Reporter): Measured {
  const startedMs = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', TELL_PEAK, ...args], {
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...environment },
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  })
  const seconds = (performance.now() - startedMs) / 1_000
  const peakKb = /peak-kb=(\d+)/.exec(stderr)?.[1]
  if (status !== 0 || peakKb === undefined) throw new Error(`${name} ended with ${status}: ${stderr.slice(0, 500)}`)
  const outputTokens = readOutputTokens(JSON.parse(stdout.slice(stdout.indexOf('{'))))
  return { name, seconds, peakMb: Math.round(Number(peakKb) / 1_000), outputTokens }
}
