/** Half a character: JSON can escape one, and nobody who reads UTF-8 takes it. */

/**
 * True if a string of the value has half a character in it. The API refuses the whole body in which it stands.
 *
 * @param text the JSON that the value was read from
 */
export function hasLoneSurrogate(text: string, value: unknown): boolean {
  // Written anew whole characters are no escapes any more. Most texts have none, and are not written anew.
  return ESCAPED_SURROGATE.test(text) && ESCAPED_SURROGATE.test(JSON.stringify(value))
}

/** Not behind a backslash that is itself escaped: `\\ud800` is a text about escapes. */
const ESCAPED_SURROGATE = /(?:^|[^\\])(?:\\\\)*\\u[dD][89a-fA-F]/
