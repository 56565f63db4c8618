/** What is measured side by side: the upstream itself, and the proxies in front of it. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ReportRow } from '@runguard/sdk/store'
import { jsonAnswer, sseAnswer } from './answers.js'
import { checkLedger } from './ledger-check.js'
import { compile } from './native.js'
import { startNginx } from './nginx.js'
import { ask, startModule, startProgram } from './processes.js'

/** Shown as they are named here. */
export type TargetName = 'direct' | 'nginx' | 'keep' | 'RunGuard'

/** One thing that takes requests. */
export interface Target {
  readonly name: TargetName
  readonly port: number
  /** Whose processor time counts: the proxy's, or the upstream's for `direct`. */
  readonly pid: number
  /** Throws if what was served since then is not what is on record. */
  verify(since: number, served: number): Promise<void>
}

const unrecorded = (): Promise<void> => Promise.resolve()

/** Starts the upstream and all proxies. The anchor is left out where there is no nginx. */
export async function startTargets(folder: string): Promise<Target[]> {
  const direct = await startUpstream(folder)
  const nginx = await startNginx(direct.port, folder)
  const anchor: Target[] = nginx === null ? [] : [{ name: 'nginx', ...nginx, verify: unrecorded }]
  const keep = await startModule('keep', [urlOf(direct.port)])
  return [
    direct,
    ...anchor,
    { name: 'keep', port: keep.port, pid: keep.child.pid ?? 0, verify: unrecorded },
    await startRunGuard(direct.port, join(folder, 'ledger.db')),
  ]
}

/** The upstream itself: a C program with prepared answers. */
export async function startUpstream(folder: string): Promise<Target> {
  const files = [join(folder, 'answer.json.http'), join(folder, 'answer.sse.http')] as const
  writeFileSync(files[0], jsonAnswer())
  writeFileSync(files[1], sseAnswer())
  const { child, line } = await startProgram(await compile('upstream', folder), files)
  return { name: 'direct', port: Number(line), pid: child.pid ?? 0, verify: unrecorded }
}

async function startRunGuard(upstreamPort: number, file: string): Promise<Target> {
  const { child, port } = await startModule('runguard', [urlOf(upstreamPort), file])
  const verify = async (since: number, served: number): Promise<void> => {
    checkLedger((await ask(child, { ask: 'ledger', since })) as ReportRow | null, served)
  }
  return { name: 'RunGuard', port, pid: child.pid ?? 0, verify }
}

/** The base URL of a loopback port. */
export function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`
}
