/** The program itself: `runguard start` in front of a simulated API, with its books in a SQLite file. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type RunningSimulator, startSimulator } from '@runguard/simulator'
import { openReceiver, type Receiver } from './receiver.js'

const PROGRAM = fileURLToPath(new URL('../../../packages/cli/bin/runguard.js', import.meta.url))

/** A running program, its upstream, and the place that its alerts go to. */
export interface RealGateway {
  /** Without a slash at the end. */
  readonly url: string
  readonly simulator: RunningSimulator
  readonly receiver: Receiver
  /** Null where nobody has to sign in. */
  readonly adminToken: string | null
  close(): Promise<void>
}

/** Starts everything. */
export async function openRealGateway({ requireLogin = false } = {}): Promise<RealGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'runguard-dashboard-'))
  const simulator = await startSimulator()
  const receiver = await openReceiver()
  writeFileSync(join(folder, 'runguard.yaml'), configuration(requireLogin))
  const child = start(folder, simulator.url, receiver.url)
  const started = await readStart(child, requireLogin)
  return {
    ...started,
    simulator,
    receiver,
    close: async () => {
      await end(child)
      await Promise.all([simulator.close(), receiver.close()])
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function configuration(requireLogin: boolean): string {
  return [
    'budgets:',
    "  - { id: company, name: The company, scope: everything, limit: '$50', window: month }",
    "  - { id: each-session, name: Each session, scope: 'session:*', limit: '$2', window: session }",
    '  - id: low',
    '    name: One that runs low',
    "    scope: 'session:running-low'",
    "    limit: '$1'",
    '    window: session',
    '    degrade:',
    '      - { at: 0.001, step: cheaper-tier }',
    '      - { at: 0.002, step: tighter-max-tokens, maxTokens: 600 }',
    "  - { id: small, name: A small one, scope: 'session:short-of-money', limit: '$0', window: session }",
    'alerts:',
    '  channels:',
    `    siem: { kind: webhook, url: '${reference('ALERT_URL')}', secret: '${reference('ALERT_SECRET')}' }`,
    `access: { requireLogin: ${requireLogin}, upstreamKey: '${reference('UPSTREAM_KEY')}' }`,
    '',
  ].join('\n')
}

/** A value of the environment, as a configuration names it. */
function reference(name: string): string {
  return `$\{${name}}`
}

function start(folder: string, upstream: string, alertUrl: string): ChildProcess {
  const flags = ['start', '--json', '--port', '0', '--upstream', upstream, '--data', folder]
  return spawn(process.execPath, [PROGRAM, ...flags, '--config', join(folder, 'runguard.yaml')], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      ALERT_URL: alertUrl,
      ALERT_SECRET: 'a-secret-of-sixteen-letters',
      UPSTREAM_KEY: 'sk-ant-test',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

interface Started {
  readonly url: string
  readonly adminToken: string | null
}

/** The first lines tell where it listens, and the token where one was made. */
function readStart(child: ChildProcess, hasToken: boolean): Promise<Started> {
  return new Promise((resolve, reject) => {
    const errors: string[] = []
    let url: string | null = null
    let adminToken: string | null = null
    child.stderr?.on('data', (bytes: Buffer) => errors.push(bytes.toString()))
    child.on('exit', (code) => reject(new Error(`runguard ended with ${code}: ${errors.join('')}`)))
    if (child.stdout === null) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      const told = JSON.parse(line) as { kind?: string; url?: string; token?: string }
      if (told.kind === 'listening') url = told.url ?? null
      if (told.kind === 'admin-token') adminToken = told.token ?? null
      if (url !== null && (adminToken !== null || !hasToken)) resolve({ url, adminToken })
    })
  })
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve()
    child.removeAllListeners('exit')
    child.on('exit', () => resolve())
    child.kill('SIGTERM')
  })
}
