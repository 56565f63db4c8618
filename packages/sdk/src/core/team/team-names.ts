/** What people and keys may be called, whoever says it: the program, the API, or the sign-in of an organisation. */

const MAX_NAME_LENGTH = 200
const MAX_ID_LENGTH = 200

/** True for one line that a person can read: nothing in it hides, turns round, or cannot be kept. */
export function isNameLine(text: string): boolean {
  return text.trim() !== '' && text.length <= MAX_NAME_LENGTH && !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text)
}

/** True for the id of somebody: letters of other scripts look like these, and somebody would be taken for somebody else. */
export function isUserId(text: string): boolean {
  return text.length <= MAX_ID_LENGTH && /^[\x21-\x7e]+$/.test(text)
}

/**
 * An e-mail address as it is compared; null for what is none. Only in ASCII, where no two letters have one small letter:
 * the sign for kelvin becomes a k.
 */
export function plainAddress(text: string): string | null {
  return text.length <= 320 && /^[\x21-\x3f\x41-\x7e]+@[\x21-\x3f\x41-\x7e]+$/.test(text) ? text.toLowerCase() : null
}
