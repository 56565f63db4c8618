import { hash } from 'node:crypto'

/** Gives ids with a prefix, a different one each time, the same series for the same seed. */
export type IdSource = (prefix: string) => string

/** A series of ids that depends on nothing but the seed. */
export function idSource(seed: string): IdSource {
  let count = 0
  return (prefix) => {
    count += 1
    return `${prefix}_${digest(seed, String(count)).slice(0, 24)}`
  }
}

/** SHA-256 over the parts in hex; parts cannot run into each other because their lengths are hashed too. */
export function digest(...parts: readonly string[]): string {
  return hash('sha256', parts.map((part) => `${part.length}:${part}`).join(''))
}
