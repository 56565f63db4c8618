/** Making secrets, and comparing them without telling how much of one was right. */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Token, type TokenKind, tokenBytes, writeToken } from '@runguard/sdk/core'

/** A token that nobody has. */
export function makeToken(kind: TokenKind): Token {
  return writeToken(kind, randomBytes(tokenBytes))
}

/** 256 bits, as a cookie can hold them. */
export function makeSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What is kept of a secret: SHA-256, because our secrets are too long to be guessed. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** Takes as long for a near miss as for any other. */
export function isSameSecret(left: string, right: string): boolean {
  return timingSafeEqual(Buffer.from(hashSecret(left)), Buffer.from(hashSecret(right)))
}
