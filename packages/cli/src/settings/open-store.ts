/** Where calls, ledger and budgets are kept: a file that only its owner can read, or a PostgreSQL server. */

import { accessSync, closeSync, constants, existsSync, fstatSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { LedgerDamageError } from '@runguard/sdk/core'
import type { SqliteOptions } from '@runguard/sdk/store'
import { CommandError } from '../exit.js'
import { type ConfigFile, findConfig } from './config-file.js'
import type { Environment } from './environment.js'
import type { OpenStore, Serving, StoreFlags, StorePlace } from './store-place.js'
import { checkStoreUrl, describeUrl } from './store-url.js'

const FILE_NAME = 'runguard.db'
/** A gateway stands still while it waits for another writer of its file; two of them are done with each other sooner. */
const BUSY_TIMEOUT_MS = 500

/** The store that flags choose, else the environment, else the configuration, else the file in the home directory. */
export function choosePlace(environment: Environment, flags: StoreFlags, file: ConfigFile | null): StorePlace {
  const chosen = placeBeforeFile(environment, flags)
  if (chosen !== null) return chosen
  const url = file?.config.store
  return url === undefined ? { kind: 'file', directory: environment.defaultDirectory } : { kind: 'postgres', url }
}

/** The same for commands that need nothing else of the configuration: where it does not decide, it is not read. */
export async function findPlace(environment: Environment, flags: StoreFlags): Promise<StorePlace> {
  const chosen = placeBeforeFile(environment, flags)
  return chosen ?? choosePlace(environment, flags, await findConfig(environment, flags.config))
}

function placeBeforeFile({ storeUrl, dataDirectory }: Environment, { data, store }: StoreFlags): StorePlace | null {
  if (data !== undefined) return { kind: 'file', directory: data }
  if (store !== undefined) return { kind: 'postgres', url: checkStoreUrl(store, '--store') }
  if (storeUrl !== null) return { kind: 'postgres', url: checkStoreUrl(storeUrl, 'RUNGUARD_STORE') }
  return dataDirectory === null ? null : { kind: 'file', directory: dataDirectory }
}

/** The place as it may be shown: no password. */
export function describePlace(place: StorePlace): string {
  return place.kind === 'file' ? place.directory : describeUrl(place.url)
}

/** Opens the store, making directory and file if need be. Throws {@link CommandError} that says what to change. */
export async function openStore(place: StorePlace, serving?: Serving): Promise<OpenStore> {
  if (place.kind === 'postgres') return await (await import('./open-postgres.js')).openPostgres(place.url, serving)
  const { directory } = place
  const path = join(directory, FILE_NAME)
  const file = makeFile(directory, path)
  if (serving !== undefined) return watchFile(await openFile(path, { busyTimeoutMs: BUSY_TIMEOUT_MS }), path, file)
  closeSync(file)
  return await openFile(path)
}

/** Gives a descriptor of the file. */
function makeFile(directory: string, path: string): number {
  try {
    // Who called what and when is nobody else's business: SQLite gives its side files the mode of the main one.
    makeDirectory(directory)
    return openSync(path, 'a', 0o600)
  } catch (error) {
    throw new CommandError(
      `Cannot write to ${path}: ${messageOf(error)}.\nChoose another directory with --data or RUNGUARD_HOME.`,
    )
  }
}

/** Step by step: `recursive` tries for ever where a file system takes no directories, as below `/proc`. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return
  makeDirectory(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another process may have been quicker.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/**
 * A file that was deleted can still be written to, and nobody will ever read that: such writes fail instead, as on a full
 * disk. The descriptor stays open until the end: closing it would take away the locks of this process.
 */
function watchFile(store: OpenStore, path: string, file: number): OpenStore {
  const requireFile = (): void => {
    if (fstatSync(file).nlink === 0) throw new Error(`${path} was deleted or replaced: start the gateway again`)
  }
  const post: OpenStore['post'] = async (batch) => {
    requireFile()
    return await store.post(batch)
  }
  return {
    ...store,
    post,
    addRecords: async (records) => void (await post({ events: [], records })),
    // It goes before every change that people make.
    beginAudit: async (begun) => {
      requireFile()
      await store.beginAudit(begun)
    },
    close: async () => {
      await store.close()
      closeSync(file)
    },
  }
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

/** Works with the store of a place, which is made if need be, and closes it. */
export async function changeStore<T>(
  place: StorePlace,
  work: (store: OpenStore) => Promise<T>,
  serving?: Serving,
): Promise<T> {
  return await workWith(await openStore(place, serving), place, work)
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

async function openFile(path: string, options: SqliteOptions = {}): Promise<OpenStore> {
  const [{ default: Database }, { sqliteStore, SchemaTooNewError }] = await Promise.all([
    import('libsql'),
    import('@runguard/sdk/store'),
  ])
  try {
    return sqliteStore(new Database(path), options)
  } catch (error) {
    if (error instanceof SchemaTooNewError) throw new CommandError(`${path}: ${error.message}`)
    throw explainFile(path, error)
  }
}

async function explainFailure(place: StorePlace, error: unknown): Promise<unknown> {
  if (error instanceof LedgerDamageError) {
    return new CommandError(`${error.message}. See what is wrong with:  runguard ledger verify`)
  }
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
