/** Finding the word that somebody probably meant. */

/**
 * The known name that is nearest to what was written, if it is near enough to be a slip of it; else null.
 *
 * @param mostEdits of a name
 */
export function nearestName(
  written: string,
  known: readonly string[],
  mostEdits: (name: string) => number = allowedEdits,
): string | null {
  // Longer than any name we know: no slip, and not worth a long comparison.
  if (written.length > 60) return null
  let nearest: { readonly name: string; readonly edits: number } | null = null
  for (const name of known) {
    const edits = countEdits(plain(written), plain(name))
    if (edits <= mostEdits(name) && (nearest === null || edits < nearest.edits)) nearest = { name, edits }
  }
  return nearest?.name ?? null
}

/** The known name that was probably meant, as the end of a message; empty if there is none. */
export function hint(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known)
  return nearest === null ? '' : `, did you mean ${quote(nearest)}?`
}

/** What somebody wrote, short enough to be shown. */
export function quote(written: string): string {
  return JSON.stringify(written.slice(0, 60))
}

/** `time_zone`, `Time-Zone` and `timeZone` are one word to those who write it. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, '')
}

/** Short words have many neighbours. */
function allowedEdits(name: string): number {
  return name.length <= 5 ? 2 : 3
}

/** The least number of letters to insert, delete, replace, or exchange with their neighbour. */
function countEdits(left: string, right: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const isSame = left[row - 1] === right[column - 1]
      const isSwap = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      const edits = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
        isSwap ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      )
      current.push(edits)
    }
    beforeLast = last
    last = current
  }
  return at(last, right.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
