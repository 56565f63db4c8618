/** Where calls, ledger and budgets are kept: a file that only its owner can read, or a PostgreSQL server. */

import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { Registry, Store } from '@runguard/sdk/store'
import type { Environment } from './environment.js'
import { CommandError } from './exit.js'

const FILE_NAME = 'runguard.db'

/** Which store. */
export type StorePlace =
  /** @property busyTimeoutMs how long a write waits for another process, with everything else standing still */
  | { readonly kind: 'file'; readonly directory: string; readonly busyTimeoutMs?: number }
  | { readonly kind: 'postgres'; readonly url: string }

/** The flags that choose it. */
export interface StoreFlags {
  readonly data?: string
  readonly store?: string
}

/** A store with its registry. */
export type OpenStore = Store & Registry

/** The store that flags choose, else the environment, else the file in the home directory. */
export async function findPlace(environment: Environment, { data, store }: StoreFlags): Promise<StorePlace> {
  if (data !== undefined) return { kind: 'file', directory: data }
  const url = store ?? environment.storeUrl
  if (url === null) return { kind: 'file', directory: environment.dataDirectory }
  const { parseStoreUrl } = await import('./open-postgres.js')
  return { kind: 'postgres', url: parseStoreUrl(url, store === undefined ? 'RUNGUARD_STORE' : '--store') }
}

/** The place as it may be shown: no password. */
export function describePlace(place: StorePlace): string {
  if (place.kind === 'file') return place.directory
  const { host, pathname } = new URL(place.url)
  return `postgres://${host}${pathname}`
}

/**
 * Opens the store, making directory and file if need be. Throws {@link CommandError} that says what to change.
 *
 * @param onLost called when a connection to a server breaks while nobody uses it
 */
export async function openStore(place: StorePlace, onLost?: (error: Error) => void): Promise<OpenStore> {
  if (place.kind === 'postgres') return await (await import('./open-postgres.js')).openPostgres(place.url, onLost)
  const { directory } = place
  const path = join(directory, FILE_NAME)
  try {
    // Who called what and when is nobody else's business: SQLite gives its side files the mode of the main one.
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600))
  } catch (error) {
    throw new CommandError(
      `Cannot write to ${path}: ${messageOf(error)}.\nChoose another directory with --data or RUNGUARD_HOME.`,
    )
  }
  return await openFile(path, place.busyTimeoutMs)
}

/** Opens the store if there is one; null if nothing has been recorded in that directory so far. */
async function openExistingStore(place: StorePlace): Promise<OpenStore | null> {
  if (place.kind === 'postgres') return await openStore(place)
  const path = join(place.directory, FILE_NAME)
  if (!existsSync(path)) return null
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
  } catch (error) {
    throw new CommandError(`Cannot read and write ${path}: ${messageOf(error)}.`)
  }
  return await openFile(path)
}

/** Works with the store of a place and closes it; `whenNone` if there is none. */
export async function useStore<T>(place: StorePlace, whenNone: T, work: (store: OpenStore) => Promise<T>): Promise<T> {
  const store = await openExistingStore(place)
  return store === null ? whenNone : await workWith(store, place, work)
}

/**
 * Works with the store of a place, which is made if need be, and closes it.
 *
 * @param onLost called when a connection to a server breaks while nobody uses it
 */
export async function changeStore<T>(
  place: StorePlace,
  work: (store: OpenStore) => Promise<T>,
  onLost?: (error: Error) => void,
): Promise<T> {
  return await workWith(await openStore(place, onLost), place, work)
}

async function workWith<T>(store: OpenStore, place: StorePlace, work: (store: OpenStore) => Promise<T>): Promise<T> {
  try {
    return await work(store)
  } catch (error) {
    throw await explainFailure(place, error)
  } finally {
    await store.close()
  }
}

async function openFile(path: string, busyTimeoutMs?: number): Promise<OpenStore> {
  const [{ default: Database }, { sqliteStore, SchemaTooNewError }] = await Promise.all([
    import('libsql'),
    import('@runguard/sdk/store'),
  ])
  try {
    return sqliteStore(new Database(path), busyTimeoutMs === undefined ? {} : { busyTimeoutMs })
  } catch (error) {
    if (error instanceof SchemaTooNewError) throw new CommandError(`${path}: ${error.message}`)
    throw explainFile(path, error)
  }
}

async function explainFailure(place: StorePlace, error: unknown): Promise<unknown> {
  if (place.kind === 'file') return explainFile(join(place.directory, FILE_NAME), error)
  return (await import('./open-postgres.js')).explainPostgres(place.url, error)
}

const damageCodes = new Set(['SQLITE_NOTADB', 'SQLITE_CORRUPT'])

/** What driver or system say, in words that help. Both give their errors a code; an error without one is ours. */
function explainFile(path: string, error: unknown): unknown {
  const { code } = error as { code?: unknown }
  if (typeof code !== 'string') return error
  if (damageCodes.has(code)) {
    return new CommandError(
      `${path} is not a database, or is damaged (${messageOf(error)}).\n` +
        'Nothing was changed. Move the file away to start a new one, or choose another directory with --data.',
    )
  }
  return new CommandError(`Cannot use ${path}: ${messageOf(error)}.`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
