/** Chance that comes out the same for the same seed. */

/** A source of numbers from 0 up to 1, exclusive. */
export type Random = () => number

/** A stream of numbers that its seed decides (a 32-bit mixer: fair enough for a load, not for secrets). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
}

/** A whole number between two, each magnitude as likely as the others: most are small, a few are large. */
export function pickSize(random: Random, least: number, most: number): number {
  return Math.round(least * (most / least) ** random())
}

/** One of a list. */
export function pickOne<T>(random: Random, items: readonly [T, ...T[]]): T {
  return items[Math.floor(random() * items.length)] ?? items[0]
}
