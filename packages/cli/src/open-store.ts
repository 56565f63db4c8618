/** The store of a data directory: one SQLite file that only its owner can read. */

import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from '@runguard/sdk/store'
import { CommandError } from './exit.js'

const FILE_NAME = 'runguard.db'

/** Opens the store, making directory and file if need be. Throws {@link CommandError} that says what to change. */
export async function openStore(directory: string): Promise<Store> {
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
  return await openFile(path)
}

/** Opens the store if there is one; null if nothing has been recorded in that directory so far. */
async function openExistingStore(directory: string): Promise<Store | null> {
  const path = join(directory, FILE_NAME)
  if (!existsSync(path)) return null
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
  } catch (error) {
    throw new CommandError(`Cannot read and write ${path}: ${messageOf(error)}.`)
  }
  return await openFile(path)
}

/** Reads from the store of a directory and closes it; `whenNone` if there is none. */
export async function readStore<T>(directory: string, whenNone: T, read: (store: Store) => Promise<T>): Promise<T> {
  const store = await openExistingStore(directory)
  if (store === null) return whenNone
  try {
    return await read(store)
  } catch (error) {
    throw explainFailure(join(directory, FILE_NAME), error)
  } finally {
    await store.close()
  }
}

async function openFile(path: string): Promise<Store> {
  const [{ default: Database }, { sqliteStore, SchemaTooNewError }] = await Promise.all([
    import('libsql'),
    import('@runguard/sdk/store'),
  ])
  try {
    return sqliteStore(new Database(path))
  } catch (error) {
    if (error instanceof SchemaTooNewError) throw new CommandError(`${path}: ${error.message}`)
    throw explainFailure(path, error)
  }
}

const damageCodes = new Set(['SQLITE_NOTADB', 'SQLITE_CORRUPT'])

/** What driver or system say, in words that help. Both give their errors a code; an error without one is ours. */
function explainFailure(path: string, error: unknown): unknown {
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
