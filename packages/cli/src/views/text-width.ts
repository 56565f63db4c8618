/** How much room a text takes in a terminal. */

/** Stand on the letter before them, or are not shown at all. */
const NOTHING = /^[\p{Mn}\p{Me}\p{Cf}]$/u
/** Chinese, Japanese and Korean, and emojis: two columns each. */
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation})$/u

/** The columns of one code point. Of what terminals disagree about, the usual. */
export function columnsOf(character: string): number {
  if (character < '\u0300') return 1
  if (NOTHING.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

/** The columns of a text without colours. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += columnsOf(character)
  return width
}
