/** A store in one file on disk. */

import { closeSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { checkKind, checkOptions, type Names } from '../core/config/known-options.js'
import { someText, wholeOrNone } from '../core/config/option-kinds.js'
import type { Registry } from '../store/registry.js'
import type { SessionStore } from '../store/session-store.js'
import { type SqliteDatabase, type SqliteOptions, sqliteStore as storeIn } from '../store/sqlite.js'
import type { Store } from '../store/store.js'

export type { SqliteOptions } from '../store/sqlite.js'

type OpenDatabase = (path: string) => SqliteDatabase

/** Loads a module; throws with the code of Node if it is not there. */
export type LoadModule = (name: string) => unknown

/** What can be opened here, the first that is there. */
const DRIVERS: readonly { readonly module: string; open(loaded: unknown, path: string): SqliteDatabase }[] = [
  {
    module: 'libsql',
    open: (loaded, path) => new (loaded as new (path: string) => SqliteDatabase)(path),
  },
  {
    module: 'node:sqlite',
    open: (loaded, path) => new (loaded as { DatabaseSync: new (path: string) => SqliteDatabase }).DatabaseSync(path),
  },
]

const NO_DRIVER =
  'sqliteStore(path) needs a driver for SQLite, and there is none: run `npm install libsql`, or use a Node.js that has ' +
  'node:sqlite (22.13 or newer). For another driver pass its open database to sqliteStore of @runguard/sdk/store.'

/** What went wrong is that the module is not there, rather than something in it. */
const MISSING = new Set(['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND', 'ERR_UNKNOWN_BUILTIN_MODULE'])

/**
 * Opens the file, which is made if need be so that only its owner can read it, and brings its schema up to date. With
 * the package `libsql` where that is installed, else with the SQLite of Node itself. Close the store after the guard.
 *
 * @throws Error that says what to install if there is no driver
 * @throws TypeError for what is no path, and for options that it does not know or cannot use
 * @throws SchemaTooNewError if a newer RunGuard wrote the file
 */
export function sqliteStore(path: string, options: SqliteOptions = {}): Store & Registry & SessionStore {
  checkKind('the path of a store', path, someText)
  checkOptions('sqliteStore', options, optionNames)
  const open = findDriver(createRequire(import.meta.url))
  // SQLite gives its side files the mode of the main one.
  if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600))
  return storeIn(open(path), options)
}

const optionNames = { busyTimeoutMs: wholeOrNone } satisfies Names<SqliteOptions>

/** @throws Error that says what to install if no driver is there */
export function findDriver(load: LoadModule): OpenDatabase {
  for (const { module, open } of DRIVERS) {
    const loaded = loadIfThere(load, module)
    if (loaded !== null) return (path) => open(loaded, path)
  }
  throw new Error(NO_DRIVER)
}

function loadIfThere(load: LoadModule, name: string): unknown {
  try {
    return load(name)
  } catch (error) {
    if (error instanceof Error && 'code' in error && MISSING.has(String(error.code))) return null
    throw error
  }
}
