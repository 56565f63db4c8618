/** What is known about a package before it is published. */

/** The part of a `package.json` that the checks look at. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly bin?: Readonly<Record<string, string>>
  /** Subpath (`.`, `./core`) to its file, or to one file per condition. */
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** A package and what would go out if it were published now. Paths are relative to its folder. */
export interface PackageFacts {
  /** Relative to the root of the repository: `packages/sdk`. */
  readonly folder: string
  readonly manifest: Manifest
  /** What npm would pack. */
  readonly packed: readonly string[]
  /** The files below `src/`. */
  readonly sources: readonly string[]
  /** The text of a packed file. */
  textOf(path: string): string
}

/** The names under which the package can be imported, data files left out. */
export function specifiersOf({ name, exports = {} }: Manifest): readonly string[] {
  return Object.keys(exports)
    .filter((subpath) => !subpath.endsWith('.json'))
    .map((subpath) => `${name}${subpath.slice(1)}`)
}
