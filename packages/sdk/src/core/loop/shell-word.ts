/** Writing words so that people can copy them into a shell. */

/** The word as one word of a shell, whatever is in it. Names come from callers. */
export function quoteForShell(word: string): string {
  return /^[\w:.@/-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
