/**
 * Credentials that RunGuard gives out: `rgk_` for programs that call the model, `rgu_` for a person, `rga_` for whoever set
 * it up. The first part of one is its id, which may be shown; the rest is known to its holder alone.
 */

/** Whose a token is. */
export type TokenKind = 'key' | 'user' | 'admin'

/** A token in full. */
export interface Token {
  readonly kind: TokenKind
  /** Its beginning, such as `rgk_k3x9…`: unique, and no secret. */
  readonly id: string
  /** All of it. Only a hash of this is kept. */
  readonly text: string
}

const PREFIXES: Readonly<Record<TokenKind, string>> = { key: 'rgk_', user: 'rgu_', admin: 'rga_' }
const KINDS: ReadonlyMap<string, TokenKind> = new Map([
  ['rgk_', 'key'],
  ['rgu_', 'user'],
  ['rga_', 'admin'],
])
const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567'
const ID_LETTERS = 10
const SECRET_LETTERS = 40
const WRITTEN = /^(rg[kua]_)([a-z2-7]{10})[a-z2-7]{40}$/
const LENGTH = 'rgk_'.length + ID_LETTERS + SECRET_LETTERS

/** So many random bytes make a token: 50 bits of id, 200 of secret. */
export const tokenBytes = ID_LETTERS + SECRET_LETTERS

/** @param random {@link tokenBytes} bytes that nobody can guess. @throws RangeError for fewer */
export function writeToken(kind: TokenKind, random: Uint8Array): Token {
  if (random.length < tokenBytes) throw new RangeError(`a token needs ${tokenBytes} random bytes`)
  const letters = [...random.subarray(0, tokenBytes)].map((byte) => LETTERS.charAt(byte % LETTERS.length)).join('')
  const prefix = PREFIXES[kind]
  return { kind, id: prefix + letters.slice(0, ID_LETTERS), text: prefix + letters }
}

/** Reads what somebody presents; null for everything that no token can look like, at whatever length. */
export function readToken(text: string): Token | null {
  if (text.length !== LENGTH) return null
  const [, prefix = '', id = ''] = WRITTEN.exec(text) ?? []
  const kind = KINDS.get(prefix)
  return kind === undefined ? null : { kind, id: prefix + id, text }
}
