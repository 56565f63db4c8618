/** The map of the house: which folder is which room, and which rooms a room may import. */

/** A folder with a purpose of its own. */
export interface Room {
  readonly name: string
  /** Where it lives, with a slash at the end. */
  readonly folder: string
  /** How other packages import it; null if nobody can. */
  readonly specifier: string | null
  /** Names of the rooms it may import, besides itself. */
  readonly mayImport: readonly string[]
}

const library = ['sdk/core', 'sdk/store', 'sdk/engine', 'sdk/client']
const everything = [...library, 'sdk/testing', 'gateway', 'simulator', 'cli']

/** Every room. A new folder of code gets a row here first. */
const rooms: readonly Room[] = [
  room('sdk/core', 'packages/sdk/src/core/', '@runguard/sdk/core', []),
  room('sdk/store', 'packages/sdk/src/store/', '@runguard/sdk/store', ['sdk/core']),
  room('sdk/engine', 'packages/sdk/src/engine/', '@runguard/sdk/engine', ['sdk/core', 'sdk/store']),
  room('sdk/testing', 'packages/sdk/src/testing/', '@runguard/sdk/testing', library),
  // After its own sub-paths: the bare name leads here.
  room('sdk/client', 'packages/sdk/src/client/', '@runguard/sdk', ['sdk/core', 'sdk/store', 'sdk/engine']),
  room('gateway', 'packages/gateway/src/', '@runguard/gateway', library),
  room('dashboard', 'packages/dashboard/', '@runguard/dashboard', ['sdk/core', 'gateway']),
  room('simulator', 'packages/simulator/src/', '@runguard/simulator', []),
  room('cli', 'packages/cli/src/', 'runguard', [...library, 'gateway', 'simulator']),
  // What npm links: it has to be there before anything is built, and names what is built.
  room('cli link', 'packages/cli/bin/', null, ['cli built']),
  room('cli built', 'packages/cli/dist/', null, []),
  room('scripts', 'scripts/', null, everything),
  room('bench', 'bench/', null, everything),
  room('examples', 'examples/', null, ['sdk/core', 'sdk/store', 'sdk/client']),
  room('e2e', 'e2e/', null, everything),
]

function room(name: string, folder: string, specifier: string | null, mayImport: readonly string[]): Room {
  return { name, folder, specifier, mayImport }
}

/** The files of the store that the engine may know: the interfaces. */
export const storeInterfaces: readonly string[] = [
  'packages/sdk/src/store/store.ts',
  'packages/sdk/src/store/conversation-store.ts',
  'packages/sdk/src/store/outcome-store.ts',
  'packages/sdk/src/store/session-store.ts',
  'packages/sdk/src/store/batch-store.ts',
  'packages/sdk/src/store/deferred-store.ts',
]

/** The files of the core that may import zod. No other package may be imported there at all. */
export const coreSchema = /^packages\/sdk\/src\/core\/(?:[a-z]+\/)?(?:config|[a-z0-9-]+-schema)\.ts$/

/** What tests of every package may import by path although it is not theirs. */
export const sharedTestCode = 'scripts/testing/'

/** The room of a file, or null: a package's `test/` folder and files at the root belong to none. */
export function roomOf(path: string): Room | null {
  return rooms.find((each) => path.startsWith(each.folder)) ?? null
}

/** The room that a package name or one of its subpaths leads to, or null for somebody else's package. */
export function roomOfSpecifier(specifier: string): Room | null {
  return (
    rooms.find(({ specifier: own }) => own !== null && (specifier === own || specifier.startsWith(`${own}/`))) ?? null
  )
}

/** The package a file belongs to (`packages/sdk/`), or its folder at the root (`scripts/`). */
export function packageOf(path: string): string {
  return /^packages\/[^/]+\//.exec(path)?.[0] ?? /^[^/]+\//.exec(path)?.[0] ?? ''
}
