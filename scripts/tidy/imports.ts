/** Which file imports what, and whether it may. */
import { posix } from 'node:path'
import { coreSchema, packageOf, type Room, roomOf, roomOfSpecifier, sharedTestCode, storeInterfaces } from './rooms.js'
import type { Finding, Rule } from './rule.js'
import { findingAt } from './rule.js'
import { type CodeFile, codeOf, isConfig, isTest, walk } from './source-file.js'

/** One import, re-export or `import()` of a file. */
export interface ImportOf {
  /** As written: `./usage.js`, `node:http`, `@runguard/sdk/core`. */
  readonly specifier: string
  readonly offset: number
}

/** All imports of a file: statements, re-exports, `import()` and `import()` types with a literal name. */
export function importsOf(file: CodeFile): readonly ImportOf[] {
  const found: ImportOf[] = []
  for (const { node } of walk(file.syntax.program)) {
    if (!('source' in node) || node.source === null || typeof node.source !== 'object') continue
    if (node.source.type === 'Literal' && typeof node.source.value === 'string') {
      found.push({ specifier: node.source.value, offset: node.source.start })
    }
  }
  return found
}

/** The file a relative import means: the source, although the import names the output (`./usage.js` → `usage.ts`). */
export function targetOf(path: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null
  return posix.join(posix.dirname(path), specifier).replace(/\.([cm]?)js(x?)$/, '.$1ts$2')
}

/** Imports point one way only, and cross from package to package by the package's name. */
export const importDirections: Rule = {
  name: 'import-direction',
  check(files) {
    return codeOf(files).flatMap((file) =>
      importsOf(file).flatMap(({ specifier, offset }): Finding[] => {
        const advice = adviceFor(file.path, specifier)
        return advice === null ? [] : [findingAt(file, offset, importDirections.name, advice)]
      }),
    )
  },
}

/** What is wrong with an import and what to do, or null if it may stay. */
function adviceFor(path: string, specifier: string): string | null {
  const room = roomOf(path)
  if (room === null && !isTest(path)) {
    return isConfig(path) ? null : `this folder is no room of the house: give it a row in scripts/tidy/rooms.ts`
  }
  const target = targetOf(path, specifier)
  const wanted = target === null ? roomOfSpecifier(specifier) : roomOf(target)
  if (target === null && wanted === null) return foreignAdvice(path, room, specifier)
  return borderAdvice(path, target, wanted) ?? (isTest(path) ? null : directionAdvice(room, wanted, target))
}

/** Somebody else's package, or a module of Node. */
function foreignAdvice(path: string, room: Room | null, specifier: string): string | null {
  if (room?.name !== 'sdk/core' || isTest(path)) return null
  if (specifier === 'zod' && coreSchema.test(path)) return null
  return specifier === 'zod'
    ? 'in the core zod belongs in config.ts and *-schema.ts: move the schema there'
    : `the core is pure and imports nothing but itself: take what "${specifier}" gives as a parameter`
}

/** Inside a package one imports by path, across packages by name. */
function borderAdvice(path: string, target: string | null, wanted: Room | null): string | null {
  const isAtHome = packageOf(target ?? wanted?.folder ?? '') === packageOf(path)
  if (target === null) return isAtHome ? 'inside a package import by relative path' : null
  if (isAtHome || (isTest(path) && target.startsWith(sharedTestCode))) return null
  return `import another package by its name${wanted?.specifier ? ` ("${wanted.specifier}")` : ''}, not by its path`
}

function directionAdvice(room: Room | null, wanted: Room | null, target: string | null): string | null {
  if (room === null || room === wanted) return null
  if (wanted === null) return 'import from a room of the house (scripts/tidy/rooms.ts), not from beside it'
  if (!room.mayImport.includes(wanted.name)) {
    const allowed = room.mayImport.length > 0 ? room.mayImport.join(', ') : 'nothing of ours'
    return `${room.name} must not know ${wanted.name} (it may import: ${allowed}): turn the dependency round`
  }
  if (room.name === 'sdk/engine' && wanted.name === 'sdk/store' && !storeInterfaces.includes(target ?? '')) {
    return 'the engine knows the store by its interface alone: import "../store/store.js"'
  }
  return null
}
